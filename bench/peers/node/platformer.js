// Copyright (C) ngx_game authors
//
// The world of examples/platformer/platformer.lua, one of each room: the same
// rules, constants and events.

'use strict'

const WIDTH = 800
const PLAYER_WIDTH = 20, PLAYER_HEIGHT = 40
const START_X = 200, START_Y = 200
const GRAVITY = 0.5, FRICTION = 0.8, JUMP_SPEED = -10, MOVE_SPEED = 5
const SLOWEST = 0.05

const PLATFORMS = [
    { x: 0, y: 350, width: 800, height: 50 },
    { x: 200, y: 250, width: 100, height: 20 },
    { x: 400, y: 200, width: 100, height: 20 },
    { x: 600, y: 150, width: 100, height: 20 }
]


class World {
    players = {}            // bodies by id, sent as they are
    wishes = {}
    came = false
    left = false

    // true if the command is one of the game's
    command(id, cmd, message) {
        const wish = this.wishes[id]

        if (cmd === 'newplayer') return this.enter(id, message)
        if (wish === undefined) return false

        switch (cmd) {
        case 'left': wish.move = -1; return true
        case 'right': wish.move = 1; return true
        case 'jump': wish.jump = true; return true
        case 'disconnect': this.leave(id); return true
        default: return false
        }
    }

    enter(id, { name = 'Player', color = 'blue' }) {
        if (typeof name !== 'string' || name.length > 16
            || typeof color !== 'string' || !/^(#[\da-f]{3}|#[\da-f]{6}|[a-z]+)$/i.test(color))
        {
            return false
        }

        this.players[id] ??= { x: START_X, y: START_Y, velocityX: 0, velocityY: 0, isJumping: false }
        this.wishes[id] ??= { move: 0, jump: false, stands: false }
        Object.assign(this.players[id], { name, color })
        this.came = true
        return true
    }

    leave(id) {
        if (this.players[id] === undefined) return
        delete this.players[id]
        delete this.wishes[id]
        this.left = true
    }

    // what is to be told to all players, or null: nothing has changed
    tick() {
        let moved = false

        for (const id in this.players) {
            if (step(this.players[id], this.wishes[id])) moved = true
        }

        if (this.left) { this.left = false; return 'playerLeft' }
        if (this.came) { this.came = false; return 'newPlayer' }
        return moved ? 'updatePosition' : null
    }
}


// one tick of one player; true if the others would see a difference
function step(body, wish) {
    const { x, y, velocityX, velocityY } = body

    if (wish.move !== 0) body.velocityX = wish.move * MOVE_SPEED

    if (wish.jump && wish.stands) {
        body.velocityY = JUMP_SPEED
        body.isJumping = true
    }

    wish.move = 0
    wish.jump = false

    body.velocityY += GRAVITY
    body.x += body.velocityX
    body.y += body.velocityY
    body.velocityX *= FRICTION
    if (Math.abs(body.velocityX) < SLOWEST) body.velocityX = 0

    body.x = Math.max(0, Math.min(body.x, WIDTH - PLAYER_WIDTH))
    land(body, wish)

    return body.x !== x || body.y !== y || body.velocityX !== velocityX || body.velocityY !== velocityY
}


function land(body, wish) {
    const feet = body.y + PLAYER_HEIGHT
    const platform = body.velocityY < 0 ? undefined : PLATFORMS.find(p =>
        feet > p.y && feet <= p.y + p.height
        && body.x + PLAYER_WIDTH > p.x && body.x < p.x + p.width)

    wish.stands = platform !== undefined

    if (platform !== undefined) {
        body.y = platform.y - PLAYER_HEIGHT
        body.velocityY = 0
        body.isJumping = false
    }
}


module.exports = { World, TICK: 60 }
