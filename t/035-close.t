# Copyright (C) ngx_game authors

# The end of a connection (RFC 6455, 7): codes, reasons, who waits for whom.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', <<"END" . ($block->config // ''));
location = /echo {
    game $TestGame::Root/examples/echo/echo.lua;
    game_message_max_size 512k;
    game_send_buffer      1m;
}
END
});

run_tests();

__DATA__

=== TEST 1: 7.1, 7.3: a close frame is answered by the same code, and without one by none
--- ws
a open /echo
a > Hello World!
a close 1000
a < Hello World!
a close? 1000
b open /echo
b close
b close? 1005
c open /echo
c close 1000 Hello World!
c close? 1000



=== TEST 2: 7.7: all codes that may be sent
--- ws eval
CORE::join '', map { "a open /echo\na close $_\na close? $_\n" }
    1000 .. 1003, 1007 .. 1014, 3000, 3999, 4000, 4999



=== TEST 3: 7.9, 7.13: codes that may not
--- ws eval
CORE::join '', map { "a open /echo\na close $_\na close? 1002\n" }
    0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535



=== TEST 4: 7.3: payloads of one byte, of 125, of 126
--- ws eval
my $c = '*' x 123;
"a open /echo
a >frame 8 03
a close? 1002
b open /echo
b close 1000 $c
b close? 1000
c open /echo
c close 1000 $c*
c close? 1002
"



=== TEST 5: 7.5: a reason that is not UTF-8
--- ws
a open /echo
a >frame 8 03e8 cebae1bdb9cf83cebcceb5eda080656469746564
a close? 1007
b open /echo
b >frame 8 03e8 c3
b close? 1007
c open /echo
c >frame 8 03e8 c3b6
c close? 1000



=== TEST 6: 7.1: nothing counts behind a close frame
--- ws
a open /echo
a > first
a >hex 8882 00000000 03e8 8882 00000000 03e8 8980 00000000 8182 00000000 6869
a < first
a close? 1000
status workers.*.messages.in == 1



=== TEST 7: 7.1.5: a close frame inside a message
--- ws
a open /echo
a >frame 1 fin=0 6631
a close 1000
a >frame 0 6632
a close? 1000
status workers.*.messages.in == 0



=== TEST 8: 7.1.6: what was sent before a close frame arrives before it is answered
--- ws
a open /echo
a >rep 262144 B
a > Hello
a close 1000
a ping
a <rep 262144 B
a < Hello
a close? 1000



=== TEST 9: a close frame in pieces
--- ws
a open /echo
a sends pieces=1
a close 1001 away
a close? 1001



=== TEST 10: the game closes, with messages before it
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message)
        player:send("bye")
        player:kick(4005, "see you")
        player:send("too late")
    end
}
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > x
a < bye
a close~ 4005 ^see you$
b open /ws
b > x
b < bye
b > dropped
b > dropped
b close~ 4005 ^see you$
c open /ws
c sends pieces=1
c > x
c >rep 300 x
c < bye
c close~ 4005 ^see you$
status workers.*.messages.in == 3
status workers.*.sessions == 0



=== TEST 11: a reason that is too long is cut at a character
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message) player:kick(4005, message) end
}
--- config
location /ws { game game.lua; }
--- ws eval
my $o = '\xc3\xb6';
"a open /ws
a >rep 100 $o
a close~ 4005 ^($o){61}\$
b open /ws
b >rep 123 x
b close~ 4005 ^x{123}\$
c open /ws
c >bin fffe
c close~ 4005 ^\$
"



=== TEST 12: a close frame that is not answered: the end comes in 2 s
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message) player:kick(4005) end
}
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > x
a ignores close
takes 1.5 4 a close? 4005
status workers.*.sessions == 0



=== TEST 13: a broken rule is not waited for: the end comes at once
--- ws
a open /echo
a > x
a < x
a >frame 3
a ignores close
takes 0 1 a close? 1002



=== TEST 14: the server shuts first, and waits for the client's end
--- ws
a open /echo
a close 1000
takes 0 1 a close? 1000
a end
status workers.*.sessions == 0



=== TEST 15: a client that goes on sending 4 MB after its error still reads the code
--- ws
a open /echo
a >rep 4194304 x
a close~ 1009 too big
b open /echo
b >frame 3
b >rep 4194304 x
b close~ 1002 reserved opcode



=== TEST 16: the connection ends without a close frame, and by a reset
--- lua
return {
    on_leave = function(self, player, reason) self:log("left by " .. reason) end
}
--- config
location /ws { game game.lua; game_log logs/game.log; }
--- ws
a open /ws
a end
file game.log ~ code=1006 why=left
log ~ left by left
log ~ client closed connection without a close frame
b open /ws
b reset
file game.log ~ code=1006 why=left .*code=1006 why=left
status workers.*.sessions == 0



=== TEST 17: a code that the client closes with is not counted as a limit of ours
--- lua
local Game = { codec = "raw" }
function Game:on_message(player, m) player:kick(tonumber(m), "so it is") end
return Game
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a close 1008
a close? 1008
a open /ws
a close 1009
a close? 1009
a open /ws
a close 1002
a close? 1002
a open /ws
a close 1007
a close? 1007
a open /ws
a close 1013
a close? 1013
a open /ws
a > 4000
a close? 4000
status workers.*.closed.rate == 0
status workers.*.closed.size == 0
status workers.*.closed.invalid == 0
status workers.*.closed.slow == 0
a open /ws
a >frame 1 ff
a close? 1007
status workers.*.closed.invalid == 1
