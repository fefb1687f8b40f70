# Copyright (C) ngx_game authors

# Scripts: limits, the sandbox, and what is said of a broken one.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: a runaway handler is stopped, with the JIT on, and the room lives on
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == "run" then while true do end end
    player:send("fine")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "run"
a > 1
a < "fine"
status workers.*.script.timeouts == 1
--- error_log eval
qr/on_message failed in room \w{13} of game "game".*game\.lua:3: script timeout/



=== TEST 2: a runaway handler is stopped inside pcall, coroutines and callbacks
--- lua
local Room = {}
local function forever() while true do end end
local runs = {
    pcall = function() while true do pcall(forever) end end,
    coroutine = function() while true do coroutine.wrap(forever)() end end,
    xpcall = function() while true do xpcall(forever, function() forever() end) end end,
    sort = function() while true do table.sort({ 3, 1, 2 }, function(a, b) return a < b end) end end,
    gsub = function() while true do (("x"):rep(100)):gsub(".", function() end) end end,
    tail = function() local function f() return f() end return f() end,
    alloc = function() while true do local t = { {}, {} } end end,
    ["repeat"] = function() repeat until false end,
}
function Room:on_message(player, message)
    local f = runs[message]
    if f then f() end
    player:send("fine")
end
return Room
--- config
location /ws { game game.lua; game_room_max_errors 0; }
--- ws
a open /ws
a > "pcall"
a > "coroutine"
a > "xpcall"
a > "sort"
a > "gsub"
a > "tail"
a > "alloc"
a > "repeat"
a > 1
a until < "fine"
status workers.*.script.timeouts == 8
--- error_log
script timeout



=== TEST 3: a memory quota per VM: the handler fails, the worker lives on
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == "eat" then
        local t = {}
        for i = 1, 1e8 do t[i] = { i } end
    end
    player:send("fine")
end
return Room
--- http_config
game_script_memory 8m;
game_script_timeout 10s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "eat"
a > 1
a < "fine"
a > 2
a < "fine"
--- error_log
not enough memory



=== TEST 4: the sandbox has no way out
--- lua
local Room = {}
function Room:on_message(player)
    local has = {}
    for _, name in ipairs { "io", "debug", "ffi", "jit", "package", "dofile", "loadfile",
                            "newproxy", "collectgarbage", "setfenv", "getfenv", "module" } do
        if _G[name] ~= nil then has[#has + 1] = name end
    end
    for _, name in ipairs { "execute", "exit", "remove", "rename", "getenv", "tmpname", "setlocale" } do
        if os[name] ~= nil then has[#has + 1] = "os." .. name end
    end
    if string.dump then has[#has + 1] = "string.dump" end
    has[#has + 1] = (pcall(require, "ffi")) and "require ffi" or nil
    has[#has + 1] = (pcall(require, "io")) and "require io" or nil
    has[#has + 1] = (pcall(require, "../game")) and "require ../game" or nil
    has[#has + 1] = loadstring("\27LJ") and "bytecode" or nil
    has[#has + 1] = getmetatable("") and "string metatable" or nil
    has[#has + 1] = (pcall(function() game.now = nil end)) and "game is open" or nil
    has[#has + 1] = (pcall(rawset, game, "now", 1)) and game.now == 1 and "game by rawset" or nil
    has[#has + 1] = (pcall(setmetatable, game, {})) and "game's metatable" or nil
    has[#has + 1] = (pcall(setmetatable, player, {})) and "player's metatable" or nil
    has[#has + 1] = (pcall(setmetatable, self, {})) and "room's metatable" or nil
    has[#has + 1] = (pcall(function() game.json.encode = nil end)) and "game.json is open" or nil
    player:send({ n = #has, has = has })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json {"n":0}



=== TEST 5: what one game breaks stays broken in that game
--- lua
string.upper = function() return "broken" end
table.insert = nil
shared = 1
local Room = {}
function Room:on_message(player) player:send({ string.upper("x"), ("x"):upper() }) end
return Room
>>> other.lua
local Room = {}
function Room:on_message(player)
    player:send({ string.upper("x"), ("x"):upper(), table.insert ~= nil, shared == nil })
end
return Room
--- config
location /ws { game game.lua; }
location /other { game other.lua; }
--- ws
a open /ws
a > 1
a json ["broken","X"]
b open /other
b > 1
b json ["X","X",true,true]



=== TEST 6: require finds modules under game_lua_path, once per game
--- lua
local vector = require("lib.vector")
local Room = {}
function Room:on_message(player) player:send({ vector.add(1, 2), require("lib.vector") == vector }) end
return Room
>>> modules/lib/vector.lua
local vector = {}
function vector.add(a, b) return a + b end
return vector
--- http_config
game_lua_path modules;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json [3,true]



=== TEST 7: a script with a syntax error: nginx does not start, the log has file and line
--- lua
local Room = {
function Room:on_join() end
return Room
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua:2: .*near/



=== TEST 8: a script that fails when it is loaded
--- lua
local x = nil
return x.y
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua:2: attempt to index local 'x'/



=== TEST 9: a script that returns no table
--- lua
return 42
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua.*table/



=== TEST 10: a script that never ends loading
--- lua
while true do end
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua:1: script timeout/



=== TEST 11: wrong settings of a class
--- lua
return { tick = 1000 }
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua.*tick/



=== TEST 12: a module that is not there
--- lua
require("nothing.here")
return {}
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua:1: .*nothing/



=== TEST 13: print and self:log go to the error log
--- lua
local Room = {}
function Room:on_message(player)
    print("printed", 1, true)
    self:log("logged", 2, nil, {})
    game.log("warn", "warned\nonce")
    player:send("done")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a < "done"
log ~ \[notice\].*printed.1.true
log ~ \[notice\].*room [0-9a-z]{13} of game "game": logged 2 nil table
log ~ \[warn\].*game "game": warned once



=== TEST 14: a class may inherit
--- lua
local Base = {}
Base.__index = Base
function Base:hello() return "hello from base" end
local Room = setmetatable({}, Base)
function Room:on_message(player) player:send({ self:hello(), self.count }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json ["hello from base",1]



=== TEST 15: a pattern that takes for ever is stopped, a huge string is refused
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == 1 then
        pcall(string.find, ("a"):rep(30000), (".-"):rep(12) .. "b")
    end
    player:send({ (pcall(string.rep, "x", 1e9)) })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a > 2
a json [false]
--- error_log
script timeout



=== TEST 16: what needs a worker is not there while a script is checked
--- lua
local found = { #game.rooms(), #game.rooms("game"), #game.workers(), (pcall(game.sleep, 0)) }
local text = game.json.encode({ game.now() > 0, game.time() > 0, #game.random_bytes(8) })
game.log("info", "loaded")
local Room = {}
function Room:on_message(player)
    player:send({ #game.rooms("game"), #game.id(), found, text })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json [1,13,[0,0,0,false],"[true,true,8]"]
reload
a > 1
a json [1,13,[0,0,0,false],"[true,true,8]"]



=== TEST 17: there are no ids while a script is checked
--- lua
local Room = { name = game.id() }
return Room
--- config
location /ws { game game.lua; }
--- must_die
--- error_log eval
qr/\[emerg\].*game\.lua:1: game\.id\(\) works in handlers/



=== TEST 18: the collector works between handlers, not within them
--- lua
local Room, within = {}, 0
function Room:on_message(player, m)
    local weak = setmetatable({}, { __mode = "v" })
    for i = 1, m do weak[i] = { i } end
    local n = 0
    for _ in pairs(weak) do n = n + 1 end
    if n < m then within = within + 1 end
    player:send({ within = within })
end
function Room:on_join(player) self:on_message(player, 100000) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
# a worker that had to wait for a core has not the time for it
"a open /ws\na json {}\n" . "a > 5000\na json {}\n" x 99
. "a > 5000\na json {\"within\":\"~^[0-9]\$\"}\n"



=== TEST 19: the same after handlers that made so much garbage that it had to work within them
--- lua
local Room, kept, within = {}, {}, 0
for i = 1, 50000 do kept[i] = { i } end
function Room:on_message(player, m)
    local weak = setmetatable({}, { __mode = "v" })
    if m == 0 then
        kept = {}
        for i = 1, 1000000 do kept[1] = {} end
    end
    for i = 1, m do weak[i] = { kept[i] } end
    local n = 0
    for _ in pairs(weak) do n = n + 1 end
    if n < m then within = within + 1 end
    player:send({ within = within })
end
return Room
--- http_config
game_script_timeout 5s;
--- config
location /ws { game game.lua; }
--- ws eval
"a open /ws\na > 0\na json {}\n" . "a > 5000\na json {}\n" x 99
. "a > 5000\na json {\"within\":\"~^[0-9]\$\"}\n"
