# Copyright (C) ngx_game authors

# game_status: every figure, after traffic that makes it known.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('lua', <<'END') if !defined $block->lua;
return {
    codec = "raw",
    on_message = function(self, player, message)
        player:send(message)
    end
}
END
});

run_tests();

__DATA__

=== TEST 1: before anyone comes
--- workers: 2
--- ws
http GET /status 200 json {"version":"~^\\d+\\.\\d+\\.\\d+$","nginx":"~^1\\.\\d+\\.\\d+$","zone":{"size":8388608,"rooms":{"used":0}},"rooms":[]}
http GET /status 200 json {"workers":[{"slot":0,"exiting":false,"sessions":0,"players":0,"rooms":0,"messages":{"in":0,"out":0},"bytes":{"in":0,"out":0},"closed":{"rate":0,"size":0,"invalid":0,"slow":0},"handshakes":{"opened":0,"refused":0,"origin":0,"limit":0,"full":0},"script":{"errors":0,"timeouts":0},"ring":{"spilled":0,"dropped":0}},{"slot":1}]}
http HEAD /status 200
http POST /status 405
status zone.used > 0
status zone.rooms.size > 1000



=== TEST 2: sessions, players and rooms, each in its worker
--- workers: 2
--- config
location /ws { game game.lua; game_room_max_players 2; }
--- ws
a open /ws
b open /ws off=a
c open /ws on=a
a header X-Worker ~ ^(?<one>\d+)$
b header X-Worker ~ ^(?<two>\d+)$
status workers.*.sessions == 3
status workers.*.players == 3
status workers.*.rooms == 2
status zone.rooms.used == 2
status workers.0.pid ~ ^($one|$two)$
status workers.1.pid ~ ^($one|$two)$
status workers.0.sessions ~ ^[12]$
status workers.1.sessions ~ ^[12]$
status rooms.0.game == game
status rooms.0.max_players == 2
status rooms.0.term == 1
status rooms.0.created > 1600000000
status rooms.*.players == 3
a close 1000
a close? 1000
b close 1000
b close? 1000
c close 1000
c close? 1000
status workers.*.sessions == 0
status workers.*.players == 0
status workers.*.rooms == 0
status zone.rooms.used == 0
status rooms.# == 0



=== TEST 3: messages and bytes of both directions
--- config
location /ws { game game.lua; game_ping_interval off; }
--- ws
a open /ws
a > hello
a < hello
status workers.*.messages.in == 1
status workers.*.messages.out == 1
status workers.*.bytes.in == 11
status workers.*.bytes.out == 7
a >frag he|llo
a < hello
a >rep 1000 x
a <rep 1000 x
a ping x
a pong? x
status workers.*.messages.in == 3
status workers.*.messages.out == 3
status workers.*.bytes.in == 1043
status workers.*.bytes.out == 1021
# several in one turn
a >burst 5
a < 0
a < 0
a < 0
a < 0
a < 0
status workers.*.messages.in == 8
status workers.*.messages.out == 8
status workers.*.bytes.out == 1036



=== TEST 4: handshakes: opened, refused, and why
--- config
location /ws { game game.lua; }
location /full { game game.lua name=full; game_room_max_players 1; }
location /limit { game game.lua name=limit; game_session_limit $remote_addr 1; }
--- ws
a open /ws
a open /ws
b open /ws status=403 origin=http://evil.example
b open /ws status=426 set=Sec-WebSocket-Version:
b open /ws?room=0000000000001 status=404
c open /limit
d open /limit status=429
e open /full
http GET /full?rooms 200 ~ "id":"(?<room>\w{13})"
f open /full?room=$room status=503
status workers.*.handshakes.opened == 4
status workers.*.handshakes.refused == 5
status workers.*.handshakes.origin == 1
status workers.*.handshakes.limit == 1
status workers.*.handshakes.full == 1



=== TEST 5: closed: for what
--- config
location /ws { game game.lua; game_message_max_size 100; game_message_rate 1r/s burst=2; }
--- ws
a open /ws
a >rep 101 x
a close? 1009
b open /ws
b >burst 10
b close? 1008
c open /ws
c >frame 3
c close? 1002
d open /ws
d >frame 1 ff
d close? 1007
e open /ws
e close 1000
e close? 1000
status workers.*.closed.size == 1
status workers.*.closed.rate == 1
status workers.*.closed.invalid == 2
status workers.*.closed.slow == 0



=== TEST 6: script errors and timeouts, memory
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message)
        if message == "error" then error("oops") end
        while message == "loop" do end
    end
}
--- http_config
game_script_timeout 50ms;
--- config
location /ws { game game.lua; }
--- ws
a open /ws
a > error
status workers.*.script.errors == 1
status workers.*.script.timeouts == 0
a > loop
status workers.*.script.timeouts == 1
status workers.*.script.memory > 10000
--- error_log
oops
script timeout



=== TEST 7: ticks, and how busy a worker is
--- lua
return {
    tick = 50,
    on_tick = function(self)
        local stop = game.now() + 0.002
        while game.now() < stop do end
    end
}
--- config
location /ws { game game.lua; }
--- ws
a open /ws
status workers.*.ticks.run > 20
status workers.*.busy > 0
status workers.*.ticks.late_avg_ms >= 0
status workers.*.ticks.late_max_ms > 0



=== TEST 8: records between workers
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
b > hello
b < hello
status workers.0.ring.in > 0
status workers.1.ring.in > 0
status workers.*.ring.out >= 4
status workers.*.ring.dropped == 0
status workers.0.ring.depth == 0



=== TEST 9: checkpoints, and how long a change has been waiting for one
--- lua
return {
    on_create = function(self) self.state = { n = 0 } end,
    on_message = function(self, player, m)
        self.state.n = m == "f" and print or m
        player:send(m)
    end
}
--- config
location /ws { game game.lua; }
location /off { game game.lua name=off; game_checkpoint off; }
location /seldom { game game.lua name=seldom; game_checkpoint 4s; }
--- ws
a open /off
a > 1
a < 1
status workers.*.checkpoints.saved == 0
b open /seldom
status workers.*.checkpoints.saved == 1
status workers.*.checkpoints.unsaved_ms == 0
status workers.*.checkpoints.avg_us > 0
b > 1
b < 1
status workers.*.checkpoints.unsaved_ms > 500
status workers.*.checkpoints.unsaved_ms > 1000
status workers.*.checkpoints.saved == 2
status workers.*.checkpoints.unsaved_ms == 0
c open /ws
status workers.*.checkpoints.saved == 3
c > 1
c < 1
status workers.*.checkpoints.saved == 4
status workers.*.checkpoints.failed == 0
c > "f"
c < "f"
status workers.*.checkpoints.failed == 1
status workers.*.checkpoints.unsaved_ms == 0
--- error_log
can't be saved



=== TEST 10: generations after a reload, and a worker that is exiting
--- lua
local Room = { codec = "raw" }
function Room:on_create() self.state.stays = error end
function Room:on_message(player, m) player:send(m) end
return Room
--- workers: 2
--- config
location /ws { game game.lua; }
--- ws
status workers.0.generation ~ ^(?<old>\d+)$
a open /ws
signal HUP
status workers.*.exiting == 1
status workers.# == 3
a > still here
a < still here
a close 1000
a close? 1000
status workers.# == 2
status workers.*.exiting == 0
status workers.0.generation != $old
--- error_log
can't be saved



=== TEST 11: access to it is restricted as to any location
--- config
location = /secret { game_status; deny all; }
--- ws
http GET /secret 403
--- error_log
access forbidden by rule



=== TEST 12: all workers answer, and the answers agree
--- workers: 4
--- config
location /ws { game game.lua; }
--- ws
a open /ws
b open /ws off=a
c open /ws off=a,b
status workers.# == 4
status workers.*.sessions == 3
status workers.*.sessions == 3
status workers.*.sessions == 3
status workers.*.sessions == 3
status rooms.0.players == 3
