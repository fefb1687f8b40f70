
/*
 * Copyright (C) ngx_game authors
 *
 * Units are pixels and ticks; y grows downwards.
 */


#include "body.h"

#include <math.h>
#include <stddef.h>
#include <string.h>


#define FLOOR_BODY_WORLD     800.0       /* its width */
#define FLOOR_BODY_WIDTH     20.0
#define FLOOR_BODY_HEIGHT    40.0
#define FLOOR_BODY_START_X   200.0
#define FLOOR_BODY_START_Y   200.0

#define FLOOR_BODY_GRAVITY   0.5
#define FLOOR_BODY_FRICTION  0.8
#define FLOOR_BODY_JUMP      (-10.0)
#define FLOOR_BODY_MOVE      5.0
#define FLOOR_BODY_SLOWEST   0.05        /* slower is standing still */


typedef struct {
    double      x;
    double      y;
    double      width;
    double      height;
} floor_platform_t;


static const floor_platform_t  floor_platforms[] = {
    { 0, 350, 800, 50 },                 /* the ground */
    { 200, 250, 100, 20 },
    { 400, 200, 100, 20 },
    { 600, 150, 100, 20 },
};

#define FLOOR_PLATFORMS                                                       \
    (sizeof(floor_platforms) / sizeof(floor_platforms[0]))


static void floor_body_obey(floor_body_t *body);
static void floor_body_move(floor_body_t *body);
static void floor_body_land(floor_body_t *body);
static const floor_platform_t *floor_body_under(const floor_body_t *body);


void
floor_body_init(floor_body_t *body)
{
    memset(body, 0, sizeof(floor_body_t));

    body->x = FLOOR_BODY_START_X;
    body->y = FLOOR_BODY_START_Y;
}


int
floor_body_step(floor_body_t *body)
{
    double  x, y, velocity_x, velocity_y;

    x = body->x;
    y = body->y;
    velocity_x = body->velocity_x;
    velocity_y = body->velocity_y;

    floor_body_obey(body);
    floor_body_move(body);
    floor_body_land(body);

    return body->x != x || body->y != y
           || body->velocity_x != velocity_x || body->velocity_y != velocity_y;
}


static void
floor_body_obey(floor_body_t *body)
{
    if (body->move) {
        body->velocity_x = body->move * FLOOR_BODY_MOVE;
    }

    if (body->jump && body->stands) {
        body->velocity_y = FLOOR_BODY_JUMP;
        body->is_jumping = 1;
    }

    body->move = 0;
    body->jump = 0;
}


static void
floor_body_move(floor_body_t *body)
{
    body->velocity_y += FLOOR_BODY_GRAVITY;
    body->x += body->velocity_x;
    body->y += body->velocity_y;

    body->velocity_x *= FLOOR_BODY_FRICTION;

    if (fabs(body->velocity_x) < FLOOR_BODY_SLOWEST) {
        body->velocity_x = 0;
    }

    body->x = fmax(0, fmin(body->x, FLOOR_BODY_WORLD - FLOOR_BODY_WIDTH));
}


static void
floor_body_land(floor_body_t *body)
{
    const floor_platform_t  *platform;

    platform = (body->velocity_y >= 0) ? floor_body_under(body) : NULL;

    body->stands = (platform != NULL);

    if (platform) {
        body->y = platform->y - FLOOR_BODY_HEIGHT;
        body->velocity_y = 0;
        body->is_jumping = 0;
    }
}


static const floor_platform_t *
floor_body_under(const floor_body_t *body)
{
    double                   feet;
    unsigned                 i;
    const floor_platform_t  *platform;

    feet = body->y + FLOOR_BODY_HEIGHT;

    for (i = 0; i < FLOOR_PLATFORMS; i++) {
        platform = &floor_platforms[i];

        if (feet > platform->y
            && feet <= platform->y + platform->height
            && body->x + FLOOR_BODY_WIDTH > platform->x
            && body->x < platform->x + platform->width)
        {
            return platform;
        }
    }

    return NULL;
}
