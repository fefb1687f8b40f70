# Copyright (C) ngx_game authors

# Reload and stop: what goes on, and how players are told.

use lib 't/lib';
use TestGame;

run_tests();

__DATA__

=== TEST 1: a broken script at reload: the old configuration goes on
--- lua
local Room = {}
function Room:on_message(player, m) player:send({ m }) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
write conf/game.lua return {{
reload fails
log ~ \[emerg\].*game\.lua:1:
a > 1
a < [1]
b open /ws off=a
b > 2
b < [2]
status workers.0.generation == 1
--- error_log
game.lua:1:



=== TEST 2: a new script: old rooms and new rooms have it
--- lua
local Room = {}
function Room:on_message(player, m) player:send("old") end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
write conf/game.lua return { on_message = function(self, player, m) player:send("new") end }
reload
a > 1
a < "new"
b open /ws
b > 1
b < "new"
a > 1
a < "new"
a close 1000
a close? 1000
status workers.# == 2



=== TEST 3: worker_shutdown_timeout: what is left is closed with 1012
--- lua
local Room = {}
function Room:on_create() self.state.stays = print or error end
function Room:on_leave(player, reason) self:log("left: " .. reason) end
function Room:on_close(reason) self:log("closed: " .. reason) end
return Room
--- main_config
worker_shutdown_timeout 1s;
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
reload
a close? 1012
b close? 1012
status workers.# == 2
status rooms.# == 0
--- error_log
can't be saved



=== TEST 4: a player joins a room that has gone on by its id, or any
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_message(player, m) self:broadcast(m) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
reload
b open /ws
b json {"room":"$room","n":2}
c open /ws?room=$room
c json {"room":"$room","n":3}
a > "hello"
c < "hello"
b < "hello"
a < "hello"
c > "back"
a < "back"



=== TEST 5: players of a room that has gone on come and go
--- lua
local Room = {}
function Room:on_join(player) player:send({ room = self.id, n = self.count }) end
function Room:on_message(player, m) self:broadcast(m) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a ~ "room":"(?<room>[0-9a-z]{13})"
reload
b open /ws?room=$room
b json {"n":2}
a close 1000
a close? 1000
wait 0.5
b > "still here"
b < "still here"
b close 1000
b close? 1000
status workers.# == 2
status rooms.# == 0



=== TEST 6: changing the zone's size at reload is refused
--- lua
return { on_message = function(self, player, m) player:send({ m }) end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws
edit conf/nginx.conf s/game_zone +8m/game_zone 16m/
reload fails
log ~ \[emerg\].*game_zone.* needs a restart
a > 1
a < [1]
--- error_log
needs a restart



=== TEST 7: ten reloads with players leave no worker, slot or room behind
--- lua
return { on_message = function(self, player, m) self:broadcast(m) end }
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
reload
b open /ws
reload
c open /ws
reload
d open /ws
reload
e open /ws
a close 1000
a close? 1000
b close 1000
b close? 1000
c close 1000
c close? 1000
d close 1000
d close? 1000
e close 1000
e close? 1000
status workers.# == 2
status rooms.# == 0
status workers.*.sessions == 0



=== TEST 8: a reload with the log at debug level
--- lua
return { on_message = function(self, player, m) player:send({ m }) end }
--- log_level: debug
--- main_config
worker_shutdown_timeout 1s;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > 1
a < [1]
reload
a > 1
a < [1]
b open /ws
b > 2
b < [2]
