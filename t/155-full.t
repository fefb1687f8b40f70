# Copyright (C) ngx_game authors

# What happens when something is used up: who asks is refused, a line in the
# log and a figure in the status say so, and all else goes on.

use lib 't/lib';
use TestGame;

worker_connections(64);
run_tests();

__DATA__

=== TEST 1: the registry is full: 503, a line, a figure, and all else goes on
--- lua
local Room = { keep = true }
function Room:on_create(options) if not options.open then self:lock() end end
function Room:on_auth(request) return request.args.stay ~= nil end
function Room:on_join(player) player:send({ room = self.id }) end
function Room:on_message(player, message)
    if message == "close" then self:close() else player:send({ message }) end
end
return Room
--- workers: 2
--- config
keepalive_requests 100000;
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- ws
a open /ws?stay=1
a ~ "room":"(?<room>[0-9a-z]{13})"
status zone.rooms.size < 6000
refused /ws 403 until 503
http GET /_worker 204
log ~ no room for another room of game "game": the registry is full, increase "game_zone"
b open /ws?stay=1 status=503
b body json {"error":"no room for another room"}
c open /other?stay=1 status=503
status workers.*.handshakes.full >= 2
a > "still"
a < ["still"]
a > "close"
a close? 1000
d open /ws?stay=1&open=1
d ~ "room":"(?<new>[0-9a-z]{13})"
e open /ws?stay=1&room=$new off=d
e json {"room":"$new"}
f open /other?stay=1 status=503
e > "close"
d close? 1000
e close? 1000
g open /other?stay=1
g json {"room":"~."}
--- error_log
the registry is full



=== TEST 2: no connection is left: sessions stay, the next client gets one that is free again
--- lua
return { on_message = function(self, player, message) player:send({ message }) end }
--- workers: 1
--- config
location /ws { game game.lua; game_room_max_players 100; }
--- ws
a open /ws times=max
log ~ 64 worker_connections are not enough
unanswered /ws
unanswered /ws
wait 0.5
a > 1
a < [1]
a2 > 2
a2 < [2]
a3 close 1000
a3 close? 1000
a3 end
wait 0.2
b open /ws
b > 3
b < [3]
a end
a2 end
status rooms.0.players > 40
--- alerts: worker_connections are not enough



=== TEST 3: a worker without a free connection takes part, and sees others come and die
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id }) end
function Room:on_leave(player, reason) self:broadcast({ left = reason }) end
function Room:on_message(player, message) self:broadcast(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_room_max_players 100; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room"}
p open /ws times=max on=a
kill KILL worker of b
a until json {"left":"lost"}
respawned
c open /ws?room=$room off=a
c json {"room":"$room"}
c > "hello"
a < "hello"
c < "hello"
kill KILL worker of c
a json {"left":"lost"}
respawned
d open /ws?room=$room off=a
d json {"room":"$room"}
d close 1000
d close? 1000
a json {"left":"left"}
--- alerts: exited on signal 9|worker_connections are not enough
