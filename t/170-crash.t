# Copyright (C) ngx_game authors

# A worker that is killed: what the others do about its rooms and players.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: the owner of a room is killed: players elsewhere are told by 1011
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
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



=== TEST 2: the worker of a player is killed: it leaves its room as lost
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



=== TEST 3: ten times
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



=== TEST 4: game_session_limit forgets what a killed worker held
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
b close? 1011
e open /ws
f open /ws
g open /ws
h open /ws status=429
--- alerts: exited on signal 9



=== TEST 5: a join that waits for a killed worker is answered
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.slow then game.sleep(5) end
    return true
end
function Room:on_join(player) player:send({ room = self.id }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b handshake /ws?slow=1&room=$room off=a
wait 0.2
kill KILL worker of a
b answer status=503
b body json {"error":"the worker of the room has died"}
respawned
--- alerts: exited on signal 9
