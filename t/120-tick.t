# Copyright (C) ngx_game authors

# Ticks, timers by name, and handlers that sleep.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: ticks keep their schedule: as many as the time allows, no drift
--- lua
local Room = { tick = 60 }
function Room:on_create() self.state = { n = 0, start = game.now() } end
function Room:on_tick(dt)
    local s = self.state
    s.n = s.n + 1
    if s.n == 120 then
        local seconds = game.now() - s.start
        -- the first tick is up to a period away
        self:broadcast({ dt = dt, good = seconds > 1.97 and seconds < 2.2 })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"dt":"~^0\\.01666","good":true}
status workers.*.ticks.run >= 120



=== TEST 2: missed ticks are skipped and counted
--- lua
local Room = { tick = 100 }
function Room:on_create() self.state = { n = 0 } end
function Room:on_tick(dt)
    self.state.n = self.state.n + 1
    if self.state.n == 10 then
        local t = game.now()
        while game.now() - t < 0.055 do end
    end
    if self.state.n == 11 then self.state.at = game.now() end
    if self.state.n == 21 then
        local d = game.now() - self.state.at
        self:broadcast({ good = d > 0.09 and d < 0.2 })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"good":true}
status workers.*.ticks.missed >= 4



=== TEST 3: catch_up makes up for missed ticks
--- lua
local Room = { tick = 100, catch_up = true }
function Room:on_create() self.state = { n = 0, start = game.now() } end
function Room:on_tick(dt)
    self.state.n = self.state.n + 1
    if self.state.n == 10 then
        local t = game.now()
        while game.now() - t < 0.035 do end
    end
    if self.state.n == 100 then
        local d = game.now() - self.state.start
        self:broadcast({ good = d > 0.97 and d < 1.04, d = d })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"good":true}



=== TEST 4: self:after calls a handler by name with its arguments
--- lua
local Room = {}
function Room:on_create()
    self:after(0.1, "ring", 1, nil, { a = "b" }, "x")
end
function Room:ring(a, b, c, d)
    self:broadcast({ a, b == nil, c.a, d })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json [1,true,"b","x"]
a none 0.3



=== TEST 5: self:every and self:cancel
--- lua
local Room = {}
function Room:on_create()
    self.state.id = self:every(0.02, "beat")
    self.state.n = 0
end
function Room:beat()
    self.state.n = self.state.n + 1
    self:broadcast(self.state.n)
    if self.state.n == 3 then
        self:broadcast({ self:cancel(self.state.id), self:cancel(self.state.id), self:cancel(999) })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a until ~ ^3$
a json [true,false,false]
a none 0.2



=== TEST 6: timers have limits
--- lua
local Room = {}
function Room:on_message(player)
    local n, err = 0
    local ok
    repeat
        ok, err = pcall(self.after, self, 100, "ring")
        if ok then n = n + 1 end
    until not ok
    local ok2, err2 = pcall(self.after, self, 1, "ring", ("x"):rep(5000))
    player:send({ n, err, err2 })
end
function Room:ring() end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json [1024,"~too many timers, 1024 are allowed","~arguments of a timer take 500\\d bytes, 4096 are allowed"]



=== TEST 7: a handler that sleeps does not hold its room
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == "slow" then
        game.sleep(0.3)
        player:send("slept")
    else
        player:send("quick")
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "slow"
a > "quick"
a < "quick"
a < "slept"



=== TEST 8: a room that closes drops the handlers that sleep
--- lua
local Room = {}
function Room:on_message(player, message)
    game.sleep(0.2)
    self:log("woken after the end")
end
function Room:on_leave(player) self:log("left") end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
wait 0.05
a close 1000
a close? 1000
log ~ left
status rooms.# == 0
wait 0.3
--- no_error_log
[error]
woken after



=== TEST 9: game.sleep works in handlers only
--- lua
local Room = {}
local ok0, err0 = pcall(game.sleep, 0.1)
function Room:on_message(player)
    local ok, err = coroutine.resume(coroutine.create(function() game.sleep(0.1) end))
    local ok2, err2 = pcall(game.sleep, -1)
    player:send({ ok0, ok, err, err2 })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json [false,false,"~in a handler, not in a coroutine","~0 to 3600 seconds"]



=== TEST 10: on_leave and on_close may sleep
--- lua
local Room = {}
function Room:on_leave(player, reason)
    game.sleep(0.1)
    self:log("left " .. player.id)
end
function Room:on_close(reason)
    game.sleep(0.1)
    self:log("closed " .. reason)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a close 1000
a close? 1000
log ~ left [0-9a-z]{13}
log ~ closed empty
status rooms.# == 0
status workers.*.rooms == 0



=== TEST 11: rooms without on_tick or without a rate do not tick
--- lua
return { on_tick = function() error("ticked") end }
>>> other.lua
return { tick = 240 }
--- config
location /ws { game game.lua; }
location /other { game other.lua; }
--- ws
a open /ws
b open /other
wait 0.3
status workers.*.ticks.run == 0



=== TEST 12: rooms are spread evenly over the period, and keep their place in it
--- lua
local Room = { tick = 100, max_players = 1 }
local counts = {}
function Room:on_tick()
    local place = math.floor(game.now() * 1000000 % 10000 / 166)
    local count = counts[self.id] or {}
    counts[self.id] = count
    count[place] = (count[place] or 0) + 1
end
function Room:on_message(player)
    local own, places, n = nil, {}, 0
    for id, count in pairs(counts) do
        local usual = next(count)
        for place, times in pairs(count) do
            if times > count[usual] then usual = place end
        end
        if not places[usual] then n = n + 1 end
        places[usual] = true
        if id == self.id then own = usual end
    end
    player:send({ n, own })
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws
a open /ws times=60
wait 1
a > 1
a ~ ^\[60,(?<place>\d+)\]$
reload
status rooms.# == 60
wait 1
a > 1
a < [60,$place]



=== TEST 13: ticks that take all the time leave some for messages
--- lua
local Room = { tick = 100, catch_up = true, codec = "raw", max_players = 100 }
local ticks, messages, before = 0, 0, nil
function Room:on_tick()
    ticks = ticks + 1
    if messages == 0 then return end
    local t = game.now()
    while game.now() - t < 0.02 do end
end
function Room:on_message()
    messages = messages + 1
    if messages == 2 then before = ticks end
    if messages == 101 then
        local n = ticks - before
        self:broadcast(n < 50 and "good" or "ticks: " .. n)
    end
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws times=100
a > 1
wait 0.5
" . CORE::join('', map "a$_ > 2\n", 2 .. 100) . "a > 2
a < good"



=== TEST 14: handlers that take all the time leave some for ticks
--- lua
local Room = { tick = 100, codec = "raw", max_players = 100 }
local ticks, messages, before = 0, 0, nil
function Room:on_tick()
    ticks = ticks + 1
end
function Room:on_message()
    messages = messages + 1
    if messages == 1 then before = ticks end
    local t = game.now()
    while game.now() - t < 0.002 do end
    if messages == 120 then
        local n = ticks - before
        self:broadcast(n > 9 and "good" or "ticks: " .. n)
    end
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws times=20
stop worker of a
" . CORE::join('', map "a$_ > 1\n" x 6, 2 .. 20) . "a > 1\n" x 6 . "cont worker of a
a < good"



=== TEST 15: a worker whose last timer has fired sleeps
--- lua
return { tick = 50, on_tick = function() end }
--- workers: 1
--- config
location /ws { game game.lua; game_checkpoint off; }
--- ws
a open /ws
wait 0.2
a close
wait 2.5
status workers.0.busy < 0.3



=== TEST 16: what a tick needs is fetched ahead, whatever a state looks like
--- lua
local Room = { tick = 200, max_players = 1 }
local shapes = {
    function() return nil end,
    function() return 1 end,
    function() return ("x"):rep(100000) end,
    function() local t = {} t.t = t return t end,
    function() local t = {} for i = 1, 10000 do t[i] = i end t.x = 1 return t end,
    function() local t = {} for i = 1, 2000 do t["k" .. i] = { i } end return t end,
    function()
        return setmetatable({}, { __index = error, __len = error,
                                  __pairs = error })
    end,
}
local made = 0
function Room:on_create()
    made = made + 1
    self.shape = shapes[made]
    self.state = self.shape()
    self.n = 0
end
function Room:on_tick()
    self.n = self.n + 1
    self.state = self.shape()
    self:broadcast(self.n)
    if self.n == 150 then self:close() end
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
game_checkpoint off;
--- ws
a open /ws times=7
a < 1
status rooms.# == 0
status workers.0.ticks.run == 1050
status workers.0.script.errors == 0
