# Copyright (C) ngx_game authors

# Pings, the round trip that they measure, and the idle timeout.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('lua', <<'END') if !defined $block->lua;
return {
    codec = "raw",
    on_message = function(self, player, message)
        player:send(tostring(player:rtt()))
    end,
    on_leave = function(self, player, reason) self:log("left by " .. reason) end
}
END
});

run_tests();

__DATA__

=== TEST 1: the round trip of a ping, in the game and in game_log
--- config
location /ws { game game.lua; game_ping_interval 300ms; game_log logs/game.log; }
--- ws
a open /ws nopong
a > ?
a < nil
a ping?
wait 0.15
a pong
a > ?
a ~ ^0\.(1[5-9]|2)
a close 1000
a close? 1000
file game.log ~ rtt=(1[5-9]|2)\d+ms\n$



=== TEST 2: only the answer to the last ping counts
--- config
location /ws { game game.lua; game_ping_interval 200ms; }
--- ws
a open /ws nopong
a pong 12345678
a ping?
a pong 12345678
a >frame 10
a pong a pong that is longer than any ping was
a > ?
a < nil
a ping?
a pong
a > ?
a ~ ^0\.
a pong
a > ?
a ~ ^0\.



=== TEST 3: the first ping comes after the interval, and then regularly
--- config
location /ws { game game.lua; game_ping_interval 300ms; }
--- ws
a open /ws
takes 0.25 1 a ping?
takes 0.2 1 a ping?
takes 0.2 1 a ping?
a > ?
a ~ ^0\.



=== TEST 4: a player on another worker than its room is measured, too
--- config
location /ws { game game.lua; game_ping_interval 200ms; }
--- ws
a open /ws nopong
b open /ws off=a nopong
b ping?
wait 0.1
b pong
wait 0.05
b > ?
b ~ ^0\.[1-9]



=== TEST 5: who answers pings stays, who does not is closed
--- config
location /ws { game game.lua; game_ping_interval 200ms; game_idle_timeout 700ms; game_log logs/game.log; }
--- ws
b open /ws nopong
a open /ws
a ping?
a ping?
a ping?
a ping?
a ping?
a > ?
a ~ ^0\.
status workers.*.sessions == 1
b close~ 1001 idle timeout
file game.log ~ code=1001 why=timeout
log ~ left by timeout



=== TEST 6: without pings, who is silent is closed, and who sends is not
--- config
location /ws { game game.lua; game_ping_interval off; game_idle_timeout 600ms; }
--- ws
a open /ws
b open /ws
wait 0.4
a >frame 10
wait 0.3
a >frame 1 fin=0 78
b close? 1001
wait 0.2
a >frame 0 78
a < nil
takes 0.4 2 a close~ 1001 idle timeout



=== TEST 7: messages of the server do not keep a client
--- lua
local Room = { codec = "raw" }
function Room:on_join() self:every(0.1, "beat") end
function Room:beat() self:broadcast("beat") end
return Room
--- config
location /ws { game game.lua; game_ping_interval off; game_idle_timeout 600ms; }
--- ws
a open /ws
a < beat
takes 0.2 2 a close~ 1001 idle timeout



=== TEST 8: the time that a room takes for its answer is not idle
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message)
        game.sleep(0.1)
        player:send(message)
    end
}
--- config
location /ws { game game.lua; game_ping_interval 200ms; game_idle_timeout 500ms; }
--- ws
a open /ws
a > one
a > two
a < one
a < two
wait 0.3
a > three
a < three



=== TEST 9: a client that pings is not idle
--- config
location /ws { game game.lua; game_ping_interval off; game_idle_timeout 600ms; }
--- ws
a open /ws
wait 0.4
a ping x
a pong? x
wait 0.4
a ping y
a pong? y
wait 0.4
a > ?
a < nil
