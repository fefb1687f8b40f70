# Copyright (C) ngx_game authors

# What one read brings is handled by one entry into Lua, and what a session is
# sent in one turn is one write: none of this may be seen.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: broadcasts, some with except, and messages to one keep their order
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message)
    self:broadcast("1")
    player:send("2")
    self:broadcast("3", { except = player })
    player:send("4")
    self:broadcast("5")
    self:broadcast("6", { except = player })
    self:broadcast("7")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=a
a > go
a < 1
a < 2
a < 4
a < 5
a < 7
b < 1
b < 3
b < 5
b < 6
b < 7
c < 1
c < 3
c < 5
c < 6
c < 7
b > go
b < 1
b < 2
b < 4
b < 5
b < 7
a < 1
a < 3
a < 5
a < 6
a < 7



=== TEST 2: who joins in a turn gets what is broadcast from then on
--- lua
local Room = { codec = "raw" }
function Room:on_join(player) self:broadcast("joined") end
function Room:on_message(player, message) self:broadcast(message) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a < joined
a " . ::packet('1', '2') . "
b open /ws on=a
a < 1
a < 2
a < joined
b < joined
a > 3
a < 3
b < 3"



=== TEST 3: players of several codecs, with and without deflate, in one room
--- lua
local Room = {}
function Room:on_message(player, message)
    for i = 1, 3 do self:broadcast({ i = i, text = ("x"):rep(300) }) end
    player:send("end")
end
return Room
--- config
location /ws { game game.lua; game_deflate on; }
--- ws
a open /ws
b open /ws deflate on=a
c open /ws off=a
a > 1
a json {"i":1}
a json {"i":2}
a json {"i":3}
a < "end"
b json {"i":1}
b json {"i":2}
b json {"i":3}
c json {"i":1}
c json {"i":2}
c json {"i":3}
b close 1000
b close? 1000
a > 1
a json {"i":1}
a json {"i":2}
a json {"i":3}
a < "end"



=== TEST 4: a handler that fails among the messages of one read
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == 3 then error("three") end
    player:send(message)
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(1 .. 6) . "
a < 1
a < 2
a < 4
a < 5
a < 6
b open /ws off=a
b " . ::packet(1 .. 4) . "
b < 1
b < 2
b < 4
status workers.*.script.errors == 2"
--- error_log eval
qr/on_message failed in room \w{13} of game "game" for player \w{13}: .*game\.lua:3: three/
--- no_error_log
[ngx_game]
[alert]



=== TEST 5: a handler that waits among the messages of one read
--- lua
local Room = {}
function Room:on_message(player, message)
    if message % 2 == 0 then game.sleep(message / 20) end
    player:send(message)
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(4, 1, 2, 3, 5) . "
a < 1
a < 3
a < 5
a < 2
a < 4
a " . ::packet(7, 2, 9) . "
a < 7
a < 9
a < 2"



=== TEST 6: a handler that kicks its player drops what came behind
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == 3 then player:kick(4001, "enough") end
    self.state.last = message
    player:send(message)
end
function Room:on_leave() game.log("info", "the last was " .. self.state.last) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(1 .. 6) . "
a < 1
a < 2
a close? 4001
log ~ the last was 3"



=== TEST 7: what is no JSON among the messages of one read
--- lua
local Room = {}
function Room:on_message(player, message) player:send(message) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(1, 2, '{', 4) . "
a < 1
a < 2
a close? 1007"



=== TEST 8: too many messages in one read: those before are handled
--- lua
local Room = {}
function Room:on_message(player, message) player:send(message) end
return Room
--- config
location /ws { game game.lua; game_message_rate 1r/s burst=2; }
--- ws eval
"a open /ws
a " . ::packet(1 .. 5) . "
a < 1
a < 2
a < 3
a close? 1008"



=== TEST 9: a close frame, a broken frame and a ping behind messages
--- lua
local Room = {}
function Room:on_message(player, message) player:send(message) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(1, 2, [8, "\x03\xe8"]) . "
a < 1
a < 2
a close? 1000
b open /ws
b " . ::packet(1, [9, 'x'], 2) . "
b < 1
b pong? x
b < 2
b " . ::packet(3, [3, '']) . "
b < 3
b close? 1002"



=== TEST 10: more messages in one read than are collected at once
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) player:send(message) end
return Room
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws eval
"a open /ws
a " . ::packet(1 .. 1000) . "
" . CORE::join "\n", map { "a < $_" } 1 .. 1000



=== TEST 11: each handler of a read has the time limit to itself
--- lua
local Room = {}
local function busy(ms)
    local stop = game.now() + ms / 1000
    while game.now() < stop do end
end
function Room:on_message(player, message)
    if message == "run" then pcall(busy, 10000) player:send("never") end
    busy(message)
    player:send(message)
end
return Room
--- config
location /ws { game game.lua; }
--- http_config
game_script_timeout 200ms;
--- ws eval
"a open /ws
a " . ::packet(80, 81, 82, 83, 84, 85, '"run"', 1, 2) . "
" . CORE::join("\n", map { "a < $_" } 80 .. 85) . "
a < 1
a < 2
status workers.*.script.timeouts == 1"
--- error_log
script timeout



=== TEST 12: a handler that is replaced, or taken away, by a handler
--- lua
local Room = {}
function Room:on_message(player, message)
    player:send(message)
    self.on_message = function(self, player, message)
        player:send(-message)
        self.on_message = 0
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet(1, 2, 3, 4) . "
a < 1
a < -2
a none 0.2"



=== TEST 13: send of a raw codec: kinds, wrong arguments, a player that has left
--- lua
local Room = { codec = "raw" }
local gone
function Room:on_message(player, message, kind)
    if message == "errors" then
        for _, arguments in ipairs { { true }, { {} }, { "x", "y" }, { "\255" }, { "x", 5 } } do
            local ok, err = pcall(function() player:send(unpack(arguments)) end)
            player:send(err)
        end
        local ok, err = pcall(player.send, self, "x")
        player:send(err)
        player:send(tostring(player:send("sent")))
    elseif message == "gone" then
        player:send(tostring(gone:send("x")))
    else
        player:send(message, kind)
    end
end
function Room:on_leave(player) gone = player end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > text
a < text
a >bin 00ff
a <bin 00ff
a > errors
a ~ game\.lua:6: bad argument #1 to 'send' \(string expected, got boolean\)$
a ~ game\.lua:6: bad argument #1 to 'send' \(string expected, got table\)$
a ~ "text" or "binary" expected
a ~ text is not valid UTF-8
a ~ "text" or "binary" expected
a ~ a player expected
a < sent
a < true
b open /ws
b close 1000
b close? 1000
wait 0.1
a > gone
a < false



=== TEST 14: a slow reader gets all that was broadcast, in order
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message)
    for i = 1, tonumber(message) do self:broadcast(("%08d"):format(i) .. ("x"):rep(20000)) end
    self:broadcast("end")
end
return Room
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; game_send_buffer 64m; }
--- ws eval
"a open /ws
b open /ws on=a
c open /ws off=a
a > 600
" . CORE::join "\n", map { my $who = $_; (map { "$who ~ ^" . sprintf('%08d', $_) . 'x{20000}$' } 1 .. 600),
                     "$who < end" } qw(b a c)



=== TEST 15: one that reads nothing is closed, the others go on
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message)
    for i = 1, tonumber(message) do self:broadcast(("x"):rep(1000)) end
    player:send("end")
end
return Room
--- config
location /ws { game game.lua; game_send_buffer 256k; game_message_rate off; }
--- ws eval
"a open /ws
b open /ws on=a
" . CORE::join("\n", map { "a > 200\n" . ("a ~ ^x{1000}\$\n" x 200) . "a < end" } 1 .. 60) . "
status workers.*.closed.slow == 1
a > 0
a < end"



=== TEST 16: a worker is woken for each message, it does not come by the timer
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message) self:broadcast(message) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
b open /ws off=a
" . CORE::join "\n", map { "b > $_\ntakes 0 0.9 a < $_\ntakes 0 0.9 b < $_" } 1 .. 30
