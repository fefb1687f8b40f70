# Copyright (C) ngx_game authors

# Draining, by game_control and by game_drain, and what rooms learn of it and
# of a quit.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    my $config = $block->config // '';
    $block->set_value('config', "location = /control { game_control; }\n"
                                . $config) if $config !~ /game_control/;
});

run_tests();

__DATA__

=== TEST 1: no room is made any more, those that there are take joins
--- lua
local Room = { max_players = 2 }
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
http GET /control 200 json {"draining":false,"left":null,"rooms":0,"players":0}
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
http POST /control?drain=on 200 json {"draining":true,"left":"~^(60|59\\.)","rooms":1,"players":1}
http GET /control 200 json {"draining":true,"left":"~^(60|59\\.)"}
status drain.draining == 1
status drain.rooms == 1
status drain.players == 1
b open /ws off=a
b json {"room":"$room","n":2}
c open /ws status=503
c body json {"error":"the server is draining"}
c header Retry-After ~ ^(5\d|60)$
c open /ws?room=$room status=503
c body json {"error":"the room is full"}
a close 1000
a close? 1000
status drain.players == 1
c open /ws?room=$room off=b
c json {"room":"$room","n":2}
http POST /control?drain=off 200 json {"draining":false,"left":null,"rooms":1,"players":2}
d open /ws
d json {"n":1}
--- error_log
draining: no new rooms, those that are left are closed in 60000 ms
not draining any more
--- no_error_log
[error]
[alert]



=== TEST 2: on_shutdown in each room, once in a drain, with the seconds that are left
--- lua
local Room = { max_players = 1 }
function Room:on_create() self.state.n = 0 end
function Room:on_shutdown(grace)
    self.state.n = self.state.n + 1
    self:broadcast({ grace = grace, n = self.state.n })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
c open /ws
http POST /control?drain=on&grace=30
a json {"grace":"~^(30|29\\.[5-9])","n":1}
b json {"grace":"~^(30|29\\.[5-9])","n":1}
c json {"grace":"~^(30|29\\.[5-9])","n":1}
a none 0.5
b none 0.1
http POST /control?drain=on&grace=1m
a json {"grace":"~^(60|59\\.[5-9])","n":2}
b json {"grace":"~^(60|59\\.[5-9])","n":2}
c json {"grace":"~^(60|59\\.[5-9])","n":2}
http POST /control?drain=off
a none 0.5
http POST /control?drain=on&grace=1h
a json {"grace":"~^(3600|3599\\.[5-9])","n":3}
b json {"n":3}
c json {"n":3}



=== TEST 3: the grace is over: rooms are closed with 1012, no new ones are made
--- lua
local Room = { max_players = 1 }
function Room:on_leave(player, reason) self:log("left: " .. reason) end
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
http POST /control?drain=on&grace=1
a none 0.5
a close~ 1012 ^shutdown$
b close~ 1012 ^shutdown$
log ~ left: closed
log ~ closed: shutdown
log ~ closing \d rooms: the grace of the drain is over
log ~ drained: no room is left, nginx may be stopped
wait 0.5
file error.log ~ ^(?!.*drained:.*drained:)
http GET /control 200 json {"draining":true,"left":0,"rooms":0,"players":0}
c open /ws status=503
c header Retry-After ~ ^10$
http POST /control?drain=off
c open /ws



=== TEST 4: no grace at all: rooms are told, and then closed
--- lua
local Room = {}
function Room:on_shutdown(grace) self:broadcast({ bye = grace }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
http POST /control?drain=on&grace=0
a json {"bye":0}
a close~ 1012 ^shutdown$



=== TEST 5: rooms that end before: by their script, by their last player, and kept ones that are empty
--- lua
local Room = {}
function Room:on_shutdown() self:close("maintenance") end
return Room
>>> plain.lua
return {}
>>> kept.lua
local Room = { keep = true }
function Room:on_shutdown() self:log("told, with " .. self.count .. " players") end
return Room
--- config
location /ws { game game.lua; }
location /plain { game plain.lua; }
location /kept { game kept.lua; }
--- ws
a open /ws
b open /plain
c open /kept
d open /kept?new=1
c close 1000
c close? 1000
d close 1000
d close? 1000
status rooms.# == 3
status rooms.*.players == 2
http POST /control?drain=on
a close~ 1000 ^maintenance$
log ~ told, with 0 players
status rooms.# == 1
d open /kept status=503
e open /plain
e close 1000
e close? 1000
status rooms.# == 1
b close 1000
b close? 1000
log ~ drained: no room is left
status drain.rooms == 0
status drain.left > 50



=== TEST 6: a room that is being made is told when it is made
--- lua
local Room = {}
function Room:on_create() game.sleep(0.8) end
function Room:on_shutdown(grace) self:broadcast({ grace = grace }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a handshake /ws
wait 0.2
http POST /control?drain=on 200 json {"rooms":1}
a answer
a json {"grace":"~^59"}



=== TEST 7: a drain outlives a worker and a configuration, and is told once
--- lua
local Room = {}
function Room:on_create() self.state.told = 0 end
function Room:on_shutdown() self.state.told = self.state.told + 1 end
function Room:on_message(player, m) player:send({ told = self.state.told, version = self.version }) end
Room.version = 1
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- ws
a open /ws
b open /ws off=a
http POST /control?drain=on
wait 0.5
kill KILL worker of a
b > 1
b json {"told":1}
respawned
b > 1
b json {"told":1}
status workers.*.handover.rooms_adopted == 1
c open /other status=503
c body json {"error":"the server is draining"}
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status rooms.0.version == 2
b > 1
b json {"told":1,"version":2}
wait 0.3
b > 1
b json {"told":1,"version":2}
c open /other status=503
http GET /control 200 json {"draining":true,"left":"~^5","rooms":1}
http POST /control?drain=off
c open /other
--- alerts: exited on signal 9



=== TEST 8: a room whose worker dies before it has told it is told by the next one
--- lua
local Room = {}
function Room:on_join(player) player:send({ n = self.count }) end
function Room:on_shutdown(grace) self:broadcast({ grace = grace }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"n":1}
b open /ws off=a
b json {"n":2}
wait 0.3
http POST /control?drain=on
kill KILL worker of a
b json {"grace":"~^(60|59)"}
respawned
--- alerts: exited on signal 9



=== TEST 9: what is refused changes nothing
--- config
location = /control { game_control; }
location = /pages { game_control; game_origins same https://ops.example.com; }
--- ws
http POST /control 400 json {"error":"\"drain\" must be on or off"}
http POST /control?drain 400 json {"error":"\"drain\" must be on or off"}
http POST /control?drain= 400 json {"error":"\"drain\" must be on or off"}
http POST /control?drain=onn 400 json {"error":"\"drain\" must be on or off"}
http POST /control?grace=5 400 json {"error":"\"drain\" must be on or off"}
http POST /control?drain=on&grace= 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=on&grace=x 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=on&grace=-1 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=on&grace=3601 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=on&grace=99999999999999999999 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=on&grace 400 json {"error":"\"grace\" must be a time of at most 1h"}
http POST /control?drain=off&grace=5 400 json {"error":"\"grace\" goes with drain=on only"}
http POST /control?drain=on&drain=off 400 json {"error":"an argument is there twice"}
http POST /control?drain=on&time=5 400 json {"error":"unknown argument: there are \"drain\" and \"grace\""}
http POST /control?drain=on& 200 json {"draining":true}
http POST /control?drain=off&& 400 json {"error":"~unknown argument"}
http POST /control?drain=off 200 json {"draining":false}
http POST /control?drain=off 200 json {"draining":false}
http POST /control?drain=on 403 header="Origin: http://evil.example" json {"error":"this origin is not allowed"}
http POST /pages?drain=on 403 header="Origin: http://evil.example" json {"error":"this origin is not allowed"}
http GET /control?drain=on 200 json {"draining":false}
http HEAD /control?drain=on 200
http PUT /control?drain=on 405 json {"error":"GET shows, POST changes"}
http DELETE /control?drain=on 405
a open /control?drain=on method=PUT status=405
a header Allow ~ ^GET, HEAD, POST$
http GET /control 200 json {"draining":false}
http POST /pages?drain=on&grace=90s 200 header="Origin: https://ops.example.com" json {"draining":true,"left":"~^(90|89)"}



=== TEST 10: access to it is restricted as to any location, also by the method
--- config
location = /control { game_control; limit_except GET { deny all; } }
location = /open { game_control; limit_except GET { allow all; } }
location = /closed { game_control; deny all; }
--- ws
http POST /control?drain=on 403
http GET /closed 403
http POST /closed?drain=on 403
http GET /control 200 json {"draining":false}
http POST /open?drain=on 200 json {"draining":true}
http GET /control 200 json {"draining":true}
--- error_log
access forbidden by rule



=== TEST 11: game_drain: rooms stay in the old workers, which are gone with the last one
--- lua
local Room = { version = 1 }
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_shutdown(grace) self:broadcast({ shutdown = grace or "open" }) end
function Room:on_message(player, m) self:broadcast({ m, self.version }) end
return Room
--- workers: 2
--- http_config
game_drain off;
--- config
location /ws { game game.lua; }
location /other { game game.lua name=other; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"n":2}
a header X-Worker ~ (?<owner>\d+)
edit conf/nginx.conf s/game_drain off/game_drain on/
edit conf/game.lua s/version = 1/version = 2/
signal HUP
a json {"shutdown":"open"}
b json {"shutdown":"open"}
status workers.*.exiting == 2
status workers.# == 4
a none 1.3
b > 1
a < [1,1]
b < [1,1]
status rooms.0.term == 1
http GET /control 200 json {"draining":true,"left":null,"rooms":1,"players":2}
http POST /control?drain=off 409 json {"error":"\"game_drain\" is on, until a reload"}
http POST /control?drain=on 409 json {"error":"\"game_drain\" is on, until a reload"}
# its seats are still to be had
c open /ws
c json {"room":"$room","n":3}
d open /ws?room=$room
d json {"room":"$room","n":4}
d close 1000
d close? 1000
e open /other status=503
e body json {"error":"the server is draining"}
e header Retry-After ~ ^10$
c > 2
c < [2,1]
a close 1000
a close? 1000
b close 1000
b close? 1000
status workers.*.exiting == 1
c > 3
c until < [3,1]
c close 1000
c close? 1000
status workers.# == 2
status workers.*.exiting == 0
log ~ drained: no room is left, nginx may be stopped
e open /ws status=503
edit conf/nginx.conf s/game_drain on/game_drain off/
reload
http GET /control 200 json {"draining":false}
e open /ws
e > 1
e until < [1,2]



=== TEST 12: game_drain with worker_shutdown_timeout
--- lua
local Room = {}
function Room:on_shutdown(grace) self:broadcast({ shutdown = grace }) end
return Room
--- main_config
worker_shutdown_timeout 3s;
--- workers: 2
--- http_config
game_drain off;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
edit conf/nginx.conf s/game_drain off/game_drain on/
signal HUP
a json {"shutdown":"~^(3|2\\.[5-9])"}
status workers.# == 3
a none 1
a close? 1012
status workers.# == 2
status drain.rooms == 0



=== TEST 13: game_drain is off again before the rooms have ended: they go on in the new workers
--- lua
local Room = { version = 1 }
function Room:on_create() self.state.told = 0 end
function Room:on_shutdown(grace) self.state.told = self.state.told + 1 end
function Room:on_message(player, m) player:send({ told = self.state.told, version = self.version }) end
return Room
--- workers: 2
--- http_config
game_drain off;
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0
edit conf/nginx.conf s/game_drain off/game_drain on/
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status workers.*.exiting == 1
# a reload does not begin another drain
signal HUP
status workers.*.exiting == 1
status workers.0.generation ~ ^(?<first>[123])$
wait 0.5
a > 1
a json {"told":1,"version":1}
edit conf/nginx.conf s/game_drain on/game_drain off/
reload
a > 1
a json {"told":1,"version":2}
status workers.# == 2
http POST /control?drain=on
wait 0.4
a > 1
a json {"told":2,"version":2}



=== TEST 14: who is away comes back to a room in an old worker, by a new one
--- lua
local Room = { version = 1 }
function Room:on_message(player, m) player:send({ m, self.version }) end
return Room
--- workers: 2
--- http_config
game_drain off;
--- config
location /ws { game game.lua; }
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "token":"(?<token>[0-9a-z]{52})"
edit conf/nginx.conf s/game_drain off/game_drain on/
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status workers.*.exiting == 1
a reset
status workers.*.away == 1
wait 0.5
b open /ws?resume=$token protocol=ngx-game.v1+json
b ~ "resumed":true
b > 1
b < [1,1]
b close 1000
b close? 1000
status workers.# == 2
status workers.*.exiting == 0



=== TEST 15: a start with game_drain
--- lua
return {}
--- http_config
game_drain on;
--- config
location /ws { game game.lua; }
--- ws
a open /ws status=503
a body json {"error":"the server is draining"}
log ~ drained: no room is left
status drain.draining == 1
edit conf/nginx.conf s/game_drain on/game_drain off/
reload
a open /ws



=== TEST 16: a quit: rooms that stay are told, and have worker_shutdown_timeout
--- lua
local Room = { max_players = 1 }
function Room:on_shutdown(grace) self:broadcast({ shutdown = grace }) end
return Room
>>> kept.lua
local Room = { keep = true }
function Room:on_shutdown(grace) self:log("kept one told: " .. grace) end
function Room:on_close(reason) self:log("kept one closed: " .. reason) end
return Room
--- main_config
worker_shutdown_timeout 2s;
--- config
location /ws { game game.lua; }
location /kept { game kept.lua; }
--- ws
a open /ws
b open /ws off=a
c open /kept
c close 1000
c close? 1000
status rooms.*.players == 2
signal QUIT
a json {"shutdown":"~^(2|1\\.9)"}
b json {"shutdown":"~^(2|1\\.9)"}
log ~ kept one told: .*kept one closed: shutdown
a none 1
a close? 1012
b close? 1012



=== TEST 17: a quit without worker_shutdown_timeout
--- lua
local Room = { max_players = 1 }
function Room:on_shutdown(grace) self:broadcast({ shutdown = grace or "open" }) end
function Room:on_message(player, m) player:send(m) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
signal QUIT
a json {"shutdown":"open"}
a none 1.3
a > 1
a < 1



=== TEST 18: a quit is a part of a drain, and the drain still closes what is left
--- lua
local Room = {}
function Room:on_shutdown(grace) self:broadcast({ shutdown = grace }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
http POST /control?drain=on&grace=2
a json {"shutdown":"~^(2|1)"}
signal QUIT
a none 1
a close? 1012



=== TEST 19: an error of on_shutdown, and one that waits
--- lua
local Room = { max_players = 1 }
function Room:on_join(player, options) self.state.bad = options.bad end
function Room:on_shutdown(grace)
    if self.state.bad then error("no end") end
    game.sleep(0.3)
    self:broadcast("told")
end
function Room:on_message(player, m) player:send(m) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws?bad=1
b open /ws
http POST /control?drain=on
b < "told"
log ~ on_shutdown failed in room \w+ of game "game": .*game\.lua:4: no end
a > 1
a < 1
a none 0.3
--- error_log
no end
