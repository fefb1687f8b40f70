# Copyright (C) ngx_game authors

# Reload with live players: rooms go on in new workers with the new script, and
# plain connections follow them.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: a room goes on with its state and the new script
--- lua
local Room = { version = 1 }
function Room:on_create() self.state.n = 0 end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    self:broadcast({ n = self.state.n, version = self.version, id = self.id })
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
a > 1
a ~ "id":"(?<room>[0-9a-z]{13})"
b json {"n":1,"version":1}
edit conf/game.lua s/version = 1/version = 2/
reload
a > 2
a json {"n":3,"version":2,"id":"$room"}
b json {"n":3,"version":2,"id":"$room"}
b > 3
a json {"n":6}
b json {"n":6}
status rooms.# == 1
status rooms.0.players == 2
status rooms.0.version == 2
status rooms.0.term >= 2
status workers.*.handover.rooms_taken == 1
a close 1000
a close? 1000
status rooms.0.players == 1
--- no_error_log
[warn]
[error]



=== TEST 2: plain connections follow, old workers are gone at once
--- lua
return { on_message = function(self, player, m) player:send({ m }) end }
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
b open /ws tls=0 off=a
c open /ws tls=0 off=a
takes 0 2 reload
status workers.# == 2
status workers.*.sessions == 3
status workers.*.handover.sessions_taken == 3
a > 1
a < [1]
b > 2
b < [2]
c > 3
c < [3]



=== TEST 3: timers, players' data, metadata, the lock and seats go with the room
--- lua
local Room = { max_players = 3 }
function Room:on_create()
    self.state.late = 0
    self:set_metadata({ map = "plain" })
    self:every(0.2, "beat", "x")
end
function Room:on_join(player)
    player.data.name = "p" .. self.count
    player.data.list = { 1, 2, { deep = true } }
end
function Room:on_message(player, m)
    if m == "arm" then self.state.timer = self:after(1.2, "late", player.id, nil, "z") end
    if m == "cancel" then player:send({ cancelled = self:cancel(self.state.timer) }) end
    if m == "lock" then self:lock() end
    if m == "data" then player:send({ player.data, self.metadata, self.count, player.identity }) end
end
function Room:late(id, hole, z)
    self:broadcast({ late = id, hole = hole == nil, z = z })
end
function Room:beat(x) self.state.beats = (self.state.beats or 0) + 1 end
return Room
--- config
location /ws { game game.lua; game_identity $arg_who; }
--- ws
a open /ws?who=ann
b open /ws off=a
a > "arm"
a > "lock"
reload
a > "data"
a json [{"name":"p1","list":[1,2,{"deep":true}]},{"map":"plain"},2,"ann"]
b > "data"
b json [{"name":"p2"},{"map":"plain"},2]
c open /ws
status rooms.# == 2
http GET /ws?rooms ~ "locked":true
http GET /ws?rooms ~ "plain"
a json {"hole":true,"z":"z"}
b json {"hole":true,"z":"z"}
a > "arm"
reload
a > "cancel"
a json {"cancelled":true}
a none 1.5



=== TEST 4: values of the state come through as they were
--- lua
local Room = {}
function Room:on_create()
    self.state = {
        inf = math.huge, sparse = { [1] = "a", [1000] = "b" }, [7] = "seven",
        bytes = "\0\255", empty = game.empty_array, none = {}, half = 0.5,
        null = game.null, list = { 1, 2, 3 }, gap = { 1, nil, 3 }
    }
end
function Room:on_message(player, m)
    local s = self.state
    player:send({
        inf = s.inf == math.huge, sparse = s.sparse[1000], seven = s[7],
        bytes = s.bytes == "\0\255", empty = s.empty, none = s.none,
        half = s.half, null = s.null, list = s.list,
        gap = { s.gap[1], tostring(s.gap[2]), s.gap[3] }
    })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
reload
a > 1
a json {"inf":true,"sparse":"b","seven":"seven","bytes":true,"empty":[],"none":{},"half":0.5,"null":null,"list":[1,2,3],"gap":[1,"nil",3]}



=== TEST 5: on_restore brings the state to what the new version wants
--- lua
local Room = { version = 1 }
function Room:on_create() self.state = { points = 5 } end
function Room:on_message(player, m) player:send(self.state) end
return Room
>>> v2.lua
local Room = { version = "2.0" }
function Room:on_restore(state, from)
    self:broadcast("nobody gets this")
    self:set_metadata({ map = "new" })
    self:after(0.3, "later")
    return { score = state.points * 10, from = from, players = self.count }
end
function Room:later() self:broadcast({ later = self.state.score }) end
function Room:on_message(player, m) player:send(self.state) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json {"points":5}
edit conf/nginx.conf s/game game.lua/game v2.lua name=game/
reload
a > 1
a json {"score":50,"from":1,"players":1}
a json {"later":50}
status rooms.0.version == 2.0
http GET /ws?rooms ~ "map":"new"



=== TEST 6: on_restore fails: the room stays with the old script, until one can
--- lua
local Room = { version = 1 }
function Room:on_message(player, m) player:send({ self.version, self.state.x or 0 }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
write conf/game.lua return { version = 2, on_restore = function(self, s) error("no way back") end }
reload
log ~ on_restore failed in room \w+ of game "game": .*game\.lua:1: no way back
log ~ room \w+ of game "game" stays with the old script: on_restore failed
a > 1
a < [1,0]
status rooms.0.version == 1
status workers.*.handover.rooms_kept == 1
b open /ws tls=0
status rooms.# == 2
write conf/game.lua return { version = 3, on_restore = function(self, s) s.x = 7 end, on_message = function(self, player, m) player:send({ self.version, self.state.x }) end }
reload
a > 1
a < [3,7]
b > 1
b < [3,7]
status workers.# == 2
--- error_log
no way back



=== TEST 7: on_restore must not wait
--- lua
local Room = { version = 1 }
function Room:on_message(player, m) player:send(self.version) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
write conf/game.lua return { version = 2, on_restore = function(self, s) game.sleep(0.01) end }
reload
log ~ on_restore failed in room \w+ of game "game": it must not wait
a > 1
a < 1
--- error_log
it must not wait



=== TEST 8: a state that can't be saved
--- lua
local Room = { version = 1 }
function Room:on_create() self.state.f = function() end end
function Room:on_message(player, m)
    if m == "mend" then self.state.f = nil end
    player:send(self.version)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
edit conf/game.lua s/version = 1/version = 2/
reload
log ~ a function can't be encoded \("f"\)
log ~ room \w+ of game "game" can't be saved
a > "mend"
a < 1
reload
a > 1
a < 2
--- error_log
can't be saved



=== TEST 9: what waits: on_message is waited for, on_auth is asked again
--- lua
local Room = { version = 1 }
function Room:on_auth(request)
    if request.args.slow then game.sleep(2) end
    return true
end
function Room:on_join(player, args) player:send({ hello = args.slow or 0, version = self.version }) end
function Room:on_message(player, m)
    if m == "wait" then
        game.sleep(0.4)
        self.state.waited = true
    elseif m == "long" then
        game.sleep(30)
        self.state.long = true
    end
    player:send({ waited = self.state.waited, long = self.state.long, version = self.version })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"hello":0,"version":1}
edit conf/game.lua s/version = 1/version = 2/
a > "wait"
wait 0.1
reload
a json {"waited":true,"version":1}
status rooms.0.version == 2
a > 1
a json {"waited":true,"version":2}
a > "long"
b handshake /ws?slow=1 off=a
wait 0.1
edit conf/game.lua s/version = 2/version = 3/
reload
b answer
b json {"hello":"1","version":3}
a > 1
a json {"waited":true,"version":3}
status rooms.0.players == 2



=== TEST 10: half a frame, half a message, and a compressed context move, too
--- lua
local Room = { version = 1, codec = "raw" }
function Room:on_message(player, m) player:send(self.version .. m) end
return Room
--- config
location /ws { game game.lua; game_deflate on context_takeover=on min_size=1; }
--- ws
a open /ws tls=0
b open /ws tls=0
c open /ws tls=0 deflate
a >hex 818511223344
b >frame 1 fin=0 68656c
c >z the quick brown fox jumps over the lazy dog
c < 1the quick brown fox jumps over the lazy dog
c >z the quick brown fox jumps over the lazy dog
c < 1the quick brown fox jumps over the lazy dog
edit conf/game.lua s/version = 1/version = 2/
reload
a >hex 7947 5f28 7e
a < 2hello
b >frame 0 fin=0 6c
b >frame 0 6f
b < 2hello
c >z the quick brown fox jumps over the lazy dog
c <z 2the quick brown fox jumps over the lazy dog
c >z the quick brown fox jumps over the lazy dog
c <z 2the quick brown fox jumps over the lazy dog
status workers.*.handover.sessions_taken == 3



=== TEST 11: a compressed message under way ends first
--- lua
local Room = { version = 1, codec = "raw" }
function Room:on_message(player, m) player:send(self.version .. m) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_deflate on; }
--- ws
a open /ws tls=0 deflate
a >hex 4187 00000000 f248cdc9c90700
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status workers.# == 3
status rooms.0.version == 2
wait 0.3
a >hex 8080 00000000
a < 2Hello
status workers.# == 2
status workers.*.handover.sessions_taken == 1



=== TEST 12: what waits to be written to a client that does not read
--- lua
local Room = { codec = "raw" }
local line = string.rep("x", 60000)
function Room:on_message(player, m)
    for i = 1, 40 do player:send(i .. line) end
end
return Room
--- config
location /ws { game game.lua; game_send_buffer 4m; }
--- ws
a open /ws tls=0
a > go
wait 0.3
reload
status workers.*.handover.sessions_taken == 1
a ~ ^1x{60000}$
a ~ ^2x{60000}$
a until ~ ^39x{60000}$
a ~ ^40x{60000}$



=== TEST 13: TLS stays where it is, the old worker relays, up to its end
--- lua
local Room = { version = 1 }
function Room:on_message(player, m) self:broadcast({ m, self.version }) end
return Room
--- tls
--- workers: 2
--- main_config
worker_shutdown_timeout 2s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls
b open /ws tls=0
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status rooms.0.version == 2
a > 1
a < [1,2]
b < [1,2]
b > 2
a < [2,2]
b < [2,2]
a close~ 1012 ^resume=[0-9a-z]{52}$
status workers.# == 2
status workers.*.away == 1
b > 3
b < [3,2]



=== TEST 14: a game that is gone from the configuration: its room ends with its worker
--- lua
return { on_message = function(self, player, m) player:send({ m }) end }
>>> other.lua
return {}
--- main_config
worker_shutdown_timeout 2s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
edit conf/nginx.conf s/game game.lua/game other.lua/
signal HUP
log ~ room \w+ of game "game" stays with the old script: the configuration has no such game
a > 1
a < [1]
a close? 1012
--- error_log
stays with the old script



=== TEST 15: a room that is kept without players goes on, too
--- lua
local Room = { keep = true }
function Room:on_create() self.state.n = 0 end
function Room:on_join(player)
    self.state.n = self.state.n + 1
    player:send({ n = self.state.n })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"n":1}
a close 1000
a close? 1000
status rooms.0.players == 0
reload
status rooms.# == 1
a open /ws
a json {"n":2}



=== TEST 16: game_session_limit and game_log know of a session that has moved
--- lua
return { on_message = function(self, player, m) player:send({ m }) end }
--- config
location /ws { game game.lua; game_log logs/game.log; game_session_limit $remote_addr 2; game_identity $arg_who; }
--- ws
a open /ws?who=ann tls=0
b open /ws tls=0
a > 1
a < [1]
reload
c open /ws tls=0 status=429
a > 2
a < [2]
a close 1000
a close? 1000
file game.log ~ (?s)^[^\n]*ann [^\n]* code=1000 why=left duration=\d[^\n]* in=2/22 out=2/14 [^\n]*\n$
c open /ws tls=0
d open /ws tls=0 status=429



=== TEST 17: twenty reloads in a row
--- lua
local Room = { tick = 60 }
function Room:on_create() self.state = { n = 0, ticks = 0 } end
function Room:on_tick() self.state.ticks = self.state.ticks + 1 end
function Room:on_message(player, m)
    self.state.n = self.state.n + 1
    self:broadcast({ m, self.state.n })
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
b open /ws tls=0 off=a
reload
reload
a > 1
a < [1,1]
b < [1,1]
reload
reload
reload
reload
b > 2
a < [2,2]
b < [2,2]
reload
reload
reload
reload
reload
reload
a > 3
a < [3,3]
b < [3,3]
reload
reload
reload
reload
reload
reload
reload
reload
b > 4
a < [4,4]
b < [4,4]
status workers.# == 2
status rooms.# == 1
status workers.*.sessions == 2
status rooms.0.term == 21
--- timeout: 60



=== TEST 18: data of many players, of some none, of some nil
--- lua
local Room = { max_players = 100 }
function Room:on_join(player)
    local n = self.count
    if n % 3 == 1 then player.data.n = n elseif n % 3 == 2 then player.data = nil end
end
function Room:on_message(player, m)
    player:send({ type(player.data), player.data and player.data.n or 0 })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws times=80
reload
status rooms.0.players == 80
a > 1
a < ["table",1]
a2 > 1
a2 < ["nil",0]
a3 > 1
a3 < ["table",0]
a31 > 1
a31 < ["table",31]
a32 > 1
a32 < ["nil",0]
a33 > 1
a33 < ["table",0]
a79 > 1
a79 < ["table",79]
a80 > 1
a80 < ["nil",0]
reload
a79 > 1
a79 < ["table",79]
a80 > 1
a80 < ["nil",0]



=== TEST 19: the worker of a player is killed while its room is offered: the old one does not wait for it
--- lua
return { on_message = function(self, player, m) player:send(m) end }
--- workers: 2
--- config
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- ws
a open /ws tls=0
b open /ws off=a
stop worker of a
signal HUP
status workers.# == 4
c open /other off=a,b
d open /other off=a,b,c
stop worker of c
stop worker of d
cont worker of a
wait 0.3
kill KILL worker of b
cont worker of c
cont worker of d
a > 0
a < 0
status workers.# == 2
status rooms.# == 2
--- alerts: exited on signal 9



=== TEST 20: a worker is killed right after it has said that it takes a room: the room goes on where it was
--- lua
return { on_message = function(self, player, m) player:send({ m, self.id }) end }
--- workers: 1
--- config
location /ws { game game.lua; game_checkpoint off; }
location /other { game game.lua name=other; }
--- ws
a open /ws tls=0
a > 1
a ~ ^\[1,"(?<room>\w+)"\]$
stop worker of a
signal HUP
c open /other
stop worker of c
cont worker of a
wait 0.3
stop worker of a
cont worker of c
wait 0.2
kill KILL worker of c
wait 0.3
cont worker of a
a > 0
a < [0,"$room"]
status workers.# == 1
status rooms.0.id == $room
status rooms.0.players == 1
--- alerts: exited on signal 9



=== TEST 21: the worker of a player is killed after it has told the new owner who is there: the player leaves
--- lua
local Room = {}
function Room:on_message(player, m) player:send({ m, self.count }) end
function Room:on_leave(player, reason) self:broadcast({ left = reason, n = self.count }) end
return Room
--- workers: 3
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
b open /ws off=a
c open /ws off=a,b tls=0
stop worker of c
signal HUP
wait 0.7
kill KILL worker of b
wait 0.2
cont worker of c
a json {"left":"lost"}
a > 1
a < [1,2]
c json {"left":"lost"}
status rooms.0.players == 2
status workers.# == 3
--- alerts: exited on signal 9



=== TEST 22: the old owner of a room is killed before it was answered by a worker whose players are gone: the room goes on
--- lua
local Room = { keep = true }
function Room:on_join(player) player:send({ room = self.id }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- tls
--- ws
a open /ws
a ~ "room":"(?<room>\w+)"
b open /ws off=a
x open /other on=b tls
stop worker of a
signal HUP
status workers.# == 4
c open /other off=a,b
d open /other off=a,b,c
stop worker of c
stop worker of d
cont worker of a
wait 0.3
b end
wait 0.2
stop worker of b
cont worker of c
cont worker of d
wait 0.2
kill KILL worker of a
wait 0.2
cont worker of b
e open /ws?room=$room
e json {"room":"$room"}
status rooms.0.id == $room
status rooms.0.term == 2
status rooms.0.players == 1
--- alerts: exited on signal 9



=== TEST 23: the old owner of a room is killed, and messages that it was to send on are in its ring: nothing is lost
--- lua
local Room = {}
function Room:on_message(player, m)
    if type(m) == "table" then game.sleep(m.sleep) end
    player:send(m)
end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- ws
a open /ws
b open /ws off=a tls=0
wait 0.4
a > {"sleep":0.8}
reload
c open /other
d open /other off=c
stop worker of c
stop worker of d
a < {"sleep":0.8}
wait 0.1
stop worker of b
b count 1 20
cont worker of c
cont worker of d
wait 0.1
stop worker of a
cont worker of b
wait 0.1
kill KILL worker of a
b expect 1 20
b count 21 40
b expect 21 40
status rooms.0.players == 1
status workers.# == 2
--- alerts: exited on signal 9



=== TEST 24: a player comes back while its old session is on its way to the same worker
--- lua
return { on_message = function(self, player, m) player:send(m) end }
--- workers: 1
--- config
location /ws { game game.lua; game_deflate on; }
location /other { game game.lua name=other; }
--- ws
a open /ws tls=0 deflate protocol=ngx-game.v1+json
a ~ "token":"(?<token>\w+)"
a >hex 4185 00000000 52aa500200
signal HUP
status rooms.0.term == 2
c open /other
wait 0.3
stop worker of c
a >hex 8080 00000000
wait 0.4
stop worker of a
cont worker of c
wait 0.2
b open /ws?resume=$token protocol=ngx-game.v1+json
b ~ "resumed":true
cont worker of a
a < "x"
a close? 1000
b > "y"
b < "y"
status workers.# == 1
status workers.*.sessions == 2



=== TEST 25: a worker is killed while it passes a session on: its client sees that end
--- lua
return { on_message = function(self, player, m) player:send(m) end }
--- workers: 1
--- config
location /ws { game game.lua; game_deflate on; }
location /other { game game.lua name=other; }
--- ws
a open /ws tls=0 deflate
a >hex 4185 00000000 52aa500200
signal HUP
status rooms.0.term == 2
c open /other
wait 0.3
stop worker of c
a >hex 8080 00000000
wait 1.2
kill KILL worker of a
cont worker of c
a close? 1006
status workers.# == 1
status workers.*.players == 1
--- alerts: exited on signal 9



=== TEST 26: a session is passed on to a worker that is to exit, too, and goes elsewhere
--- lua
return {
    on_message = function(self, player, m)
        local now = game.now()
        while m == "busy" and game.now() - now < 1 do end
        self:broadcast(m)
    end
}
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
b open /ws tls=0 off=a
stop worker of a
stop worker of b
signal HUP
status workers.# == 4
wait 0.3
# it is told to exit and busy in one turn, in which it does not do that yet
a > "busy"
cont worker of a
wait 0.2
cont worker of b
log ~ the session of player \w{13} can't go on here: this worker exits
a < "busy"
b < "busy"
b > 1
a < 1
b < 1
status workers.# == 2
a > 2
a < 2
b < 2
--- no_error_log
[warn]
[error]
