# Copyright (C) ngx_game authors

# Plain sessions that outlive their worker: another one goes on with them.

use lib 't/lib';
use TestGame;

# numbers at each tick; inputs, that are numbers, too, are kept
our $Game = <<'LUA';
local Room = { tick = 50 }
function Room:on_create() self.state = { n = 0, inputs = {} } end
function Room:on_tick()
    self.state.n = self.state.n + 1
    self:broadcast(self.state.n)
end
function Room:on_message(player, m)
    if m == "inputs" then
        player:send(table.concat(self.state.inputs, " "))
    else
        table.insert(self.state.inputs, m)
    end
end
function Room:on_drop(player, reason) self:log("dropped: " .. reason) end
function Room:on_resume(player) self:log("resumed") end
function Room:on_leave(player, reason) self:log("left: " .. reason) end
return Room
LUA

run_tests();

__DATA__

=== TEST 1: a killed worker's session goes on in another one, its room is elsewhere
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
a ~ "token":"(?<token>\w+)"
a ~ ^(?<n>\d+)$
status workers.*.guard.sessions == 2
a count 1 20
wait 0.1
kill KILL worker of a
a count 21 40
a follows $n 50
a > "inputs"
a until ~ ^"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40"$
status workers.*.guard.saved == 1
status workers.*.guard.lost == 0
b until ~ ^1\d\d$
respawned
status workers.*.guard.sessions == 2
--- no_error_log
dropped: lost
resumed
left: lost
[error]



=== TEST 2: the room was in the killed worker, too
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; game_checkpoint 1ms; }
--- alerts: exited on signal 9
--- ws
a open /ws tls=0 protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)"
a ~ ^(?<n>\d+)$
status workers.*.guard.sessions == 1
a count 1 20
wait 0.1
owner of $room
kill KILL $owner
a count 21 40
a follows $n 100 back
a > "inputs"
a until ~ ^"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40"$
status workers.*.guard.lost == 0
respawned
status workers.*.guard.sessions == 1
--- no_error_log
dropped: lost
resumed
left: lost
[error]



=== TEST 3: half a frame is in the worker's memory: the connection ends, and the player comes back
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
a ~ "player":"(?<player>\w+)","token":"(?<token>\w+)"
a ~ ^(?<n>\d+)$
c open /ws?room=$room tls=0 protocol=ngx-game.v1+json on=a
c ~ "player":"(?<other>\w+)","token":"(?<next>\w+)"
status workers.*.guard.sessions == 3
a >hex 8182
c >frame 1 fin=0 31
wait 0.2
kill KILL worker of a
a close? 1006
c close? 1006
log ~ dropped: lost
status workers.*.guard.saved == 0
status workers.*.guard.lost == 2
d open /ws?resume=$token&seen=1 tls=0 protocol=ngx-game.v1+json
d ~ "player":"$player".*"complete":true
d follows $n 9
e open /ws?resume=$next&seen=1 tls=0 protocol=ngx-game.v1+json
e ~ "player":"$other".*"complete":true



=== TEST 4: what the worker was sent, but did not write, is sent again
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; }
location /off { game game.lua name=off; game_replay off; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
a ~ "token":"(?<token>\w+)"
a ~ ^(?<n>\d+)$
p open /off tls=0 protocol=ngx-game.v1+json on=b
p ~ "room":"(?<other>\w+)"
o open /off?room=$other tls=0 protocol=ngx-game.v1+json on=a
o ~ "player":"(?<player>\w+)","token":"(?<next>\w+)"
o ~ ^\d+$
status workers.*.guard.sessions == 4
stop worker of a
a count 1 9
wait 0.3
kill KILL worker of a
a follows $n 50
a > "inputs"
a until ~ ^"1 2 3 4 5 6 7 8 9"$
o close? 1011
q open /off?resume=$next&seen=1 tls=0 protocol=ngx-game.v1+json
q ~ "player":"$player".*"complete":false



=== TEST 5: a client that does not read: a frame is half written, or waits
--- lua
local Room = {}
function Room:on_message(player, m)
    for i = 1, 200 do player:send({ n = i, text = ("x"):rep(60000) }) end
end
return Room
--- workers: 3
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_send_buffer 64m; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
a ~ "player":"(?<player>\w+)","token":"(?<token>\w+)"
status workers.*.guard.sessions == 2
a > 1
status workers.*.messages.out > 0
wait 0.5
kill KILL worker of a
a close? 1006
status workers.*.guard.saved == 0
status workers.*.guard.lost == 1
d open /ws?resume=$token&seen=0 tls=0 protocol=ngx-game.v1+json
d ~ "player":"$player".*"complete":false



=== TEST 6: hundreds of sessions, that move on from worker to worker
--- lua eval: $::Game
--- workers: 3
--- timeout: 30
--- config
location /ws { game game.lua; game_checkpoint 1ms; game_room_max_players 1000; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b times=200
a ~ welcome
a ~ ^(?<n>\d+)$
a200 ~ welcome
a200 ~ ^(?<last>\d+)$
c open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=a,b
status workers.*.guard.sessions == 202
kill KILL worker of a
status workers.*.guard.saved > 0
status workers.*.sessions == 202
respawned
wait 0.3
status workers.*.guard.sessions == 202
kill KILL worker of b
status workers.*.sessions == 202
respawned
wait 0.3
status workers.*.guard.sessions == 202
kill KILL worker of c
status workers.*.sessions == 202
respawned
wait 0.3
status workers.*.guard.sessions == 202
a count 1 9
a follows $n 200 back
a200 follows $last 200 back
a > "inputs"
a until ~ ^"1 2 3 4 5 6 7 8 9"$
status workers.*.away == 0
status workers.*.guard.lost == 0
--- no_error_log
dropped: lost
resumed
left: lost
[error]



=== TEST 7: the guard dies: another one is found
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; game_checkpoint 1ms; }
--- alerts: exited on signal 9
--- ws
a open /ws tls=0 protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)"
a ~ ^(?<n>\d+)$
b open /ws?room=$room tls=0 off=a
c open /ws?room=$room tls=0 off=a,b
status workers.*.guard.sessions == 1
kill KILL worker of b
respawned
wait 0.3
status workers.*.guard.sessions == 1
kill KILL worker of c
respawned
wait 0.3
status workers.*.guard.sessions == 1
kill KILL worker of a
a follows $n 100 back
status workers.*.guard.saved == 1
status workers.*.guard.lost == 0
--- no_error_log
dropped: lost
[error]



=== TEST 8: after a reload
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; game_checkpoint 1ms; }
--- alerts: exited on signal 9
--- ws
a open /ws tls=0 protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)"
a ~ ^(?<n>\d+)$
b open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=a
status workers.*.guard.sessions == 2
reload
status workers.*.guard.sessions == 2
a count 1 9
a follows $n 50 back
owner of $room
kill KILL $owner
b until ~ ^1\d\d$
a > "inputs"
a until ~ ^"1 2 3 4 5 6 7 8 9"$
status workers.*.guard.saved == 2
status workers.*.guard.lost == 0
--- no_error_log
dropped: lost
[error]



=== TEST 9: no descriptor is left behind, and a closed connection ends at once
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; game_room_max_players 1000; }
location /idle { game game.lua name=idle; game_idle_timeout 1s; game_ping_interval off; }
--- ws
a open /ws tls=0 protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)"
b open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=a
c open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=a,b
status workers.*.guard.sessions == 3
descriptors remember
d open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=a times=20
e open /idle tls=0 protocol=ngx-game.v1+json
status workers.*.guard.sessions == 24
d close 1000
d close? 1000
d2 end
d3 reset
e ignores close
e close? 1001
d4 >frame 3 00
d4 close? 1002
d5 reset
d6 reset
d7 reset
d8 close 1000
d8 close? 1000
d9 close 1000
d10 close 1000
d11 close 1000
d12 close 1000
d13 close 1000
d14 close 1000
d15 close 1000
d16 close 1000
d17 reset
d18 reset
d19 reset
d20 reset
status workers.*.guard.sessions == 3
descriptors same
kill KILL worker of a
status workers.*.guard.saved == 1
respawned
wait 0.3
status workers.*.guard.sessions == 3
b close 1000
b close? 1000
c reset
a reset
status workers.*.guard.sessions == 0
status workers.*.sessions == 0
--- alerts: exited on signal 9



=== TEST 10: deflate: guarded but with a context that only the worker has
--- lua eval: $::Game
--- workers: 3
--- config
location /ws { game game.lua; game_deflate on; }
location /context { game game.lua name=context; game_deflate on client_context_takeover=on; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b deflate
a ~ "token":"(?<token>\w+)"
a ~ ^(?<n>\d+)$
c open /context tls=0 protocol=ngx-game.v1+json on=b deflate
d open /context tls=0 on=b
status workers.*.guard.sessions == 2
a >z 1
a >z 2
wait 0.1
kill KILL worker of a
a >z 3
a follows $n 50
a > "inputs"
a until ~ ^"1 2 3"$
--- no_error_log
dropped: lost
[error]



=== TEST 11: off, and with one worker
--- lua eval: $::Game
--- workers: 2
--- http_config
game_guard off;
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
b open /ws tls=0 protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
wait 0.3
status workers.*.guard.sessions == 0
kill KILL worker of a
a close? 1006
log ~ dropped: lost



=== TEST 12: one worker
--- lua eval: $::Game
--- workers: 1
--- config
location /ws { game game.lua; }
--- ws
a open /ws tls=0 protocol=ngx-game.v1+json
a ~ welcome
wait 0.2
status workers.*.guard.sessions == 0
a count 1 3
a > "inputs"
a until ~ ^"1 2 3"$



=== TEST 13: neither plain clients nor TLS
--- lua eval: $::Game
--- tls
--- workers: 2
--- config
location /ws { game game.lua; }
--- alerts: exited on signal 9
--- ws
b open /ws tls protocol=ngx-game.v1+json
b ~ "room":"(?<room>\w+)"
p open /ws?room=$room tls=0 on=b
a open /ws?room=$room tls=0 protocol=ngx-game.v1+json off=b
status workers.*.guard.sessions == 1
kill KILL worker of b
b close? 1006
p close? 1006
a > 1
a > "inputs"
a until ~ ^"1"$
