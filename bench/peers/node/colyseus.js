// Copyright (C) ngx_game authors
//
// Colyseus, as its documentation shows: a room with a simulation interval that
// broadcasts the world as a message.  node colyseus.js PORT
//
// Its own matchmaking fills rooms of 10, and its own protocol is spoken:
//
//   POST /matchmake/joinOrCreate/game, body {}, Content-Type application/json
//     answers {"name":"game","sessionId":S,"roomId":R,"processId":P}
//   GET /P/R?sessionId=S is the WebSocket; all messages are binary
//   the server's first byte says what it is:
//     0a  JOIN_ROOM: the client answers with one byte 0a, and is in
//     0d  ROOM_DATA: then the type as MessagePack string, then the message as
//         MessagePack: 0d ae "updatePosition" {"players":{ID:{...}}}
//   the client's messages have the same form: 0d a4 "left"; 0d a9 "newplayer"
//     {"name":"p1","color":"#123456"}
//   the server pings every 3 s and wants a pong

'use strict'

const { Room, Server } = require('@colyseus/core')
const { WebSocketTransport } = require('@colyseus/ws-transport')
const { World, TICK } = require('./platformer')


class Platformer extends Room {
    maxClients = 10

    onCreate() {
        this.world = new World()

        this.onMessage('*', (client, cmd, message) => {
            if (!this.world.command(client.sessionId, cmd, message ?? {})) {
                client.send('error', 'Unknown command')
            }
        })

        this.setSimulationInterval(() => {
            const type = this.world.tick()
            if (type !== null) this.broadcast(type, { players: this.world.players })
        }, 1000 / TICK)
    }

    onLeave(client) {
        this.world.leave(client.sessionId)
    }
}


const server = new Server({ transport: new WebSocketTransport(), greet: false })

server.define('game', Platformer)
server.listen(Number(process.argv[2]), '127.0.0.1')
