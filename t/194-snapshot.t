# Copyright (C) ngx_game authors

# game_snapshot: rooms that go on after a stop and a start of nginx.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('lua', <<'END') if !defined $block->lua;
local Room = { keep = true, version = 1 }
function Room:on_create(options)
    self.state = { n = 0, left = {} }
    self:set_metadata({ map = options.map or "plain" })
end
function Room:on_join(player)
    player.data.name = "p" .. self.count
    player:send({ room = self.id, n = self.state.n, left = self.state.left })
end
function Room:on_message(player, m)
    if m == "lock" then self:lock() elseif m == "unlock" then self:unlock()
    elseif m == "close" then self:close()
    elseif type(m) == "table" then self:after(m.after, "ring", m.text)
    else self.state.n = self.state.n + m end
    player:send({ n = self.state.n })
end
function Room:ring(text) self.state.rung = text self:broadcast({ rung = text }) end
function Room:on_leave(player, reason)
    table.insert(self.state.left, player.data.name .. " " .. reason)
end
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
END

    $block->set_value('http_config',
                      ($block->http_config // "game_snapshot logs/rooms;\n"));
    $block->set_value('config', ($block->config // <<'END'));
location /ws { game game.lua; }
END
});

run_tests();

__DATA__

=== TEST 1: stop and start: state, players' data, metadata, lock and id are back
--- ws
a open /ws?map=hills
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room"}
a > 5
a json {"n":5}
b > 2
b json {"n":7}
b > "lock"
b json {"n":7}
server stop
a close? 1012
b close? 1012
log ~ 1 rooms are kept in snapshot ".*logs/rooms"
file rooms ~ ^ngx_game.*hills
server start
log ~ 1 rooms of snapshot ".*/rooms" are loaded, 0 are not; it is kept as ".*/rooms.old"
status rooms.# == 1
status rooms.0.id == $room
status rooms.0.locked == 1
status rooms.0.metadata.map == hills
status rooms.0.players == 0
status rooms.0.version == 1
status rooms.0.term == 2
status snapshot.loaded == 1
file rooms.old ~ ^ngx_game
c open /ws?room=$room status=403
status workers.*.script.errors == 0



=== TEST 2: a room goes on where it was, with its players left as lost
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
server stop
server start
b open /ws?room=$room
b json {"room":"$room","n":5,"left":["p1 lost"]}
b > 1
b json {"n":6}
server stop
server start
c open /ws?room=$room
c json {"room":"$room","n":6,"left":["p1 lost","p1 lost"]}



=== TEST 3: timers go off, those that were due meanwhile at once
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > {"after":0.3,"text":"soon"}
a json {"n":0}
a > {"after":2.5,"text":"late"}
a json {"n":0}
server stop
wait 0.5
server start
b open /ws?room=$room
b json {"room":"$room"}
takes 0.2 4 b until json {"rung":"late"}



=== TEST 4: timers go off by the time of day if the machine was started anew
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > {"after":1000,"text":"late"}
a json {"n":0}
server stop
damage rooms boot 998
server start
b open /ws?room=$room
b json {"room":"$room"}
takes 0.2 4 b json {"rung":"late"}



=== TEST 5: quit and start; a room without players and without keep is not kept
--- lua
local Room = {}
function Room:on_create(options) self.state.n = 0 end
function Room:on_join(player) player:send({ room = self.id }) end
function Room:on_message(player, m) self.state.n = self.state.n + m player:send({ n = self.state.n }) end
function Room:on_leave(player, reason) self:log("left: " .. reason) end
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
>>> kept.lua
local Kept = { keep = true }
function Kept:on_create() self.state.n = 0 end
function Kept:on_join(player) player:send({ room = self.id, n = self.state.n }) end
function Kept:on_message(player, m) self.state.n = self.state.n + m player:send({ n = self.state.n }) end
function Kept:on_close(reason) self:log("closed: " .. reason) end
return Kept
--- config
location /ws { game game.lua; }
location /kept { game kept.lua; game_checkpoint off; }
--- ws
a open /ws
b open /kept
b ~ "room":"(?<room>[0-9a-z]{13})"
b > 3
b json {"n":3}
b close 1000
b close? 1000
c open /kept?room=$room
c json {"n":3}
c > 4
c json {"n":7}
server quit
a close? 1012
c close? 1012
log ~ 2 rooms are kept in snapshot
server start
status rooms.# == 1
d open /kept?room=$room
d json {"n":7}
--- no_error_log
[error]
[alert]
closed: shutdown



=== TEST 6: nginx and all its workers are killed: what was written in passing is loaded
--- http_config
game_snapshot logs/rooms 1s;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
status snapshot.rooms == 1
status snapshot.size > 200
status snapshot.failed == 0
status snapshot.age < 3
wait 1.2
server crash
a close? 1006
server start
b open /ws?room=$room
b json {"n":5}
status snapshot.loaded == 1
# the file is not loaded twice
b > "close"
b until json {"n":5}
b close? 1000
wait 1.2
server crash
server start
status snapshot.age >= 0
status rooms.# == 0
status snapshot.loaded == 0



=== TEST 7: a file that was cut is kept aside
--- ws
a open /ws
server stop
damage rooms truncate
server start
log ~ \[error\].*snapshot ".*/rooms" is not loaded: it is torn: its size is wrong, it is kept as ".*/rooms.bad"
file rooms.bad ~ ^ngx_game
status rooms.# == 0
b open /ws
b json {"n":0}
--- error_log
is torn



=== TEST 8: a file with a changed byte is kept aside
--- ws
a open /ws
server stop
damage rooms flip -3
server start
log ~ snapshot ".*/rooms" is not loaded: it is torn: its checksum is wrong, it is kept as
status rooms.# == 0
b open /ws
server stop
damage rooms flip 100
server start
log ~ snapshot ".*/rooms" is not loaded: the checksum of its header is wrong, it is kept as
status rooms.# == 0
--- error_log
is wrong



=== TEST 9: a file of another version is kept aside
--- ws
a open /ws
server stop
damage rooms flip 8
server start
log ~ snapshot ".*/rooms" is not loaded: it was written by another version of the module, it is kept as
status rooms.# == 0
--- error_log
another version



=== TEST 10: files that are none of ours, short and long, and an empty one
--- ws
server stop
write logs/rooms hello
server start
log ~ snapshot ".*/rooms" is not loaded: it is too short, it is kept as
file rooms.bad ~ ^hello$
server stop
write logs/rooms A text that has nothing to do with rooms, but is long enough to be taken for a file that has some in it, if nobody looks at it.
server start
log ~ snapshot ".*/rooms" is not loaded: it is no snapshot of rooms, it is kept as
file rooms.bad ~ ^A text
a open /ws
a json {"n":0}
--- error_log
is too short



=== TEST 11: a file that can't be written: the server runs, and says so
--- http_config
game_snapshot html/rooms 1s;
--- user_files eval
[["rooms.tmp/x", "a directory is in the way"]]
--- ws
a open /ws
log ~ \[error\].*snapshot ".*/rooms" can't be written: open\(\) failed \(21: Is a directory\)
status snapshot.failed > 0
a until json {"n":0}
a > 1
a json {"n":1}
--- error_log
can't be written



=== TEST 12: a room whose game the configuration has not any more stays in the old file
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
server stop
edit conf/nginx.conf s/game game.lua;/game game.lua name=other;/
server start
log ~ room $room of game "game" is not loaded: the configuration has no such game
log ~ 0 rooms of snapshot ".*/rooms" are loaded, 1 are not; it is kept as ".*/rooms.old"
status rooms.# == 0
file rooms.old ~ ^ngx_game



=== TEST 13: rooms are spread over the workers, and all are there
--- lua
local Room = { keep = true, max_players = 1 }
function Room:on_create() self.state.text = ("x"):rep(5000) end
function Room:on_join(player) player:send({ room = self.id, n = #self.state.text }) end
return Room
--- http_config
game_snapshot logs/rooms off;
--- ws
a open /ws times=60
a ~ "room":"(?<room>[0-9a-z]{13})"
a60 ~ "room":"(?<last>[0-9a-z]{13})"
status rooms.# == 60
server stop
server start
status rooms.# == 60
status workers.*.rooms == 60
b open /ws?room=$room
b json {"room":"$room","n":5000}
c open /ws?room=$last
c json {"room":"$last","n":5000}
server quit
server start
status workers.*.rooms == 60



=== TEST 14: a room that can't be saved is closed
--- lua
local Room = { keep = true }
function Room:on_create() self.state.stays = print or error end
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
--- ws
a open /ws
server quit
a close? 1012
log ~ closed: shutdown
server start
status rooms.# == 0
--- error_log
can't be saved



=== TEST 15: a binary upgrade: rooms go on in the new workers when the old ones quit
--- main_config
env LD_PRELOAD;
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
--- http_config
game_snapshot logs/rooms 1s;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
file rooms ~ ^ngx_game
server upgrade
wait 1.5
a > 2
a json {"n":7}
server retire
a close? 1012
b open /ws?room=$room
b json {"room":"$room","n":7,"left":["p1 lost"]}
status snapshot.loaded == 1
status rooms.# == 1
server stop
server start
c open /ws?room=$room
c json {"n":7}



=== TEST 16: an upgrade that is taken back: rooms return to the old master's workers
--- main_config
env LD_PRELOAD;
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
server upgrade
server rest
a close? 1012
b open /ws?room=$room
b json {"n":5}
b > 1
b json {"n":6}
server back
b close? 1012
c open /ws?room=$room
c json {"n":6}
c > 1
c json {"n":7}
status rooms.# == 1



=== TEST 17: a reload with live players is none of its business
--- http_config
game_snapshot logs/rooms 1s;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
reload
a > 1
a json {"n":6}
reload
a > 1
a json {"n":7}
status rooms.# == 1
server stop
server start
b open /ws?room=$room
b json {"n":7}
status workers.*.rooms == 1



=== TEST 18: a worker that is told to stop: its rooms go on in the others
--- workers: 2
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
b open /ws off=a
b json {"room":"$room"}
a > 5
a json {"n":5}
kill TERM worker of a
b > 1
b json {"n":6}
respawned
status rooms.# == 1
server stop
server start
c open /ws?room=$room
c json {"n":6}



=== TEST 19: a worker without rooms or players ends with the others, without a file
--- http_config
game_snapshot logs/rooms 1s;
--- ws
a open /ws
a > "close"
a until json {"n":0}
a close? 1000
status snapshot.age >= 0
file rooms ~ ^ngx_game
server quit
server start
status rooms.# == 0
status snapshot.loaded == 0



=== TEST 20: a worker that hangs while nginx is stopped: its rooms are kept as they were
--- workers: 3
--- http_config
game_snapshot logs/rooms off;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
wait 0.1
stop worker of a
server stop
server start
b open /ws?room=$room
b json {"room":"$room","n":5}
--- alerts: exited on signal 9



=== TEST 21: a worker is killed, and nginx is stopped in that moment
--- workers: 3
--- http_config
game_snapshot logs/rooms off;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
a > 5
a json {"n":5}
wait 0.1
server stop without worker of a
server start
b open /ws?room=$room
b json {"room":"$room","n":5}
--- alerts: exited on signal 9



=== TEST 22: players come back to their seats after a stop and a start, and no other room is kept for them
--- lua
local Room = {}
function Room:on_create() self.state = { n = 0 } end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    player:send({ n = self.state.n, room = self.id, player = player.id, count = self.count })
end
function Room:on_drop(player, reason) self:broadcast({ drop = player.id, reason = reason }) end
function Room:on_resume(player, complete) self:broadcast({ resume = player.id, complete = complete }) end
function Room:on_leave(player, reason) self:broadcast({ leave = player.id, reason = reason }) end
return Room
--- http_config
game_snapshot logs/rooms;
game_resume_timeout 3s;
--- ws
a open /ws protocol=ngx-game.v1+json
a ~ "room":"(?<room>\w+)","player":"(?<ann>\w+)","token":"(?<token>\w+)"
b open /ws?room=$room protocol=ngx-game.v1+json
b ~ "player":"(?<ben>\w+)","token":"(?<other>\w+)"
c open /ws?room=$room
a > 5
a json {"n":5,"count":3}
c > 0
c ~ "player":"(?<cyd>\w+)"
b reset
a json {"drop":"$ben","reason":"left"}
server stop
a close~ 1012 ^resume=$token$
c close~ 1012 ^$
server start
status rooms.0.players == 2
status workers.*.away == 2
d open /ws?resume=$token protocol=ngx-game.v1+json
d ~ "room":"$room","player":"$ann","token":"(?<token>\w+)".*"resumed":true,"complete":false
d json {"resume":"$ann","complete":false}
d > 1
d json {"n":6,"room":"$room","count":2}
e open /ws?resume=$other protocol=ngx-game.v1+json
d json {"resume":"$ben"}
e reset
d json {"drop":"$ben"}
server quit
d close~ 1012 ^resume=
server start
x open /ws?room=0zzzzzzzzzzzz status=404
f open /ws?resume=$token protocol=ngx-game.v1+json
f ~ "player":"$ann"
f until json {"leave":"$ben","reason":"lost"}
f > 1
f json {"n":7,"count":1}
f close 1000
status rooms.# == 0



=== TEST 23: a reload turns game_drain on: rooms stay in the old workers, a stop keeps them all the same
--- lua
local Room = { keep = true, version = 1 }
function Room:on_create() self.state = { n = 0 } end
function Room:on_join(player) player:send({ room = self.id, n = self.state.n }) end
function Room:on_message(player, m)
    self.state.n = self.state.n + m
    player:send({ n = self.state.n, version = self.version })
end
return Room
--- workers: 2
--- http_config
game_snapshot logs/rooms;
game_drain off;
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
edit conf/nginx.conf s/game_drain off/game_drain on/
edit conf/game.lua s/version = 1/version = 2/
signal HUP
status workers.*.exiting == 1
status workers.# == 3
a none 1.5
a > 1
a json {"n":1,"version":1}
b open /ws?room=$room
b json {"room":"$room","n":1}
b > 2
b json {"n":3,"version":1}
c open /ws
c json {"room":"$room","n":3}
status rooms.0.term == 1
server quit
a close? 1012
b close? 1012
c close? 1012
edit conf/nginx.conf s/game_drain on/game_drain off/
server start
a open /ws?room=$room
a json {"n":3}
a > 1
a json {"n":4,"version":2}
