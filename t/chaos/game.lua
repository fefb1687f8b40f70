-- Copyright (C) ngx_game authors

-- The game of the chaos driver: every player numbers its inputs, and the room
-- numbers what it sends to each player and to all.  What it says of itself is
-- checked by the clients.

local Room = { tick = 60, max_players = 10, version = 1 }


function Room:on_create()
    self.state = { ticks = 0, casts = 0, players = {}, left = 0, alarms = 0 }
    self:every(1, "alarm")
end


function Room:on_restore(state, from)
    self.restored = (from or 0)
end


function Room:alarm()
    self.state.alarms = self.state.alarms + 1
end


function Room:on_join(player)
    self.state.players[player.id] = { inputs = 0, sum = 0, sent = 0 }
    player:send({ hello = player.id, room = self.id, casts = self.state.casts })
end


function Room:on_message(player, m)
    local p = self.state.players[player.id]

    if not p then
        player:send({ bad = "not joined" })
        return
    end

    if m.n <= p.inputs then
        player:send({ bad = "input " .. m.n .. " after " .. p.inputs })
    elseif m.n > p.inputs + 1 then
        player:send({ lost = m.n - p.inputs - 1 })
    end

    p.inputs = m.n
    p.sum = p.sum + m.n
    p.sent = p.sent + 1
    player:send({ ack = m.n, sent = p.sent, sum = p.sum })
end


function Room:on_resume(player, complete)
    local p = self.state.players[player.id]
    player:send({ back = p.inputs, complete = complete })
end


function Room:on_tick()
    local now, state = game.now(), self.state

    if state.last then
        state.gap = math.max(state.gap or 0, now - state.last)
    end

    state.last = now
    state.ticks = state.ticks + 1

    if state.ticks % 6 == 0 then
        state.casts = state.casts + 1
        self:broadcast({ cast = state.casts, version = self.version,
                         gap = state.gap, players = self.count })
        state.gap = 0
    end
end


function Room:on_leave(player)
    self.state.players[player.id] = nil
    self.state.left = self.state.left + 1
end


return Room
