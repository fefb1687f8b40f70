# Copyright (C) ngx_game authors

# What a room's handlers can do: sending, leaving, closing.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: broadcast with except, to players on two workers
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == "others" then
        self:broadcast("not for me", { except = player })
        self:broadcast("end")
    elseif message == "none" then
        local all = {}
        for _, p in pairs(self.players) do all[#all + 1] = p end
        self:broadcast("nobody", { except = all })
        self:broadcast("end")
    elseif message == "id" then
        self:broadcast("by id", { except = player.id })
        self:broadcast("end", { except = {} })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=a
a > "others"
a < "end"
b < "not for me"
b < "end"
c < "not for me"
c < "end"
b > "none"
a < "end"
b < "end"
c < "end"
c > "id"
a < "by id"
b < "by id"
c < "end"
a < "end"
b < "end"



=== TEST 2: send to one player, by object and by id
--- lua
local Room = {}
function Room:on_join(player) player:send({ id = player.id }) end
function Room:on_message(player, message)
    player:send({ ok = self:send(message.to, "hello from " .. player.id) })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "id":"(?<a>[0-9a-z]{13})"
b open /ws off=a
b ~ "id":"(?<b>[0-9a-z]{13})"
a > {"to":"$b"}
a json {"ok":true}
b < "hello from $a"
b > {"to":"$a"}
b json {"ok":true}
a < "hello from $b"
a > {"to":"0000000000000"}
a json {"ok":false}



=== TEST 3: on_leave, and what can be done with a player that has left
--- lua
local Room = {}
local gone
function Room:on_leave(player, reason)
    gone = player
    self:broadcast({ left = player.id, reason = reason, sent = player:send("late"), n = self.count })
end
function Room:on_message(player)
    player:send({ send = gone:send(1), kick = gone:kick(), rtt = gone:rtt() or "none", to = self:send(gone, 1) })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
b close 1000
b close? 1000
a json {"reason":"left","sent":false,"n":1}
c open /ws off=a
c reset
a json {"reason":"left","n":1}
a > 1
a json {"send":false,"kick":false,"rtt":"none","to":false}



=== TEST 4: kick with code and reason
--- lua
local Room = {}
function Room:on_message(player, message)
    local ok, err = pcall(player.kick, player, message.code, message.reason)
    if not ok then player:send({ err = err }) end
end
function Room:on_leave(player, reason) self:broadcast({ left = reason }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
b > {"code":4123,"reason":"bye b\\u00f6se"}
b close~ 4123 ^bye b\xc3\xb6se$
a json {"left":"kicked"}
c open /ws
c > {"code":1001}
c json {"err":"~1000 or 4000 to 4999"}
c > {}
c close? 4000
a json {"left":"kicked"}
d open /ws
d > {"code":1000}
d close? 1000



=== TEST 5: a closed room closes its players on all workers, then on_leave and on_close
--- lua
local Room = {}
function Room:on_message(player, message) self:close(message) end
function Room:on_leave(player, reason) self:log("leave " .. reason) end
function Room:on_close(reason) self:log("close " .. reason .. " " .. self.count) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
a > "the end"
a close~ 1000 ^the end$
b close~ 1000 ^the end$
log ~ leave closed
log ~ close the end 0
status rooms.# == 0
status workers.*.sessions == 0
status workers.*.players == 0



=== TEST 6: self.players follows who is there
--- lua
local Room = {}
local function names(self)
    local n, own = 0, 0
    for id, player in pairs(self.players) do
        n = n + 1
        if player.id == id then own = own + 1 end
    end
    return { n = n, own = own, count = self.count }
end
function Room:on_message(player) self:broadcast(names(self)) end
function Room:on_leave() self:broadcast(names(self)) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json {"n":1,"own":1,"count":1}
b open /ws off=a
b > 1
a json {"n":2,"own":2,"count":2}
b json {"n":2,"own":2,"count":2}
b close 1000
a json {"n":1,"own":1,"count":1}



=== TEST 7: messages of a player arrive in order on another worker, and back
--- lua
local Room = {}
function Room:on_create() self.state.next = 1 end
function Room:on_message(player, n)
    if n ~= self.state.next then player:kick(4001, "got " .. n) end
    self.state.next = n + 1
    self:broadcast(n)
end
return Room
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws
a open /ws
b open /ws off=a
b count 1 2000
b expect 1 2000
a expect 1 2000



=== TEST 8: what a handler raises in one room does not touch another
--- lua
local Room = { max_players = 1 }
function Room:on_message(player, message)
    if message == "bad" then local x = nil; x.y = 1 end
    player:send("fine")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws
a > "bad"
b > 1
b < "fine"
a > 1
a < "fine"
--- error_log eval
qr/on_message failed in room [0-9a-z]{13} of game "game" for player [0-9a-z]{13}: .*game\.lua:3: attempt to index local 'x'/



=== TEST 9: too many errors within a minute close the room
--- lua
local Room = {}
function Room:on_message() error("again") end
function Room:on_close(reason) self:log("close " .. reason) end
return Room
--- config
location /ws { game game.lua; game_room_max_errors 2; }
--- ws
a open /ws
a > 1
a > 1
a > 1
a close~ 1011 ^errors$
log ~ close errors
log ~ is closed: more than 2 script errors within a minute
status workers.*.script.errors == 3
--- error_log
again



=== TEST 10: metadata has a limit
--- lua
local Room = {}
function Room:on_message(player, n)
    local ok, err = pcall(self.set_metadata, self, { t = ("x"):rep(n) })
    player:send({ ok = ok, err = err, kept = self.metadata and #self.metadata.t })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 504
a json {"ok":true,"kept":504}
a > 505
a json {"ok":false,"err":"~metadata has 513 bytes of JSON, 512 are allowed","kept":504}



=== TEST 11: a room that is closed takes no calls
--- lua
local Room = { max_players = 1 }
local old
function Room:on_close() old = self end
function Room:on_message(player)
    local ok, err = pcall(old.broadcast, old, 1)
    player:send({ ok = ok, err = err })
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a close 1000
a close? 1000
status rooms.# == 0
b open /ws
b > 1
b json {"ok":false,"err":"~a room expected that is not closed"}



=== TEST 12: wrong arguments are errors that say what is expected
--- lua
local Room = {}
function Room:on_message(player, message)
    local errors = {}
    local function try(f, ...)
        local ok, err = pcall(f, ...)
        errors[#errors + 1] = ok and "fine" or err
    end
    try(self.broadcast, self)
    try(self.broadcast, {}, 1)
    try(self.broadcast, self, 1, { except = "x" })
    try(player.send, {}, 1)
    try(self.after, self, -1, "on_message")
    try(self.after, self, 1, "nothing")
    try(self.every, self, 0, "on_message")
    try(game.log, "loud", "x")
    try(game.random_bytes, 0)
    try(self.broadcast, self, print)
    player:send(errors)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json ["~value expected","~a room expected","~\"except\" takes a player","~a player expected","~0 to 31536000 seconds","~the name of a handler","~0.001 seconds","~\"debug\", \"info\"","~1 to 1024 bytes","~function"]



=== TEST 13: there is one table of players, however it is asked for
--- lua
local rooms = {}
local Room = { max_players = 1 }
function Room:on_create() rooms[#rooms + 1] = self end
function Room:on_message(player)
    local other = rooms[1] == self and rooms[2] or rooms[1]
    local players = other.players
    local same = players == other.players and players == self.players
    self.players = nil
    player:send({ same, players == self.players, players[player.id] == player, other.count })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws on=a
a > 1
a json [true,true,true,1]
