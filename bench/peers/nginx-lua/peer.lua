-- Copyright (C) ngx_game authors
--
-- lua-resty-websocket as its documentation shows (Debian has it under the name
-- nginx.websocket).  What a room sends to a client is written by a light thread
-- of the client's request, which a semaphore wakes.  The game is
-- platformer.lua itself, with as much of a room as it needs.

local cjson = require "cjson"
local semaphore = require "ngx.semaphore"
local server = require "nginx.websocket.server"

local SEND_MAX = 256            -- messages that may wait for a client

local _M = {}
local everyone = {}             -- clients on /fanout
local rooms = {}                -- of /game, by number
local last_id = 0
local Platformer


-- Clients ------------------------------------------------------------------

local function accept()
    local ws, err = server:new { timeout = 60000, max_payload_len = 65535 }

    if not ws then
        ngx.log(ngx.ERR, "no WebSocket: ", err)
        return ngx.exit(400)
    end

    return ws
end


-- calls handle(text) for each message, until the client has gone
local function receive(ws, handle)
    while true do
        local data, kind = ws:recv_frame()

        if not data or kind == "close" then
            ws:send_close()
            return

        elseif kind == "text" then
            handle(data)

        elseif kind == "ping" then
            ws:send_pong(data)
        end
    end
end


local function write(client)
    while not client.closed do
        client.wake:wait(60)

        local queue = client.queue
        client.queue = {}

        for i = 1, #queue do
            if not client.ws:send_text(queue[i]) then
                return
            end
        end
    end
end


local function new_client(ws)
    local client = { ws = ws, queue = {}, wake = semaphore.new() }

    client.writer = ngx.thread.spawn(write, client)
    return client
end


local function end_client(client)
    client.closed = true
    client.wake:post()
    ngx.thread.wait(client.writer)
end


local function send(client, text)
    local queue = client.queue

    if #queue == SEND_MAX then
        return                  -- it reads too slowly
    end

    queue[#queue + 1] = text

    if #queue == 1 then
        client.wake:post()
    end
end


-- /echo and /fanout --------------------------------------------------------

function _M.echo()
    local ws = accept()

    receive(ws, function(text)
        ws:send_text(text)
    end)
end


function _M.fanout()
    local client = new_client(accept())

    everyone[client] = true

    receive(client.ws, function(text)
        for other in pairs(everyone) do
            send(other, text)
        end
    end)

    everyone[client] = nil
    end_client(client)
end


-- /game --------------------------------------------------------------------

local Room = {}


function Room:broadcast(value)
    local text = cjson.encode(value)

    for _, player in pairs(self.players) do
        send(player.client, text)
    end
end


function Room:set_metadata()
end


function _M.load(path)
    game = { null = ngx.null, random_bytes = function(n) return ("a"):rep(n) end }
    Platformer = dofile(path)

    setmetatable(Room, { __index = Platformer })
    Room.__index = Room
end


local function new_room(number)
    local room = setmetatable({ players = {}, count = 0 }, Room)

    room:on_create()
    rooms[number] = room
    return room
end


function _M.game()
    local client = new_client(accept())
    local number = ngx.var.arg_room or ""
    local room = rooms[number] or new_room(number)

    last_id = last_id + 1

    local player = { id = "player" .. last_id, client = client, data = {} }

    function player:send(value)
        send(client, cjson.encode(value))
    end

    room.players[player.id], room.count = player, room.count + 1
    room:on_join(player)

    receive(client.ws, function(text)
        local ok, message = pcall(cjson.decode, text)
        room:on_message(player, ok and message, "text")
    end)

    room.players[player.id], room.count = nil, room.count - 1
    room:on_leave(player)

    if room.count == 0 then
        rooms[number] = nil
    end

    end_client(client)
end


-- one timer ticks all rooms, on a schedule
function _M.start()
    ngx.timer.at(0, function()
        local due = ngx.now()

        while not ngx.worker.exiting() do
            for _, room in pairs(rooms) do
                room:on_tick()
            end

            due = due + 1 / 60
            ngx.update_time()
            ngx.sleep(math.max(0, due - ngx.now()))
        end
    end)
end


return _M
