# Copyright (C) ngx_game authors

# Balance: rooms of a worker that is busier than another go there, while they
# run.  Clients have rooms of their own, made in the workers that took their
# connections, but for one that joins another's.  A room computes for `load` ms
# in each of 20 ticks a second, and sends numbers back, that have to come in
# order.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    my $lua = <<'END' . ($block->lua // '') . "return Room\n";
local Room = { tick = 20, max_players = 2, codec = "raw" }
local function compute(ms)
    local stop = os.clock() + ms / 1000
    while os.clock() < stop do end
end
function Room:on_create() self.state.load = 0 end
function Room:on_join(player)
    player.data.last = 0
    if self.count == 1 then self:lock() end
end
function Room:on_tick() compute(self.state.load) end
function Room:on_message(player, m)
    local data = player.data
    self.state.load = tonumber(m:match("^load (%d+)$")) or self.state.load
    if m == "open" then
        self:unlock()
        player:send(self.id)
    elseif m == "sleep" then
        game.sleep(10)
        player:send("slept")
    elseif tonumber(m) then
        if tonumber(m) ~= data.last + 1 then error("got " .. m) end
        data.last = tonumber(m)
        player:send(m)
    end
end
END

    $block->set_value('lua', $lua);
    $block->set_value('config',
        'location /ws { game game.lua; game_message_rate off; }');
    $block->set_value('http_config',
        ($block->http_config // '') . "game_script_timeout 2s;\n");
});

run_tests();

__DATA__

=== TEST 1: rooms go to the idle worker, their players don't notice
--- lua
-- what comes meanwhile is kept
function Room:on_restore() compute(50) end
--- workers: 2
--- ws
a open /ws
a > open
a ~ (?<a>\w{13})
a2 open /ws?room=$a off=a
b open /ws on=a
b > open
b ~ (?<b>\w{13})
b2 open /ws?room=$b off=a
c open /ws on=a
c > open
c ~ (?<c>\w{13})
c2 open /ws?room=$c off=a
d open /ws on=a
a > load 8
b > load 8
c > load 8
d > load 8
within 30 counting a,a2,b,b2,c,c2,d status workers.*.handover.rooms_balanced > 0
within 30 counting a,a2,b,b2,c,c2,d status workers.*.handover.rooms_taken > 0
status workers.0.rooms > 0
status workers.1.rooms > 0
status workers.*.rooms == 4
status workers.*.sessions == 7
status rooms.*.term > 4
status rooms.*.players == 7
log ~ \[notice\].*this worker is \d+% busy, worker \d+ in slot \d \d+%: \d rooms that take [\d.]+% are offered to it
log ~ room \w+ of game "game", that takes [\d.]+% of a core, is offered to worker \d+
log ~ room \w+ of game "game" goes on here with [12] players
a close 1000
a close? 1000
a2 close 1000
a2 close? 1000
status rooms.# == 3



=== TEST 2: one worker after the other
--- workers: 4
--- ws
a open /ws
b open /ws on=a
c open /ws on=a
d open /ws on=a
e open /ws on=a
f open /ws on=a
a > load 8
b > load 8
c > load 8
d > load 8
e > load 8
f > load 8
within 60 counting a,b,c,d,e,f status workers.*.handover.rooms_balanced > 3
status workers.*.sessions == 6
status rooms.*.players == 6



=== TEST 3: game_balance off
--- workers: 2
--- http_config
game_balance off;
--- ws
a open /ws
b open /ws on=a
a > load 15
b > load 15
within 20 status workers.*.busy > 0.4
wait 6
a count 1 20
a expect 1 20
status workers.*.handover.rooms_given == 0
status rooms.*.term == 2



=== TEST 4: a room that is all of the load stays
--- workers: 2
--- ws
a open /ws
b open /ws on=a
a > load 30
within 20 status workers.*.busy > 0.4
wait 6
a count 1 20
a expect 1 20
status workers.*.handover.rooms_given == 0



=== TEST 5: a room whose handler waits stays until it has ended
--- workers: 2
--- ws
a open /ws
b open /ws on=a
a > load 15
b > load 15
a > sleep
b > sleep
within 9 status workers.*.busy > 0.4
wait 5
status workers.*.handover.rooms_given == 0
within 20 a < slept
b < slept
within 30 counting a,b status workers.*.handover.rooms_balanced > 0



=== TEST 6: a room that the other worker can't take goes on where it was
--- lua
function Room:on_restore() compute(50) error("not here") end
--- workers: 3
--- ws
a open /ws
a > open
a ~ (?<a>\w{13})
a2 open /ws?room=$a off=a
b open /ws on=a
b > open
b ~ (?<b>\w{13})
b2 open /ws?room=$b off=a,a2
a > load 15
b > load 15
within 30 counting a,a2,b,b2 log ~ stays in this worker, that is busier than others: on_restore failed
within 5 counting a,a2,b,b2 status workers.*.handover.rooms_kept > 0
status workers.*.handover.rooms_given == 0
status workers.*.sessions == 4
status rooms.*.term == 2
--- error_log
not here



=== TEST 7: a worker that hangs is given no room
--- http_config
game_worker_timeout off;
--- workers: 2
--- ws
a open /ws
b open /ws on=a
c open /ws off=a
stop worker of c
wait 2.5
a > load 15
b > load 15
wait 7
a count 1 20
a expect 1 20
b count 1 20
b expect 1 20
cont worker of c
within 30 status workers.*.handover.rooms_balanced > 0
a count 21 40
a expect 21 40
b count 21 40
b expect 21 40



=== TEST 8: a reload in the middle of it
--- workers: 2
--- ws
a open /ws tls=0
b open /ws tls=0 on=a
c open /ws tls=0 on=a
d open /ws tls=0 on=a
a > load 8
b > load 8
c > load 8
d > load 8
within 30 counting a,b,c,d log ~ are offered to it
reload
counting a,b,c,d status workers.*.handover.rooms_taken == 4
status workers.# == 2
status workers.*.sessions == 4
