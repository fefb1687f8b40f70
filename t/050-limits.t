# Copyright (C) ngx_game authors

# What bounds a client: the size and the rate of its messages, how far it may
# fall behind in reading, and how many sessions it may have.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: game_message_max_size: a message of just that size, and of one byte more
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_max_size 1000; }
--- ws
a open /echo
a echo 999 1000
a echo binary 1000
a >rep 1001 x
a close~ 1009 message is too big
b open /echo
b sends fragments=400
b echo 1000
b >rep 1001 x
b close? 1009
status workers.*.closed.size == 2
log ~ closing session with code 1009, message is too big



=== TEST 2: a message that is too large is refused by its header, before it comes
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_max_size 1000; }
--- ws
a open /echo
a >hex 81fe03e9
a close? 1009
b open /echo
b >hex 82ff7fffffffffffffff
b close? 1009
c open /echo
c >hex 81fe03e800000000
c none 0.1
c end
d open /echo
d >frame 1 fin=0 rep=600 78
d >hex 80fe0191
d close? 1009



=== TEST 3: a bound below a text's frame header counts payload alone
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_max_size 1; }
--- ws
a open /echo
a echo 0 1
a sends pieces=1 fragments=1
a echo 1
a > xy
a close? 1009



=== TEST 4: game_message_rate: what comes at once, and what comes too fast
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_rate 1r/s burst=5; }
--- ws
a open /echo
a >burst 30
a < 0
a < 0
a < 0
a < 0
a < 0
a < 0
a close~ 1008 message rate exceeded
status workers.*.closed.rate == 1
status workers.*.messages.in == 6



=== TEST 5: the rate is that of each client, and comes back with time
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_rate 10r/s burst=4; }
--- ws
a open /echo
b open /echo on=a
a echo 1 1 1 1 1
b echo 1 1 1 1 1
wait 0.6
a echo 1 1 1 1 1
wait 0.6
a echo 1 1 1
b >burst 20
b close? 1008
a > still here
a < still here



=== TEST 6: pings and pongs are counted, the fragments of a message are not
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_rate 1r/s burst=5; }
--- ws
a open /echo
a sends fragments=1
a echo 300
b open /echo
b >hex 898000000000 898000000000 898000000000 898000000000 898000000000 898000000000 898000000000
b close? 1008
c open /echo
c >hex 8a8000000000 8a8000000000 8a8000000000 8a8000000000 8a8000000000 8a8000000000 8a8000000000
c close? 1008



=== TEST 7: without a rate, a thousand at once
--- config
location = /echo { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_message_rate off; }
--- ws
a open /echo
a count 1 1000
a expect 1 1000



=== TEST 8: a client that reads too slowly is closed with 1013
--- lua
return {
    codec = "raw",
    on_message = function(self, player, n)
        for i = 1, tonumber(n) do player:send(("x"):rep(60000)) end
    end,
    on_leave = function(self, player, reason) self:log("left by " .. reason) end
}
--- config
location /ws { game game.lua; game_log logs/game.log; }
--- ws
a open /ws
a > 500
log ~ \[warn\].*client reads too slowly, \d+ bytes wait: see "game_send_buffer"
log ~ left by error
status workers.*.closed.slow == 1
status workers.*.sessions == 0
a <rep 60000 x
a close~ 1013 client reads too slowly
file game.log ~ code=1013 why=error



=== TEST 9: a client that never reads again is gone all the same, others are not
--- lua
return {
    codec = "raw",
    on_message = function(self, player, n)
        for i = 1, tonumber(n) do self:broadcast(("x"):rep(60000)) end
    end
}
--- config
location /ws { game game.lua; game_log logs/game.log; game_send_buffer 16m; game_message_rate off; }
location /slow { game game.lua; game_log logs/game.log; game_send_buffer 4k; game_message_max_size 4k; }
--- ws
a open /slow
b open /ws on=a
b > 200
b <rep 60000 x
status workers.*.sessions == 1
wait 4
file game.log ~ code=1013 why=error
b > 1
b until <rep 60000 x



=== TEST 10: a client that reads late, but within its buffer, gets all
--- lua
return {
    codec = "raw",
    on_message = function(self, player, n)
        for i = 1, tonumber(n) do player:send(i .. " " .. ("x"):rep(60000)) end
    end
}
--- config
location /ws { game game.lua; game_send_buffer 20m; }
--- ws eval
CORE::join '', "a open /ws\na > 300\nwait 0.3\n", map { "a ~ ^$_ x{60000}\n" } 1 .. 300



=== TEST 11: one message may be larger than the buffer
--- lua
return {
    codec = "raw",
    on_message = function(self, player, n)
        local half = ("x"):rep(n / 2)
        player:send(half .. half)
    end
}
--- config
location /ws { game game.lua; game_send_buffer 4k; game_message_max_size 4k; }
--- http_config
game_script_timeout 5s;
--- ws
a open /ws
a > 20000000
wait 0.2
a <rep 20000000 x
a > 6
a < xxxxxx



=== TEST 12: a client that takes nothing for the idle time, though it sends, is gone
--- lua
return {
    codec = "raw",
    on_message = function(self, player, n)
        local half = ("x"):rep(n / 2)
        player:send(half .. half)
    end
}
--- config
location /ws { game game.lua; game_ping_interval off; game_idle_timeout 600ms; game_log logs/game.log; }
--- http_config
game_script_timeout 5s;
--- ws
a open /ws
a > 20000000
wait 0.3
a >frame 10
wait 0.2
a >frame 10
log ~ client timed out.* while sending to a player
file game.log ~ code=1006 why=timeout
status workers.*.sessions == 0



=== TEST 13: game_session_limit counts over all workers and locations
--- config
location = /one { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_session_limit $arg_key 2; }
location = /two { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_session_limit $arg_key 3; }
--- ws
a open /one?key=k
b open /two?key=k off=a
c open /one?key=k on=a status=429
c header Retry-After ~ ^1$
c body json {"error":"too many sessions"}
c open /one?key=k on=b status=429
d open /two?key=k
h open /two?key=k status=429
e open /one?key=other
e open /one
f open /one
g open /one
status workers.*.handshakes.limit == 3
log ~ too many sessions of one key, see "game_session_limit"



=== TEST 14: a place is free again when a session ends, however it does
--- config
location = /one { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_session_limit $remote_addr 1; }
--- ws
a open /one
b open /one off=a status=429
a close 1000
a close? 1000
b open /one off=a
c open /one status=429
b reset
status workers.*.sessions == 0
c open /one
c >frame 3
c close? 1002
d open /one



=== TEST 15: a refused or given up handshake takes no place
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.slow then game.sleep(1) end
    return request.args.no == nil
end
return Room
--- config
location /ws { game game.lua; game_session_limit $remote_addr 1; }
--- ws
a open /ws?no=1 status=403
wait 0.1
a open /ws?no=1 status=403
wait 0.1
a handshake /ws?slow=1
wait 0.2
b open /ws status=429
a reset
wait 0.2
b open /ws
c open /ws status=429



=== TEST 16: many small broadcasts to who does not read take no more than game_send_buffer
--- lua
local Room = { max_players = 1, tick = 240 }
function Room:on_join(player)
    player:send(("x"):rep(8000000))
    self.state.joined = true
end
function Room:on_tick()
    if self.state.joined then self:broadcast(1) end
end
return Room
--- workers: 1
--- config
location /ws { game game.lua; game_send_buffer 32m; }
--- ws
a open /ws tls=0 times=8
wait 7
a memory < 100
