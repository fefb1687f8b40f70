# Copyright (C) ngx_game authors

# Scripts against the limits of LuaJIT itself: the C stack, coroutines that
# could be mixed up, and C functions that no error can stop.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: recursion through C functions is an error, not a crash
--- lua
local Room = {}
local runs = {
    wrap = function() local function f() return (coroutine.wrap(f)()) end return f() end,
    resume = function()
        local function f() local _, e = coroutine.resume(coroutine.create(f)) return error(e, 0) end
        return f()
    end,
    gsub = function() local function f() return (("x"):gsub("x", f)) end return f() end,
    print = function()
        local t t = setmetatable({}, { __tostring = function() print(t) return "" end })
        print(t)
    end,
    format = function()
        local t t = setmetatable({}, { __tostring = function() return ("%s"):format(t) end })
        return tostring(t)
    end,
    sort = function() local function f() table.sort({ 3, 1, 2 }, f) end f() end,
}
function Room:on_message(player, name)
    local ok, err = pcall(runs[name])
    player:send(ok and "no error" or (err:match("C stack overflow") or err:match("stack overflow")))
end
return Room
--- http_config
game_script_timeout 10s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "wrap"
a < "C stack overflow"
a > "resume"
a < "C stack overflow"
a > "gsub"
a < "C stack overflow"
a > "print"
a < "C stack overflow"
a > "format"
a < "stack overflow"
a > "sort"
a < "stack overflow"
status workers.*.sessions == 1



=== TEST 2: what no error can stop ends the worker, and another is started
--- lua
local Room = {}
function Room:on_message(player, message)
    if message == "sort" then
        local a, b = ("x"):rep(16e6) .. "a", ("x"):rep(16e6) .. "b"
        local t = {}
        for i = 1, 2e5 do t[i] = i % 2 == 0 and a or b end
        table.sort(t)
    end
    player:send("fine")
end
return Room
--- workers: 2
--- http_config
game_script_timeout 500ms;
game_script_memory 256m;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "sort"
wait 4
log ~ script "on_message" can't be stopped after \d{4} ms, the worker is aborted
log ~ a worker died in on_message of room \w+ of game "game"
respawned
status workers.# == 2
b open /ws
b > 1
b < "fine"
--- alerts: can't be stopped after|exited on signal 6
--- error_log
can't be stopped after



=== TEST 3: the coroutine of a handler is its own: no script can resume it
--- lua
local Room = {}
local seen
function Room:on_message(player, message)
    if message == "save" then
        seen = coroutine.running()
        game.sleep(0.2)
        player:send({ "slept", seen == nil })

    elseif message == "within" then
        local co = coroutine.create(function() return coroutine.running() end)
        local _, running = coroutine.resume(co)
        player:send({ running == co, coroutine.status(co) })

    elseif message == "yield" then
        coroutine.yield()

    elseif message == "sleep" then
        player:send({ pcall(coroutine.wrap(function() game.sleep(0.1) end)) })

    elseif message == "sort" then
        player:send({ pcall(table.sort, { 2, 1 }, function() game.sleep(0.1) end) })
    end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "save"
a > "within"
a json [true,"dead"]
a json ["slept",true]
a > "sleep"
a json [false,"~works in a handler"]
a > "sort"
a json [false,"~works in a handler"]
a > "yield"
log ~ on_message failed in room \w+ .*: a handler must not yield
status workers.*.script.errors == 1
--- error_log
a handler must not yield



=== TEST 4: what is left of memory after an error is enough for the others
--- lua
local Room = {}
function Room:on_message(player, n)
    if n == 0 then
        local t = {}
        for i = 1, 1e8 do t[i] = ("x"):rep(100) .. i end
    end
    player:send(n)
end
return Room
--- http_config
game_script_memory 8m;
game_script_timeout 10s;
--- config
location /ws { game game.lua; game_room_max_errors 0; }
--- ws
a open /ws
a > 0
a > 1
a < 1
a > 0
a > 2
a < 2
a > 0
a > 0
a > 3
a < 3
status workers.*.script.errors == 4
--- error_log
not enough memory
