# Copyright (C) ngx_game authors

# Players whose connection is lost, and who come back with a token.

use lib 't/lib';
use TestGame;

our $Game = <<'LUA';
local Room = {}
function Room:on_create() self.state.n = 0 end
function Room:on_join(player)
    player.data.name = player.identity or "?"
    self:broadcast({ join = player.data.name, room = self.id })
end
function Room:on_message(player, m)
    self.state.n = self.state.n + 1
    player:send({ n = self.state.n, player = player.id, m = m,
                  room = self.id, count = self.count })
end
function Room:on_drop(player, reason)
    self:broadcast({ drop = player.data.name, reason = reason,
                     connected = player:connected() })
end
function Room:on_resume(player)
    self:broadcast({ resume = player.data.name,
                     connected = player:connected() })
end
function Room:on_leave(player, reason)
    self:broadcast({ leave = player.data.name, reason = reason })
end
return Room
LUA

run_tests();

__DATA__

=== TEST 1: a lost connection: the seat is held, and the player is back in it
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a header Sec-WebSocket-Protocol ~ ^ngx-game\.v1\+json$
a ~ ^!\{"type":"welcome","room":"(?<room>[0-9a-z]{13})","player":"(?<player>[0-9a-z]{13})","token":"(?<token>[0-9a-z]{52})","timeout":30.000,"resumed":false,"complete":true,"seen":0}$
a json {"join":"ann","room":"$room"}
b open /ws?user=ben&room=$room
b json {"join":"ben"}
a json {"join":"ben"}
a > 1
a json {"n":1,"player":"$player","count":2}
a reset
b json {"drop":"ann","reason":"left","connected":false}
status workers.*.away == 1
status workers.*.players == 2
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
c ~ ^!\{"type":"welcome","room":"$room","player":"$player","token":"(?<next>[0-9a-z]{52})","timeout":30.000,"resumed":true,"complete":false,"seen":4}$
c json {"resume":"ann","connected":true}
b json {"resume":"ann"}
c > 2
c json {"n":2,"player":"$player","count":2}
status workers.*.away == 0
status workers.*.handshakes.resumed == 1
c reset
b json {"drop":"ann"}
d open /ws?user=ann&resume=$next protocol=ngx-game.v1+msgpack
d ~ ^!\{"type":"welcome"
b json {"resume":"ann"}
d close 1000
d close? 1000
b json {"leave":"ann","reason":"left"}



=== TEST 2: a token is single-use, bound to its player's identity, and no other will do
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
a json {"join":"ann"}
b open /ws?user=ben&room=$room protocol=ngx-game.v1+json
b ~ "token":"(?<other>\w+)"
b json {"join":"ben"}
a json {"join":"ben"}
a reset
b json {"drop":"ann"}
x open /ws?user=ben&resume=$token status=403
x body json {"error":"the resume token is not valid"}
x open /ws?resume=$token status=403
x open /ws?user=ann&resume=x status=403
x open /ws?user=ann&resume= status=403
x open /ws?user=ann&resume=${token}0 status=403
x open /ws?user=ann&resume=${room}${player}00000000000010000000000001 status=403
x open /ws?user=ann&resume=${room}${room}00000000000010000000000001 status=404
x open /ws?user=ann&resume=${player}${player}00000000000010000000000001 status=404
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
c ~ "token":"(?<next>\w+)".*"resumed":true
c json {"resume":"ann"}
b json {"resume":"ann"}
x open /ws?user=ann&resume=$token status=403
c > 1
c json {"n":1}
c reset
b json {"drop":"ann"}
x open /ws?user=ann&resume=$token status=403
d open /ws?user=ann&resume=$next protocol=ngx-game.v1+json
d ~ "resumed":true
b json {"resume":"ann"}
b > 1
b json {"n":2}
b none 0.2



=== TEST 3: game_resume_timeout is over: the player leaves, for the first reason
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; game_resume_timeout 500ms; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)".*"token":"(?<token>\w+)","timeout":0.500
b open /ws?user=ben&room=$room
b json {"join":"ben"}
a reset
b json {"drop":"ann","reason":"left"}
takes 0.3 2 b json {"leave":"ann","reason":"left"}
x open /ws?user=ann&resume=$token status=404
x body json {"error":"no seat to come back to"}
status workers.*.away == 0
status workers.*.players == 1



=== TEST 4: who says goodbye leaves at once; a page that is left may be reloaded
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
b open /ws?user=ben
b ~ "room":"(?<room>\w+)"
a open /ws?user=ann&room=$room protocol=ngx-game.v1+json
b json {"join":"ann"}
a close 1000
b json {"leave":"ann","reason":"left"}
a open /ws?user=ann&room=$room protocol=ngx-game.v1+json
b json {"join":"ann"}
a close
b json {"leave":"ann","reason":"left"}
a open /ws?user=ann&room=$room protocol=ngx-game.v1+json
a ~ "token":"(?<token>\w+)"
b json {"join":"ann"}
a close 1001
b json {"drop":"ann","reason":"left"}
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
b json {"resume":"ann"}
c >frame 3 00
c close? 1002
b json {"leave":"ann","reason":"error"}
b > 1
b json {"count":1}



=== TEST 5: a player that is still connected is taken over
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; game_session_limit $arg_user 1; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
a json {"join":"ann"}
b open /ws?user=ben&room=$room
b json {"join":"ben"}
x open /ws?user=ann status=429
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json off=a
c ~ "player":"$player","token":"(?<next>\w+)".*"resumed":true
a close~ 1000 ^the player has come back elsewhere$
b json {"drop":"ann"}
b json {"resume":"ann"}
c json {"resume":"ann"}
c > 1
c json {"n":1,"count":2}
d open /ws?user=ann&resume=$next protocol=ngx-game.v1+json on=c
d ~ "player":"$player"
c close~ 1000 elsewhere
b json {"drop":"ann"}
b json {"resume":"ann"}
d until json {"resume":"ann"}
d > 2
d json {"n":2,"count":2}
b > 3
b json {"n":3}
status workers.*.sessions == 2
status workers.*.players == 2



=== TEST 6: a token is good on any worker, after a reload, and where the room has gone
--- lua eval: $::Game
--- workers: 2
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
a json {"join":"ann"}
b open /ws?user=ben&room=$room off=a
b json {"join":"ben"}
a > 1
a until json {"n":1}
a reset
b json {"drop":"ann"}
reload
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
c ~ "player":"$player","token":"(?<token>\w+)".*"resumed":true
b json {"resume":"ann"}
c json {"resume":"ann"}
c > 1
c json {"n":2,"count":2}
reload
c > 1
c json {"n":3,"count":2}
c reset
b json {"drop":"ann"}
d open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
b json {"resume":"ann"}
d until json {"resume":"ann"}
d > 1
d json {"n":4,"count":2}



=== TEST 7: the worker of a session and of the room is killed
--- lua eval: $::Game
--- workers: 4
--- http_config
game_guard off;
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- alerts: exited on signal 9
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
a json {"join":"ann"}
c open /ws?user=ben&room=$room protocol=ngx-game.v1+json
c ~ "token":"(?<ben>\w+)"
a json {"join":"ben"}
c reset
a json {"drop":"ben"}
b open /ws?user=ben&resume=$ben off=a protocol=ngx-game.v1+json
b ~ "resumed":true
a json {"resume":"ben"}
b json {"resume":"ben"}
a > 1
a json {"n":1}
wait 0.1
kill KILL worker of a
b json {"drop":"ann","reason":"lost"}
b > 2
b json {"n":2,"count":2}
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
c ~ "player":"$player","token":"(?<token>\w+)".*"resumed":true
b json {"resume":"ann"}
c json {"resume":"ann"}
c > 1
c json {"n":3,"count":2}
b none 0.3
status workers.*.away == 0



=== TEST 8: away while the room changes hands twice: told once of each, and out in time
--- lua eval: $::Game
--- workers: 4
--- config
location /ws { game game.lua; game_identity $arg_user; game_resume_timeout 4s; }
--- alerts: exited on signal 9
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
b open /ws?user=ben&room=$room off=a
b json {"join":"ben"}
a reset
b json {"drop":"ann"}
owner of $room
kill KILL $owner
b > 1
b until json {"n":1,"count":2}
reload
b > 1
b json {"n":2,"count":2}
takes 0 4 b json {"leave":"ann","reason":"left"}
b > 1
b json {"n":3,"count":1}
status workers.*.away == 0



=== TEST 9: TLS, and a reload: 1012 with what to come back with
--- lua eval: $::Game
--- main_config
worker_shutdown_timeout 1s;
--- tls
--- workers: 2
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json tls
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)"
a json {"join":"ann"}
b open /ws?user=ben&room=$room tls
b json {"join":"ben"}
a json {"join":"ben"}
reload
a > 1
a json {"n":1}
b close~ 1012 ^resume=(?<ben>\w{52})$
a close~ 1012 ^resume=(?<ann>\w{52})$
c open /ws?user=ann&resume=$ann protocol=ngx-game.v1+json tls
c ~ "player":"$player"
c until json {"resume":"ann"}
d open /ws?user=ben&resume=$ben tls
d json {"resume":"ben"}
c until json {"resume":"ben"}
d > 1
d json {"n":2,"count":2}
x open /ws?user=ben&resume=$ben tls status=403



=== TEST 10: an answer that is lost: the token is good for another attempt
--- lua eval: $::Game
--- config
location /ws { game game.lua; game_identity $arg_user; }
--- ws
b open /ws?user=ben
b ~ "room":"(?<room>\w+)"
a open /ws?user=ann&room=$room protocol=ngx-game.v1+json
a ~ "player":"(?<player>\w+)","token":"(?<token>\w+)"
b json {"join":"ann"}
a > 1
a until json {"n":1}
a reset
b json {"drop":"ann"}
c open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
b json {"resume":"ann"}
c reset
b json {"drop":"ann"}
d open /ws?user=ann&resume=$token protocol=ngx-game.v1+json
d ~ "player":"$player".*"resumed":true
b json {"resume":"ann"}



=== TEST 11: a game's own subprotocols come first, and a plain client is not held
--- lua
local Room = { protocols = { "chess", "ngx-game.v1+json" } }
function Room:on_join(player)
    player:send("hi")
    self:log(self.game .. ": " .. self.id .. " " .. player.id)
end
function Room:on_leave(player, reason) self:log("left: " .. reason) end
function Room:on_drop(player, reason) self:log("dropped: " .. reason) end
return Room
--- config
location /ws { game game.lua; }
location /off { game game.lua name=off; game_resume_timeout off; }
location /plain { game game.lua name=plain; }
--- ws
a open /ws protocol=chess
a header Sec-WebSocket-Protocol ~ ^chess$
a < "hi"
a reset
log ~ left: left
b open /off protocol=ngx-game.v1+msgpack
b header Sec-WebSocket-Protocol ~ ngx-game\.v1\+msgpack
b ~ ^!\{"type":"welcome","room":"\w{13}","player":"\w{13}","resumed":false,"complete":true,"seen":0}$
b <bin a26869
c open /off
c < "hi"
log ~ off: (?<room>\w+) (?<player>\w+)
x open /off?resume=${room}${player}00000000000010000000000001 status=403
d open /plain
d < "hi"
log ~ plain: (?<room>\w+) (?<player>\w+)
x open /plain?resume=${room}${player}00000000000010000000000001 status=403
c none 0.2
d none 0.2
c close 1000
d close 1000
b reset
status workers.*.players == 0
--- no_error_log
dropped:



=== TEST 12: a kick and the end of a room take a seat that is held
--- lua
local Room = { protocols = {} }
function Room:on_join(player) self.state.first = self.state.first or player.id end
function Room:on_message(player, m)
    if m == "kick" then
        for _, p in pairs(self.players) do
            if p.id == self.state.first then player:send(p:kick(4001, "out")) end
        end
    else
        self:close("over")
    end
end
function Room:on_leave(player, reason) self:broadcast({ leave = reason }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)".*"token":"(?<token>\w+)"
b open /ws?room=$room protocol=ngx-game.v1+json
b ~ "token":"(?<ben>\w+)"
c open /ws?room=$room
a reset
status workers.*.away == 1
c > "kick"
c < true
c json {"leave":"kicked"}
b json {"leave":"kicked"}
x open /ws?resume=$token status=404
b reset
status workers.*.away == 1
c > "close"
c close? 1000
status workers.*.away == 0
status rooms.# == 0
x open /ws?resume=$ben status=404



=== TEST 13: a seat that is held counts, and one that waits takes the player with it
--- lua
local Room = { max_players = 2 }
function Room:on_join(player) player:send(self.count) end
function Room:on_message(player, m) player:send({ self.count, self.id }) end
return Room
--- config
location /ws { game game.lua; game_resume_timeout 1s; }
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)".*"token":"(?<token>\w+)"
b open /ws?room=$room
a reset
status workers.*.away == 1
x open /ws?room=$room status=503
b > 1
b < 2
b < [2,"$room"]
b close 1000
status rooms.0.players == 1
c open /ws?resume=$token protocol=ngx-game.v1+json
c ~ welcome
c > 1
c < [1,"$room"]
c reset
status rooms.# == 0



=== TEST 14: what was missed is sent again: broadcasts, messages to one, and none that was for others
--- lua
local Room = {}
function Room:on_join(player) player:send({ hello = player.id }) end
function Room:on_message(player, m)
    for i = 1, m.n do self:broadcast({ i = i }) end
    self:broadcast({ others = true }, { except = player })
    for id, p in pairs(self.players) do p:send({ to = id }) end
end
function Room:on_drop(player) self:broadcast({ drop = player.id }) end
function Room:on_resume(player, complete)
    player:send({ complete = complete })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
b open /ws protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)","player":"(?<ben>\w+)","token":"(?<bent>\w+)"
b json {"hello":"$ben"}
a open /ws?room=$room protocol=ngx-game.v1+json
a ~ "player":"(?<ann>\w+)","token":"(?<token>\w+)".*"seen":0
a json {"hello":"$ann"}
b > {"n":2}
a json {"i":1}
a json {"i":2}
a json {"others":true}
a json {"to":"$ann"}
a reset
b until json {"drop":"$ann"}
b > {"n":3}
b until json {"to":"$ben"}
c open /ws?resume=$token&seen=4 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"resumed":true,"complete":true,"seen":4
c json {"to":"$ann"}
c json {"drop":"$ann"}
c json {"i":1}
c json {"i":2}
c json {"i":3}
c json {"others":true}
c json {"to":"$ann"}
c json {"complete":true}
c > {"n":0}
c json {"to":"$ann"}
c reset
b until json {"drop":"$ann"}
d open /ws?resume=$token&seen=12 protocol=ngx-game.v1+json
d ~ "token":"(?<token>\w+)".*"complete":true,"seen":12
d json {"to":"$ann"}
d json {"drop":"$ann"}
d json {"complete":true}
d reset
b until json {"drop":"$ann"}
e open /ws?resume=$token&seen=99 protocol=ngx-game.v1+json
e ~ "token":"(?<token>\w+)".*"complete":false,"seen":16
e json {"complete":false}
e reset
b until json {"drop":"$ann"}
x open /ws?resume=$token&seen=x protocol=ngx-game.v1+json status=403
x open /ws?resume=$token&seen=-1 protocol=ngx-game.v1+json status=403
f open /ws?resume=$token&seen=17 protocol=ngx-game.v1+msgpack
f ~ "complete":false,"seen":18
b reset
g open /ws?resume=$bent&seen=0 protocol=ngx-game.v1+json
g ~ "complete":true,"seen":0
g json {"hello":"$ben"}
g json {"i":1}



=== TEST 15: game_replay: more than is kept, too large a message, and off
--- lua
local Room = {}
function Room:on_message(player, m)
    self:broadcast(type(m) == "table" and string.rep("x", m.text) or m)
end
function Room:on_resume(player, complete) player:send({ complete = complete }) end
return Room
--- config
location /ws { game game.lua; game_replay 8k; game_message_rate off; }
location /off { game game.lua name=off; game_replay off; }
--- ws
b open /ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<ann>\w+)","token":"(?<token>\w+)"
a reset
status workers.*.away == 1
b count 1 200
b expect 1 200
c open /ws?resume=$token&seen=0 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"complete":true,"seen":0
c expect 1 200
c json {"complete":true}
c reset
status workers.*.away == 1
b count 1 600
b expect 1 600
c open /ws?resume=$token&seen=201 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"complete":false,"seen":801
c json {"complete":false}
c reset
status workers.*.away == 1
b > {"text":9000}
b ~ ^"x{9000}"$
b count 1 3
b expect 1 3
c open /ws?resume=$token&seen=803 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"complete":true,"seen":803
c expect 1 3
c json {"complete":true}
c reset
status workers.*.away == 1
b > {"text":9000}
b ~ ^"x{9000}"$
c open /ws?resume=$token&seen=807 protocol=ngx-game.v1+json
c ~ "complete":false,"seen":808
o open /off protocol=ngx-game.v1+json
o ~ "token":"(?<token>\w+)"
o > 1
o < 1
o reset
status workers.*.away == 1
p open /off?resume=$token&seen=1 protocol=ngx-game.v1+json
p ~ "token":"(?<token>\w+)".*"complete":true,"seen":1
p > 2
p json {"complete":true}
p < 2
p reset
status workers.*.away == 1
p open /off?resume=$token&seen=1 protocol=ngx-game.v1+json
p ~ "complete":false,"seen":3



=== TEST 16: what was missed survives a reload and the death of the room's worker
--- lua
local Room = {}
function Room:on_message(player, m) self:broadcast(m) end
function Room:on_resume(player, complete) player:send({ complete = complete }) end
return Room
--- workers: 4
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<ann>\w+)","token":"(?<token>\w+)"
b open /ws?room=$room off=a protocol=ngx-game.v1+json
b ~ "token":"(?<ben>\w+)"
b count 1 10
b expect 1 10
a expect 1 10
kill KILL worker of a
b count 11 20
b expect 11 20
c open /ws?resume=$token&seen=4 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"complete":true,"seen":4
c expect 5 20
c json {"complete":true}
c reset
status workers.*.away == 1
b count 21 30
b expect 21 30
reload
b count 31 40
b expect 31 40
c open /ws?resume=$token&seen=21 protocol=ngx-game.v1+json
c ~ "token":"(?<token>\w+)".*"complete":true,"seen":21
c expect 21 40
c json {"complete":true}
b reset
status workers.*.away == 1
b open /ws?resume=$ben&seen=40 protocol=ngx-game.v1+json
b ~ "complete":true,"seen":40
b json {"complete":true}



=== TEST 17: a message that could not be kept is a gap also for who adopts the room
--- lua
local Room = {}
function Room:on_message(player, m)
    self:broadcast(type(m) == "table" and string.rep("x", m.text) or m)
end
return Room
--- workers: 4
--- config
location /ws { game game.lua; game_replay 8k; game_checkpoint 60s; }
--- alerts: exited on signal 9
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)".*"token":"(?<token>\w+)"
b open /ws?room=$room off=a
a reset
status workers.*.away == 1
b > 1
b < 1
c open /ws?room=$room off=a
wait 0.2
b > {"text":9000}
b ~ ^"x{9000}"$
c ~ ^"x{9000}"$
owner of $room
kill KILL $owner
b > 2
b < 2
d open /ws?resume=$token&seen=1 protocol=ngx-game.v1+json
d ~ "complete":false



=== TEST 18: a token that was used stays so when the worker of the new session dies
--- lua eval: $::Game
--- workers: 4
--- http_config
game_guard off;
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
a open /ws?user=ann protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
b open /ws?user=ben&room=$room off=a
a reset
status workers.*.away == 1
c open /ws?resume=$token off=a,b protocol=ngx-game.v1+json
c ~ "token":"(?<next>\w+)".*"resumed":true
c > 1
c until json {"n":1}
kill KILL worker of c
status workers.*.away == 1
x open /ws?resume=$token status=403
d open /ws?resume=$next protocol=ngx-game.v1+json
d ~ "resumed":true



=== TEST 19: who knows a player's ids can't keep it from coming back
--- lua
local Room = {}
function Room:on_message(player, m)
    local t = game.now()
    while game.now() - t < 1 do end
end
return Room
--- workers: 4
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<player>\w+)","token":"(?<token>\w+)"
b open /ws?room=$room off=a
a reset
status workers.*.away == 1
b > "busy"
x handshake /ws?resume=${room}${player}00000000000010000000000001 on=b
c handshake /ws?resume=$token on=b protocol=ngx-game.v1+json
y handshake /ws?resume=${room}${player}00000000000010000000000001 on=b
y end
x answer status=403
c answer
c ~ "resumed":true
