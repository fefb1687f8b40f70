# Copyright (C) ngx_game authors

# codec = "view", docs/lua.md: the bytes of a message without a string.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: what goes to a player, to all, and to one by its id
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message, kind)
    player:send(message, kind)
    self:broadcast(message, { kind = kind, except = player })
    self:send(player.id, message, kind)
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
b open /ws
a > no {json
a < no {json
a < no {json
b < no {json
b >bin 00ff80
b <bin 00ff80
b <bin 00ff80
a <bin 00ff80
a > 
a < 
a < 
b < 
a >bin " . "01fe" x 30000 . "
a <bin " . "01fe" x 30000 . "
a <bin " . "01fe" x 30000 . "
b <bin " . "01fe" x 30000



=== TEST 2: what is read of it
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message, kind)
    player:send(type(message) .. " " .. #message .. " " .. kind .. " " .. tostring(message))
    local bytes = {}
    for i = -7, 7 do
        bytes[#bytes + 1] = message:byte(i) or "-"
    end
    player:send(table.concat(bytes, " "))
    player:send(message:byte() .. " " .. message:byte("2") .. " " .. tostring(message:byte(0 / 0)) .. " "
                .. tostring(message:byte(1 / 0)))
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > abcde
a < userdata 5 text abcde
a < - - 97 98 99 100 101 - 97 98 99 100 101 - -
a < 97 98 nil nil



=== TEST 3: sub and byte with all kinds of places
--- lua
local Room = { codec = "view" }
local places = { -1e300, -1 / 0, -7, -6, -5, -1, 0, 1, 2, 3, 4, 5, 6, 7, 2 ^ 31, 2 ^ 53, 1e300, 1 / 0, "2", "-2", 3LL, -3LL }
local function want(text, i, j)
    local sub = ""
    i, j = tonumber(i), tonumber(j)
    for k = 1, #text do
        if k >= (i < 0 and i + #text + 1 or i) and k <= (j < 0 and j + #text + 1 or j) then
            sub = sub .. text:sub(k, k)
        end
    end
    return sub
end
function Room:on_message(player, message)
    local text, bad = tostring(message), 0
    for _, i in ipairs(places) do
        local byte = want(text, i, i)
        if message:byte(i) ~= (byte ~= "" and byte:byte() or nil) or message:sub(i) ~= want(text, i, -1) then
            bad = bad + 1
        end
        for _, j in ipairs(places) do
            if message:sub(i, j) ~= want(text, i, j) then
                bad = bad + 1
            end
        end
    end
    player:send(bad .. " " .. message:sub() .. " " .. message:sub(0 / 0, 0 / 0) .. " " .. message:sub(1.9, 3.9)
                .. " " .. message:sub(nil, 2))
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a > abcde
a < 0 abcde abcde abc ab
a > 
a < 0    
"



=== TEST 4: it shows nothing once its handler has ended or waited
--- lua
local Room = { codec = "view" }
local kept
local function try(player, what, ...)
    local ok, err = pcall(...)
    player:send(what .. " " .. tostring(ok) .. " " .. tostring(err))
end
local function all(player, message)
    try(player, "length", function() return #message end)
    try(player, "string", function() return tostring(message) end)
    try(player, "byte", function() local x = message:byte(1) end)
    try(player, "sub", function() local x = message:sub(1, 1) end)
    try(player, "send", function() player:send(message) end)
    try(player, "broadcast", function() player.room:broadcast(message) end)
    try(player, "json", function() return game.json.decode(message) end)
end
function Room:on_message(player, message)
    player.room = self
    if tostring(message) == "keep" then
        kept = message
        self:after(0.01, "later")
    else
        game.sleep(0.01)
        all(player, message)
    end
end
function Room:later()
    for _, player in pairs(self.players) do
        all(player, kept)
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > keep
a ~ ^length false .*game\.lua:\d+: the message is gone: what is to be kept of it is tostring\(message\)$
a ~ ^string false .*message is gone
a ~ ^byte false .*game\.lua:\d+: the message is gone
a ~ ^sub false .*game\.lua:\d+: the message is gone
a ~ ^send false .*game\.lua:\d+: bad argument #1 to 'send' \(the message is gone
a ~ ^broadcast false .*bad argument #1 to 'broadcast' \(the message is gone
a ~ ^json false bad argument #1 to .* \(the message is gone
a > wait
a ~ ^length false
a ~ ^string false
a ~ ^byte false
a ~ ^sub false
a ~ ^send false
a ~ ^broadcast false
a ~ ^json false
a none 0.1



=== TEST 5: one that waits does not show what comes meanwhile
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message)
    local text = tostring(message)
    if text == "wait" then
        game.sleep(0.05)
        player:send(tostring(pcall(tostring, message)))
    else
        player:send(message)
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws
a " . ::packet("one", "wait", "two", "three") . "
a < one
a < two
a < three
a < false"



=== TEST 6: what is no message, and what scripts can't reach
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message)
    local function say(...)
        local ok, err = pcall(...)
        player:send(tostring(ok) .. " " .. tostring(err))
    end
    say(message.byte, "x")
    say(message.sub, {})
    say(message.sub, message, {})
    say(message.byte, message, "x")
    say(getmetatable, message)
    say(setmetatable, message, {})
    say(function() return message.data end)
    say(function() message.data = 1 end)
    say(function() return message .. "x" end)
    say(function() return game.json.encode({ message }) end)
    say(function() return game.json.decode(message).x end)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > {"x":5}
a ~ ^false .*a message expected
a ~ ^false .*a message expected
a ~ ^false .*a number expected
a ~ ^false .*a number expected
a < true false
a ~ ^false 
a < true nil
a ~ ^false .*attempt to index
a ~ ^false .*attempt to concatenate
a ~ ^false .*userdata
a < true 5



=== TEST 7: bytes that are no text are no text
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message)
    local ok, err = pcall(player.send, player, message)
    player:send(err)
    ok, err = pcall(self.broadcast, self, message)
    player:send(err)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a >bin 61ff
a ~ text is not valid UTF-8
a ~ text is not valid UTF-8



=== TEST 8: to players of a codec it goes as a string
--- lua
local Room = { codec = "view", protocols = { "x+json", "x+msgpack" } }
function Room:on_message(player, message)
    self:broadcast(message)
    player:send(message)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws protocol=x+json
c open /ws protocol=x+msgpack
a > {hi
a < {hi
a < {hi
b < "{hi"
c <bin a37b6869
b > 1
b < "1"
b < "1"
a < 1
c <bin a131



=== TEST 9: in the state of a room
--- lua
local Room = { codec = "view" }
function Room:on_message(player, message)
    self.state.message = message
    player:send("kept")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > x
a < kept
log ~ userdata
--- no_error_log
[alert]



=== TEST 10: a codec that there is not
--- lua
return { codec = "views", on_message = function() end }
--- config
location /ws { game game.lua; }
--- must_die
--- error_log
"codec" must be "json", "msgpack", "raw" or "view"
