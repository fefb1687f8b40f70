# Copyright (C) ngx_game authors

# A crowd that comes, talks and goes, while workers are killed and reloaded.
# In the end nothing is left: no session, player, room, slot, record or
# descriptor.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: coming and going
--- lua
local Room = { codec = "raw", max_players = 20 }
function Room:on_join(player)
    player.data.next = 1
    player:send("welcome")
end
function Room:on_message(player, message)
    if message ~= tostring(player.data.next) then player:kick(4001, message) end
    player.data.next = player.data.next + 1
    player:send(message)
    if player.data.next % 10 == 0 then self:broadcast("all") end
end
return Room
--- workers: 4
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws
descriptors remember
crowd churn /ws clients=200 seconds=4 seed=1
status rooms.# == 0
status zone.rooms.used == 0
status workers.# == 4
status workers.*.sessions == 0
status workers.*.players == 0
status workers.*.rooms == 0
status workers.*.ring.depth == 0
status workers.*.ring.dropped == 0
descriptors same



=== TEST 2: while workers are killed and new configurations come
--- lua
local Room = { codec = "raw", max_players = 20 }
function Room:on_auth(request) game.sleep(math.random() * 0.02) return true end
function Room:on_join(player)
    player.data.next = 1
    player:send("welcome")
end
function Room:on_message(player, message)
    local n = tonumber(message)
    if n < player.data.next then player:kick(4001, message) end
    player.data.next = n + 1
    player:send(message)
    if player.data.next % 10 == 0 then self:broadcast("all") end
end
return Room
--- main_config
worker_shutdown_timeout 1s;
--- workers: 4
--- config
location /ws { game game.lua; game_message_rate off; game_resume_timeout 1s; }
--- ws
descriptors remember
crowd churn /ws clients=200 seconds=10 seed=2 kill=12 reload=4
respawned
status workers.# == 4
status rooms.# == 0
status zone.rooms.used == 0
status zone.checkpoints.used == 0
status workers.*.sessions == 0
status workers.*.players == 0
status workers.*.rooms == 0
status workers.*.ring.depth == 0
descriptors same
a open /ws
a < welcome
b open /ws off=a
b < welcome
status rooms.# == 1
--- alerts: exited on signal 9
--- no_error_log
[crit]
[emerg]



=== TEST 3: game_session_limit counts right after all of this
--- lua
local Room = { codec = "raw", max_players = 20 }
function Room:on_join(player) player:send("welcome") end
function Room:on_message(player, message) player:send(message) end
return Room
--- main_config
worker_shutdown_timeout 1s;
--- workers: 4
--- config
location /ws { game game.lua; game_message_rate off; game_session_limit $server_port 60; }
--- ws
crowd churn /ws clients=50 seconds=4 seed=3 kill=6 reload=1
respawned
status workers.# == 4
status workers.*.sessions == 0
a open /ws times=60
b open /ws status=429
a close 1000
a close? 1000
c open /ws
--- alerts: exited on signal 9
--- no_error_log
[crit]
[emerg]
