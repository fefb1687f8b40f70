
/*
 * Copyright (C) ngx_game authors
 *
 * The physics of examples/platformer/platformer.lua in C: the same world, the
 * same constants, the same steps in the same order.
 */


#ifndef FLOOR_BODY_H
#define FLOOR_BODY_H


typedef struct {
    double      x;
    double      y;
    double      velocity_x;
    double      velocity_y;
    unsigned    is_jumping:1;

    /* what its player wants, and whether it stands: not shown */
    int         move;             /* -1: left, 1: right */
    unsigned    jump:1;
    unsigned    stands:1;
} floor_body_t;


void floor_body_init(floor_body_t *body);

/* one tick; 1 if the others would see a difference */
int floor_body_step(floor_body_t *body);


#endif /* FLOOR_BODY_H */
