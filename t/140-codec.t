# Copyright (C) ngx_game authors

# Values on the wire, docs/protocol.md.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: JSON both ways
--- lua
return { on_message = function(self, player, m) player:send(m) end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > {"a":[1,2.5,-3,"x\\u00e9\\n",true,false]}
a json {"a":[1,2.5,-3,"x\u00e9\n",true,false]}
a > 9007199254740991
a < 9007199254740991
a > -9007199254740991
a < -9007199254740991
a > "plain"
a < "plain"
a > []
a < {}
a > {"n":null}
a < {"n":null}
a > null
a < null



=== TEST 2: an empty array has to be said
--- lua
return { on_message = function(self, player, m)
    player:send({ list = game.empty_array, map = {} })
    player:send({ game.empty_array, { x = { game.empty_array } } })
    player:send(game.empty_array)
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a ~ ^\{("list":\[\],"map":\{\}|"map":\{\},"list":\[\])\}$
a < [[],{"x":[[]]}]
a < []



=== TEST 3: MessagePack in, JSON out for a plain client
--- lua
return { on_message = function(self, player, m, kind) player:send({ m, kind }) end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a >bin 82a161930102c3a162a3c3a961
a json [{"a":[1,2,true],"b":"\u00e9a"},"binary"]
a >bin c0
a > 1
a until json [1,"text"]



=== TEST 4: MessagePack out by subprotocol
--- lua
local Room = { protocols = { "game.v1+msgpack", "game.v1+json" } }
function Room:on_message(player, m) self:broadcast(m) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws protocol=game.v1+msgpack
b open /ws protocol=game.v1+json off=a
c open /ws off=b
a >bin 93010203
a <bin 93010203
b < [1,2,3]
c < [1,2,3]
b > {"x":[]}
a <bin 81a17880
c > 4294967296
a <bin cf0000000100000000



=== TEST 5: 64-bit integers are strings in Lua
--- lua
return { on_message = function(self, player, m) player:send({ type(m), m }) end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a >bin cfffffffffffffffff
a < ["string","18446744073709551615"]
a >bin d38000000000000000
a < ["string","-9223372036854775808"]
a >bin d3ffffffffffffffff
a < ["number",-1]
a >bin cf001fffffffffffff
a < ["number",9007199254740991]



=== TEST 6: raw hands strings through
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message, kind)
    player:send(message, kind)
    player:send(type(message) .. " " .. #message .. " " .. kind)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > no {json
a < no {json
a < string 8 text
a >bin 00ff80
a <bin 00ff80
a < string 3 binary



=== TEST 7: raw text has to be UTF-8
--- lua
local Room = { codec = "raw" }
function Room:on_message(player, message)
    local ok, err = pcall(player.send, player, "\255")
    player:send(err)
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a ~ text is not valid UTF-8



=== TEST 8: invalid JSON is answered by 1007 and a reason
--- lua
local Room = {}
function Room:on_message() self = nil end
function Room:on_leave(player, reason) self:log("left: " .. reason) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > {"a":
a close~ 1007 .
log ~ left: error
b open /ws off=a
b > {} trailing
b close? 1007
c open /ws
c > NaN
c close? 1007
d open /ws
d > 
d close? 1007
status workers.*.closed.invalid == 4



=== TEST 9: invalid MessagePack is answered by 1007
--- lua
return { on_message = function() end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a >bin c1
a close? 1007
b open /ws
b >bin ddffffffff
b close? 1007
c open /ws
c >bin 92ff
c close? 1007
d open /ws
d >bin 0101
d close? 1007
e open /ws
e >bin d40100
e close? 1007
f open /ws
f >bin 
f close? 1007



=== TEST 10: values that are too deep
--- lua
return { on_message = function(self, player, m)
    if m == "send" then
        local t = {}
        for i = 1, 100 do t = { t } end
        local ok, err = pcall(player.send, player, t)
        local loop = {}
        loop[1] = loop
        local ok2, err2 = pcall(player.send, player, loop)
        player:send({ ok, ok2 })
    end
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > "send"
a < [false,false]
b open /ws
b >rep 64 [
b close? 1007
c open /ws
c >rep 100000 [
c close? 1009
d open /ws
d >rep 60000 [
d close? 1007



=== TEST 11: what can't be encoded is an error of the script
--- lua
return { on_message = function(self, player, m)
    local out = {}
    for _, v in ipairs { print, 0/0, 1/0, { [1] = 1, [1000] = 2 }, coroutine.create(print), player.send } do
        out[#out + 1] = (pcall(player.send, player, v))
        out[#out + 1] = (pcall(game.msgpack.encode, v))
    end
    player:send(out)
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a ~ ^\[false(,false){11}\]$



=== TEST 12: game.json and game.msgpack
--- lua
return { on_message = function(self, player, m)
    local bad, err = game.json.decode("{")
    local bad2, err2 = game.msgpack.decode("\193")
    player:send({ game.json.encode({ 1, "x" }), game.json.decode('{"a":2}').a, bad == nil, type(err), bad2 == nil, type(err2),
        game.msgpack.decode(game.msgpack.encode({ k = { 1, 2, { "deep" } } })).k[3][1], #game.msgpack.encode("abc") })
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a json ["[1,\"x\"]",2,true,"string",true,"string","deep",4]



=== TEST 13: arrays with gaps, and maps with numbers for keys
--- lua
return { on_message = function(self, player, m)
    player:send({ [2] = "b" })
    player:send({ "a", nil, "c" })
    player:send({ "a", "b", k = 1 })
    player:send({ [0] = "z", [1] = "a" })
    player:send({ [-1] = { [7] = 7, x = { "y" } } })
    player:send({ long = ("plain text "):rep(3) .. '"' .. ("\\more"):rep(3) })
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a < [null,"b"]
a < ["a",null,"c"]
a json {"1":"a","2":"b","k":1}
a json {"0":"z","1":"a"}
a json {"-1":{"7":7,"x":["y"]}}
a json {"long":"plain text plain text plain text \"\\more\\more\\more"}



=== TEST 14: a plain object is what it is within another one
--- lua
local texts = {
    '{}', ' { "a" : "b" } ', '{"a":"x","b":-12.5,"c":0.1,"d":-0,"e":123456789012345}',
    '{"t":true,"f":false,"n":null,"\xc3\xa9":"","":7}', '{"a":1,"a":2,"b":null,"b":3}',
    '{"a":1e3,"b":1234567890123456,"c":"\\n"}', '{"a":[1],"b":{"c":2}}',
}
for _, n in ipairs { 16, 17 } do
    local fields = {}
    for i = 1, n do fields[i] = ('"f%d":%d'):format(i, i) end
    texts[#texts + 1] = "{" .. table.concat(fields, ",") .. "}"
end
local function same(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then
        return a == b and (a ~= 0 or 1 / a == 1 / b)
    end
    for k, v in pairs(a) do if not same(v, b[k]) then return false end end
    for k in pairs(b) do if a[k] == nil then return false end end
    return true
end
return { on_message = function(self, player, m)
    local fields = {}
    for i, text in ipairs(texts) do
        local a, b = game.json.decode(text), game.json.decode("[" .. text .. "]")[1]
        local n = 0
        for _ in pairs(a) do n = n + 1 end
        fields[i] = same(a, b) and n or text
    end
    player:send({ fields, game.json.decode('{"n":null}').n == game.null })
end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a < [[0,1,5,5,2,3,2,16,17],true]



=== TEST 15: what can't be encoded is named, and the next value is encoded
--- lua
local function try(v)
    local out = {}
    for _, codec in ipairs { game.json, game.msgpack } do
        local ok, err = pcall(codec.encode, v)
        out[#out + 1] = ok or err:gsub("^.-:%d+: ", "")
    end
    return out[1] == out[2] and out[1] or table.concat(out, ", but ")
end
local function nested(n)
    local t = {}
    for i = 2, n do t = { t } end
    return t
end
local function shared(n)
    local t = { "x" }
    for i = 1, n do t = { t, t } end
    return t
end
return { on_message = function(self, player, m)
    local circle = {}
    circle.own = circle
    for _, v in ipairs {
        { a = { f = print } }, { 1LL }, { u = 2i }, { [1.5] = 1 }, { [true] = 1 }, { x = 1, [{}] = 2 }, { 0/0 },
        { [1] = 1, [1000] = 2 }, circle, nested(65), nested(200), shared(30)
    } do
        player:send(try(v))
        player:send({ k = { 1, 2, [4] = 4 }, e = game.empty_array, n = game.null })
    end
    player:send(try(nested(64)))
end }
--- http_config
game_script_timeout 10s;
game_script_memory 300m;
--- config
location /ws { game game.lua; }
--- ws eval
my $next = 'a json {"k":[1,2,null,4],"e":[],"n":null}' . "\n";
my $deep = "a < \"a table can't be encoded: tables are nested deeper than 64\"\n";
my $key = "a < \"a key of a table can't be encoded: it is neither a string nor an integer\"\n";

"a open /ws\na > 1\n" . CORE::join("",
    map { $_ . $next } (
        'a ~ ^"a function can.t be encoded \(\\\\"f\\\\"\)"$' . "\n",
        "a < \"a cdata can't be encoded\"\n",
        'a ~ ^"a cdata can.t be encoded \(\\\\"u\\\\"\)"$' . "\n",
        $key, $key, $key,
        "a < \"a number can't be encoded: it is not finite\"\n",
        "a < \"a table can't be encoded: more than half of its indices from 1 to 1000 are missing\"\n",
        $deep, $deep, $deep,
        "a < \"a value is too large to be encoded\"\n"))
. "a < true\n"
