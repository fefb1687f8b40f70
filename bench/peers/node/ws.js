// Copyright (C) ngx_game authors
//
// ws, with its optional bufferutil, as its README shows.  node ws.js PORT

'use strict'

const { WebSocket, WebSocketServer } = require('ws')
const { World, TICK } = require('./platformer')

const everyone = new Set()      // on /fanout
const rooms = new Map()         // of /game, by number


function broadcast(clients, data) {
    for (const client of clients) {
        if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false })
    }
}


function echo(ws) {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
}


function fanout(ws) {
    everyone.add(ws)
    ws.on('message', data => broadcast(everyone, data))
    ws.on('close', () => everyone.delete(ws))
}


function newRoom(number) {
    const room = { world: new World(), clients: new Map(), lastId: 0 }

    room.timer = setInterval(() => {
        const type = room.world.tick()
        if (type === null) return

        const data = { players: room.world.players }
        broadcast(room.clients.keys(), Buffer.from(JSON.stringify({ type, data })))
    }, 1000 / TICK)

    rooms.set(number, room)
    return room
}


function game(ws, url) {
    const number = url.searchParams.get('room')
    const room = rooms.get(number) ?? newRoom(number)
    const id = 'player' + room.lastId++

    room.clients.set(ws, id)

    ws.on('message', data => {
        let message
        try {
            message = JSON.parse(data)
        } catch {
            return ws.close(1007)
        }

        if (!room.world.command(id, message?.cmd, message)) {
            ws.send('{"message":"Unknown command"}')
        }
    })

    ws.on('close', () => {
        room.clients.delete(ws)
        room.world.leave(id)

        if (room.clients.size === 0) {
            clearInterval(room.timer)
            rooms.delete(number)
        }
    })
}


const paths = { '/echo': echo, '/fanout': fanout, '/game': game }

const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false
})

server.on('connection', (ws, request) => {
    const url = new URL(request.url, 'http://localhost')

    ws.on('error', error => console.error(error.message))
    if (url.pathname in paths) {
        paths[url.pathname](ws, url)
    } else {
        ws.close(1008)
    }
})
