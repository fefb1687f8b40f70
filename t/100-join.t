# Copyright (C) ngx_game authors

# Joining: which room a player gets, on whatever worker, and why it gets none.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: two players meet in one room, on two workers
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id, me = player.id, n = self.count }) end
function Room:on_message(player, message) self:broadcast({ from = player.id, message = message }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room","n":2}
a > {"x":1}
a json {"message":{"x":1}}
b json {"message":{"x":1}}
b > [2]
a json {"message":[2]}
status rooms.# == 1
status workers.*.sessions == 2



=== TEST 2: a full room: the next player gets a new one
--- lua
local Room = { max_players = 2 }
function Room:on_join(player) player:send({ room = self.id }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws
b json {"room":"$room"}
c open /ws
c ~ "room":"(?<other>[0-9a-z]{13})"
d open /ws off=c
d json {"room":"$other"}
status rooms.# == 2



=== TEST 3: a room by its id, from another worker
--- lua
local Room = { max_players = 1 }
function Room:on_join(player) player:send({ room = self.id }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws?room=$room off=a status=503
b body json {"error":"the room is full"}
a close 1000
a close? 1000
status rooms.# == 0
c open /ws?room=$room status=404
c body json {"error":"no such room"}
d open /ws?room=0000000000000 status=404
e open /ws?room=nonsense status=404



=== TEST 4: a room of another game is no room of this one
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id }) end
return Room
>>> other.lua
return {}
--- config
location /ws { game game.lua; }
location /other { game other.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /other?room=$room status=404
b body json {"error":"no such room"}



=== TEST 5: on_auth refuses with 403 and a reason
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.name == nil then return false, "a name, please" end
    if request.args.name == "no" then return false end
    return { name = request.args.name }
end
function Room:on_join(player, options)
    player:send({ name = player.data.name, options = options })
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws status=403
a body json {"error":"a name, please"}
b open /ws?name=no status=403
b body json {"error":"refused by the game"}
c open /ws?name=J%C3%B6rg+B&x=1
c json {"name":"J\u00f6rg B","options":{"name":"J\u00f6rg B","x":"1"}}
d open /ws?name=two off=c
d json {"name":"two"}
status rooms.0.players == 2



=== TEST 6: what on_auth sees
--- lua
local Room = {}
function Room:on_auth(request)
    return { seen = request }
end
function Room:on_join(player) player:send(player.data.seen) end
return Room
--- config
location /ws { game game.lua; game_identity $arg_who; }
--- ws
a open /ws?who=ann&q=%31 origin=http://localhost header="User-Agent: tester" header="Host: localhost"
a json {"identity":"ann","address":"127.0.0.1","origin":"http://localhost","agent":"tester","args":{"who":"ann","q":"1"}}



=== TEST 7: on_auth that fails is a 500 and a log line
--- lua
local Room = {}
function Room:on_auth(request)
    error("oops")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws status=500
a body json {"error":"error in the game"}
--- error_log eval
qr/\[error\].*on_auth failed in room [0-9a-z]{13} of game "game" for player [0-9a-z]{13}: .*game\.lua:3: oops/



=== TEST 8: on_auth may wait, and the joins of others go on meanwhile
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.slow then game.sleep(0.3) end
    return true
end
function Room:on_join(player) player:send({ n = self.count }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws?slow=1
a json {"n":1}
b open /ws?slow=1 off=a
b json {"n":2}



=== TEST 9: on_create gets the query of the join that made the room
--- lua
local Room = {}
function Room:on_create(options)
    self.state.map = options.map
end
function Room:on_join(player) player:send({ map = self.state.map }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws?map=ice
a json {"map":"ice"}
b open /ws?map=fire off=a
b json {"map":"ice"}



=== TEST 10: on_create that fails: 500, and the room is gone
--- lua
local Room = {}
function Room:on_create(options)
    if not options.good then error("no map") end
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws status=500
status rooms.# == 0
b open /ws?good=1
status rooms.# == 1
--- error_log eval
qr/on_create failed in room [0-9a-z]{13} of game "game": .*game\.lua:3: no map/



=== TEST 11: on_create that waits: all joins wait for it
--- lua
local Room = {}
function Room:on_create(options)
    game.sleep(0.3)
    self.state.ready = true
end
function Room:on_join(player) player:send({ ready = self.state.ready }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a json {"ready":true}
b open /ws off=a
b json {"ready":true}
status rooms.# == 1



=== TEST 12: a locked room takes no joins and is passed over
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id }) end
function Room:on_message(player, message)
    if message == "lock" then self:lock() else self:unlock() end
    player:send("done")
end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > "lock"
a < "done"
b open /ws?room=$room off=a status=403
b body json {"error":"the room is locked"}
c open /ws off=a
c ~ "room":"(?<other>(?!$room)[0-9a-z]{13})"
http GET /ws?rooms 200 json {"rooms":[{"locked":true},{"locked":false}]}
a > "unlock"
a < "done"
d open /ws?room=$room
d json {"room":"$room"}



=== TEST 13: the lobby lists open rooms with players, capacity and metadata
--- lua
local Room = { max_players = 7 }
function Room:on_create() self:set_metadata({ name = "first \"one\"", level = 3 }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
http GET /ws?rooms 200 ~ ^\{"rooms":\[\]\}\s*$
a open /ws
http GET /ws?rooms 200 json {"rooms":[{"id":"~^[0-9a-z]{13}$","game":"game","players":1,"max_players":7,"locked":false,"metadata":{"name":"first \"one\"","level":3}}]}
b open /ws
http GET /ws?rooms 200 json {"rooms":[{"players":2}]}
a close 1000
a close? 1000
b close 1000
b close? 1000
status rooms.# == 0
http GET /ws?rooms 200 ~ ^\{"rooms":\[\]\}\s*$



=== TEST 14: a client that goes away while it waits leaves nothing behind
--- lua
local Room = {}
function Room:on_auth(request) game.sleep(0.5) return true end
function Room:on_leave(player) self:log("never joined") end
return Room
--- config
location /ws { game game.lua; }
--- ws
a handshake /ws
wait 0.2
a reset
wait 0.6
status workers.*.sessions == 0
status workers.*.players == 0
--- no_error_log
[error]
never joined



=== TEST 15: 40 players at once fill rooms of 4 on two workers
--- lua
local Room = { max_players = 4 }
function Room:on_join(player) player:send({ n = self.count }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
p open /ws times=40
status workers.*.players == 40
status rooms.# == 10



=== TEST 16: game_identity and game.rooms
--- lua
local Room = {}
function Room:on_join(player)
    local rooms = game.rooms()
    player:send({ who = player.identity or game.null, rooms = #rooms, id = rooms[1].id == self.id, other = #game.rooms("none") })
end
return Room
--- config
location /ws { game game.lua; game_identity $arg_u; }
--- ws
a open /ws?u=bob
a json {"who":"bob","rooms":1,"id":true,"other":0}
b open /ws
b json {"who":null}



=== TEST 17: a room without players closes; keep holds it
--- lua
local Room = {}
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
>>> keep.lua
return { keep = true }
--- config
location /ws { game game.lua; }
location /keep { game keep.lua; }
--- ws
a open /ws
a close 1000
a close? 1000
log ~ closed: empty
b open /keep
b close 1000
b close? 1000
wait 0.2
status rooms.# == 1
