# Copyright (C) ngx_game authors

# What crosses workers: in order, once, at any size, and also where a worker
# does not keep up.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: twelve players in four workers get what all have sent, in order
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) self:broadcast(message) end
return Room
--- workers: 4
--- config
location /ws { game game.lua; game_message_rate off; game_send_buffer 64m; }
--- ws
crowd storm /ws clients=12 messages=300 seconds=30
status rooms.# == 0
status workers.*.ring.dropped == 0



=== TEST 2: messages of all lengths around the chunks of a small ring
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 1m; }
--- ws
a open /ws
b open /ws off=a
b >rep 1 x
b <rep 1 x
b >rep 0 x
b <rep 0 x
b >rep 4047 x
b >rep 4048 x
b >rep 4049 x
b <rep 4047 x
b <rep 4048 x
b <rep 4049 x
b >rep 8096 x
b >rep 8097 x
b >rep 12144 x
b >rep 12145 x
b <rep 8096 x
b <rep 8097 x
b <rep 12144 x
b <rep 12145 x
b >rep 16192 x
b >rep 16193 x
b >rep 16384 x
b >rep 65536 x
b >rep 1 y
b <rep 16192 x
b <rep 16193 x
b <rep 16384 x
b <rep 65536 x
b <rep 1 y
status workers.*.ring.dropped == 0



=== TEST 3: the same with a large ring
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- zone: 64m
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 1m; }
--- ws
a open /ws
b open /ws off=a
b >rep 16335 x
b >rep 16336 x
b >rep 16337 x
b >rep 32672 x
b >rep 32673 x
b >rep 65344 x
b >rep 65345 x
b >rep 65536 x
b >rep 1048576 x
b >rep 1 y
b <rep 16335 x
b <rep 16336 x
b <rep 16337 x
b <rep 32672 x
b <rep 32673 x
b <rep 65344 x
b <rep 65345 x
b <rep 65536 x
b <rep 1048576 x
b <rep 1 y
status workers.*.ring.dropped == 0



=== TEST 4: messages of 1 to 16 MB to a room on another worker and back
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) self:broadcast(message) end
return Room
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 16m; game_send_buffer 64m; }
--- ws
a open /ws
b open /ws off=a
b >rep 1048576 x
a <rep 1048576 x
b <rep 1048576 x
b >rep 2097152 ab
b > small
a <rep 2097152 ab
a < small
b <rep 2097152 ab
b < small
b >rep 4194304 abcd
a <rep 4194304 abcd
b <rep 4194304 abcd
a >rep 4194304 1234
b <rep 4194304 1234
a <rep 4194304 1234
status workers.*.ring.dropped == 0



=== TEST 5: long and short messages of several players do not mix
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 8m; game_send_buffer 8m; }
--- ws
a open /ws
b open /ws off=a times=3
b >rep 4000000 b
b count 1 200
b2 >rep 3000000 c
b2 count 1 200
b3 count 1 200
b3 expect 1 200
b2 <rep 3000000 c
b2 expect 1 200
b <rep 4000000 b
b expect 1 200



=== TEST 6: the owner stands still: its players' sockets are not read, then all arrives
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_message_rate off; game_send_buffer 64m; }
--- ws
a open /ws
b open /ws off=a
stop worker of a
b >full 1000
b memory < 64
cont worker of a
b numbered 1 $sent 1000
b > end
b < end
status workers.*.ring.spilled > 0
status workers.*.ring.dropped == 0



=== TEST 7: the same with several players and long messages
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 1m; game_send_buffer 64m; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=b
stop worker of a
b >full 500000
b memory < 64
c >full 70000
c memory < 64
cont worker of a
c numbered 1 $sent 70000
c > end
c < end
b numbered 1 4 500000
status workers.*.ring.dropped == 0



=== TEST 8: players come and go while the owner of their room stands still
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=b
d open /ws on=b
stop worker of a
b >full 1000
c > late
c close 1000
d close 1000
d close? 1000
b reset
cont worker of a
c close? 1000
status workers.*.sessions == 1
status rooms.0.players == 1
a > fine
a < fine



=== TEST 9: a room broadcasts to a worker that stands still: all arrives later
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message)
    for i = 1, 5000 do
        local text = i .. " "
        self:broadcast(text .. ("x"):rep(400 - #text))
    end
end
return Room
--- workers: 3
--- config
location /ws { game game.lua; game_send_buffer 64m; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=a
stop worker of b
a > go
a numbered 1 5000 400
c numbered 1 5000 400
a memory < 64
cont worker of b
b numbered 1 5000 400
b none 0.1
status workers.*.ring.dropped == 0



=== TEST 10: a worker that stands still for too long: its players are closed, others miss nothing
--- lua
local Room = { codec = "raw", tick = 25 }
function Room:on_message(player, message)
    if message == "go" then self.state.next = 1 else self:broadcast(message) end
end
function Room:on_leave(player, reason) self:log("left: " .. reason .. " " .. self.count) end
function Room:on_tick()
    local i = self.state.next
    if i and i <= 72 then
        local text = i .. " "
        self:broadcast(text .. ("x"):rep(1000000 - #text))
        self.state.next = i + 1
    end
end
return Room
--- workers: 3
--- zone: 64m
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_send_buffer 128m; }
--- ws
a open /ws
b open /ws off=a
c open /ws off=a,b
stop worker of b
a > go
a numbered 1 72 1000000
c numbered 1 72 1000000
log ~ can't keep up
log ~ left: error 2
cont worker of b
b until ~ ^6\d 
b close~ 1013 ^the worker can't keep up$
a > still
a < still
c < still
status rooms.0.players == 2
status workers.*.sessions == 2
--- error_log
can't keep up



=== TEST 11: the same by send to one player
--- lua
local Room = { codec = "raw", tick = 25 }
function Room:on_message(player, message) self.state.next = 1 end
function Room:on_leave(player, reason) self:log("left: " .. reason .. " " .. self.count) end
function Room:on_tick()
    local i = self.state.next
    if i and i <= 72 then
        for _, player in pairs(self.players) do
            local text = i .. " "
            player:send(text .. ("x"):rep(1000000 - #text))
        end
        self.state.next = i + 1
    end
end
return Room
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_send_buffer 128m; }
--- ws
a open /ws
b open /ws off=a
stop worker of b
a > go
a numbered 1 72 1000000
log ~ left: error 1
cont worker of b
b until ~ ^6\d 
b close~ 1013 ^the worker can't keep up$
status rooms.0.players == 1
status workers.*.sessions == 1
--- error_log
can't keep up



=== TEST 12: an owner that stands still for too long: who is over the limit is closed and has left
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(#message .. "") end
return Room
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 16m; game_send_buffer 16m; }
--- ws
a open /ws
b open /ws off=a times=5
stop worker of a
b >rep 16777216 x
b2 >rep 16777216 x
b3 >rep 16777216 x
b4 >rep 16777216 x
b5 >rep 16777216 x
b5 close~ 1013 ^the room is too far behind$
b memory < 112
cont worker of a
b < 16777216
b2 < 16777216
b3 < 16777216
b4 < 16777216
status rooms.0.players == 5
status workers.*.sessions == 5
b > x
b < 1



=== TEST 13: the owner is killed while all wait for it: without checkpoints they are told, and nothing is kept for it
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 16m; game_send_buffer 16m; game_checkpoint off; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=b
d open /ws on=b
stop worker of a
b >full 1000
c >rep 16777216 x
d > late
kill KILL worker of a
c close~ 1011 the worker of the room has died
d close~ 1011 the worker of the room has died
b close? 1011
respawned
status workers.*.sessions == 0
status workers.*.ring.dropped > 100
e open /ws
e > fine
e < fine
--- alerts: exited on signal 9



=== TEST 14: the owner is killed while all wait for it: who takes over gets it all
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- workers: 2
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_message_rate off; game_message_max_size 16m; game_send_buffer 32m; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=b
d open /ws on=b
stop worker of a
b >full 1000
c >rep 16777216 x
d > late
kill KILL worker of a
b numbered 1 $sent 1000
c <rep 16777216 x
d < late
respawned
status rooms.0.players == 3
status workers.*.sessions == 3
d > fine
d < fine
--- alerts: exited on signal 9
