# Copyright (C) ngx_game authors

# A worker that is killed: what the others do about its rooms and players.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: the owner of a room is killed: it goes on for players elsewhere, with its last state
--- lua
local Room = { tick = 60 }
function Room:on_create()
    self.state = { n = 0 }
    self:set_metadata({ map = "plain" })
    self:after(1, "late", "x")
end
function Room:on_join(player)
    player.data.name = "p" .. self.count
    player:send({ room = self.id, n = self.count })
end
function Room:on_restore(state, from) state.restored = (state.restored or 0) + 1 end
function Room:late(x) self:broadcast({ late = x }) end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    player:send({ n = self.state.n, name = player.data.name, restored = self.state.restored or 0, room = self.id, count = self.count })
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room","n":2}
b > 1
b json {"n":1,"restored":0}
b > 2
b json {"n":3}
wait 0.1
kill KILL worker of a
b > 4
b json {"n":7,"name":"p2","restored":1,"room":"$room"}
respawned
status rooms.# == 1
status rooms.0.players == 1
status rooms.0.term == 2
status workers.*.handover.rooms_adopted == 1
http GET /ws?rooms ~ "map":"plain"
b json {"late":"x"}
c open /ws?room=$room off=b
c json {"room":"$room","n":2}
--- alerts: exited on signal 9



=== TEST 2: without checkpoints players elsewhere are told by 1011
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_checkpoint off; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room","n":2}
kill KILL worker of a
b close~ 1011 the worker of the room has died
log ~ the worker of room $room has died, closing its 1 sessions here with 1011
respawned
status workers.# == 2
status rooms.# == 0
c open /ws
c ~ "room":"(?<other>(?!$room)[0-9a-z]{13})"
d open /ws off=c
d json {"room":"$other","n":2}
status rooms.# == 1
status workers.*.sessions == 2
--- alerts: exited on signal 9



=== TEST 3: the worker of a player is killed: it leaves its room as lost
--- lua
local Room = {}
function Room:on_leave(player, reason) self:broadcast({ left = reason, n = self.count }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=b
kill KILL worker of b
a json {"left":"lost"}
a json {"left":"lost","n":1}
respawned
status rooms.0.players == 1
status workers.*.sessions == 1
--- alerts: exited on signal 9



=== TEST 4: ten times
--- lua
local Room = { max_players = 3 }
function Room:on_join(player) player:send({ n = self.count }) end
return Room
--- workers: 3
--- config
location /ws { game game.lua; }
--- ws
a open /ws
kill KILL worker of a
respawned
b open /ws
kill KILL worker of b
respawned
c open /ws
kill KILL worker of c
respawned
d open /ws
kill KILL worker of d
respawned
e open /ws
e2 open /ws off=e
kill KILL worker of e
respawned
f open /ws
f2 open /ws off=f
kill KILL worker of f2
respawned
status workers.# == 3
g open /ws
h open /ws off=g
status workers.*.sessions >= 2
--- alerts: exited on signal 9



=== TEST 5: game_session_limit forgets what a killed worker held
--- lua
return {}
--- config
location /ws { game game.lua; game_session_limit $remote_addr 3; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=a
d open /ws status=429
kill KILL worker of a
respawned
e open /ws
f open /ws
g open /ws status=429
b close 1000
b close? 1000
h open /ws
--- alerts: exited on signal 9



=== TEST 6: a join that waits for a killed worker is answered
--- lua
local Room = { keep = true }
function Room:on_auth(request)
    if request.args.slow then game.sleep(0.5) end
    return true
end
function Room:on_join(player) player:send({ room = self.id }) end
return Room
--- config
location /ws { game game.lua; game_checkpoint off; }
location /on { game game.lua name=on; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b handshake /ws?slow=1&room=$room off=a
wait 0.2
kill KILL worker of a
b answer status=503
b body json {"error":"the worker of the room has died"}
respawned
# a room that goes on asks on_auth again
c open /on
c ~ "room":"(?<on>[0-9a-z]{13})"
d handshake /on?slow=1&room=$on off=c
wait 0.2
kill KILL worker of c
d answer status=101
d ~ "room":"$on"
respawned
--- alerts: exited on signal 9



=== TEST 7: what lies in the rings of a killed worker is applied by the next owner, in order
--- lua
local Room = {}
function Room:on_create() self.state.list = {} end
function Room:on_join(player) player:send({ n = self.count }) end
function Room:on_message(player, m)
    table.insert(self.state.list, m)
    if m == "end" then self:broadcast(self.state.list) end
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"n":1}
b open /ws off=a
b json {"n":2}
c open /ws on=b
c json {"n":3}
stop worker of a
b > 1
b > 2
b > 3
wait 0.2
kill KILL worker of a
b > 4
c > "end"
b < [1,2,3,4,"end"]
c < [1,2,3,4,"end"]
respawned
--- alerts: exited on signal 9



=== TEST 8: a room that is running when its worker dies, twice, is closed, and its neighbour goes on
--- lua
local Room = { max_players = 2, keep = true }
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_message(player, m)
    if m == "spin" then
        local till = game.now() + 1
        while game.now() < till do end
    end
    player:send({ m })
end
return Room
--- workers: 3
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room","n":2}
c open /ws on=a
c ~ "room":"(?<other>[0-9a-z]{13})"
d open /ws off=a on=b
d json {"room":"$other","n":2}
b > "spin"
wait 0.2
kill KILL worker of a
respawned
log ~ a worker died in on_message of room $room of game "game" \(.*game\.lua\), player \w+, message ""spin""
status rooms.# == 2
b > "well"
b < ["well"]
d > "well"
d < ["well"]
owner of $room
b > "spin"
wait 0.2
kill KILL $owner
log ~ message ""spin"": the second time within a minute, it is closed
respawned
status rooms.# == 1
status rooms.0.id == $other
--- alerts: exited on signal 9
--- error_log
a worker died in



=== TEST 9: a worker that hangs is killed, and its rooms go on
--- lua
local Room = {}
function Room:on_join(player) player:send({ n = self.count }) end
function Room:on_message(player, m) self:broadcast(m) end
return Room
--- workers: 2
--- http_config
game_worker_timeout 3s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"n":1}
b open /ws off=a
b json {"n":2}
stop worker of a
b > "still there?"
b until < "still there?"
log ~ worker \d+ in slot \d+ does not answer for 3000 ms, it is killed \(game_worker_timeout\)
respawned
status rooms.0.players == 1
--- alerts: exited on signal 9
--- error_log
does not answer



=== TEST 10: a worker that dies alone: its rooms that are kept go on in its successor
--- lua
local Room = { keep = true }
function Room:on_create() self.state.n = 0 end
function Room:on_join(player)
    self.state.n = self.state.n + 1
    player:send({ n = self.state.n })
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"n":1}
wait 0.1
kill KILL worker of a
respawned
status workers.*.handover.rooms_adopted == 1
b open /ws
b json {"n":2}
--- alerts: exited on signal 9



=== TEST 11: a join that waits for a killed worker gets its seat from the next owner
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.slow then game.sleep(0.5) end
    return true
end
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
c open /ws off=a
c json {"room":"$room","n":2}
b handshake /ws?slow=1&room=$room off=a
wait 0.2
kill KILL worker of a
b answer
b json {"room":"$room","n":2}
respawned
status rooms.0.players == 2
status workers.*.sessions == 2
--- alerts: exited on signal 9



=== TEST 12: a worker that is stopped with the zone's lock is killed by who waits for it
--- lua
local Room = { max_players = 1 }
function Room:on_message(player, m) self:close() end
return Room
--- workers: 2
--- http_config
game_worker_timeout 3s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
hold lock by worker of a
b > "the end"
takes 2 5 b close? 1000
respawned
log ~ worker \d+ does not give the lock of "game_zone" back, it is killed
--- alerts: exited on signal 9|zone "ngx_game" was locked by
--- error_log
does not give the lock



=== TEST 13: a room that takes too long to save leaves nothing in the image of the next one
--- lua
local keys = {}
for i = 1, 8000 do keys[i] = "key" .. i end
local Room = {}
function Room:on_create() self.state = { n = 0 } end
function Room:on_join(player) player.data.name = "big" end
function Room:on_message(player, m)
    local part = {}
    for i = 1, #keys do part[keys[i]] = i end
    self.state[m] = part
    player:send(m)
end
return Room
>>> small.lua
local Room = {}
function Room:on_create() self.state = { n = 0 } end
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    player:send({ n = self.state.n, name = player.data.name or "none" })
end
return Room
--- workers: 2
--- zone: 32m
--- http_config
game_script_timeout 40ms;
game_script_memory 512m;
game_message_rate off;
game_balance off;
--- config
location /big { game game.lua; }
location /ws { game small.lua; }
--- ws
a open /big
b open /big
c open /ws on=a
c ~ "room":"(?<room>[0-9a-z]{13})"
d open /ws?room=$room off=a
d json {"n":2}
a count 1 700
a expect 1 700
log ~ of game "game" can.t be saved
wait 0.5
d > 1
d json {"n":1,"name":"none"}
wait 0.5
kill KILL worker of a
d > 2
d json {"n":3,"name":"none"}
--- alerts: exited on signal 9
--- error_log
can't be saved



=== TEST 14: a state that takes too long to be looked through: the log says so, and the worker lives on
--- lua
local Room = {}
function Room:on_message(player, m)
    if m == "grow" then
        local t = {}
        for i = 1, 40 do t = { t, t } end
        self.state = t
    end
    player:send("fine")
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "grow"
a < "fine"
log ~ \[error\].*script failed: .*script timeout
log ~ \[error\].*of game "game" can't be saved
a > 1
a < "fine"
status workers.# == 2
--- error_log
can't be saved



=== TEST 15: a busy worker saves its rooms, too, those that tick and those that do not
--- lua
local Room = { tick = 50 }
function Room:on_create()
    local big = {}
    for i = 1, 15000 do big[i] = i + 0.5 end
    self.state = { big = big }
end
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_tick()
    local now = game.now()
    if self.recent ~= nil then self:broadcast({ recent = self.recent }) end
    self.recent = nil
    while game.now() - now < 0.003 do end
    self.state.at = now
end
function Room:on_restore(state) self.recent = game.now() - state.at < 3 end
return Room
>>> small.lua
local Room = {}
function Room:on_create() self.state = { n = 0 } end
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    player:send({ n = self.state.n })
end
return Room
--- workers: 2
--- zone: 32m
--- http_config
game_balance off;
--- config
location /busy { game game.lua; }
location /busier { game game.lua name=busier; game_room_max_players 1; }
location /ws { game small.lua; }
--- ws
a open /busy
a ~ "room":"(?<busy>[0-9a-z]{13})"
b open /busy?room=$busy off=a
b json {"n":2}
e open /busier on=a
f open /busier on=a
g open /busier on=a
h open /busier on=a
c open /ws on=a
c ~ "room":"(?<room>[0-9a-z]{13})"
d open /ws?room=$room off=a
d json {"n":2}
# what was saved up for checkpoints is spent by then
wait 2
d > 5
d json {"n":5}
wait 3
# mostly in a tick, and then it is said which room's
kill KILL worker of a
d > 1
d json {"n":6}
b json {"recent":true}
--- alerts: exited on signal 9
--- no_error_log eval
[qr/\[error\](?!.* a worker died in on_tick of)/, "[crit]", "[emerg]"]
