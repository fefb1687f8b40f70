# Copyright (C) ngx_game authors

# game_log: what a line says, who writes one, and the reopening of the file.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('lua', <<'END') if !defined $block->lua;
return {
    codec = "raw",
    on_message = function(self, player, message)
        if message == "kick" then player:kick(4001) end
        if message == "close" then self:close("over") end
        if message == "who" then player:send(self.id .. " " .. player.id) end
    end
}
END
});


# one more step, for what logrotate does
sub TestGame::Conversation::do_rename {
    my ($from, $to) = map { "$ENV{TEST_NGINX_SERVROOT}/logs/$_" }
                          split ' ', $_[0];
    rename $from, $to or die "rename $from: $!\n";
}


run_tests();

__DATA__

=== TEST 1: all fields of a line, exactly
--- config
location /ws { game game.lua name=arena; game_identity $arg_id; game_log logs/game.log; game_ping_interval off; }
--- ws
a open /ws?id=alice
a > who
a ~ ^(?<room>\S+) (?<player>\S+)$
a > hello
a close 1000
a close? 1000
file game.log ~ \A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d 127\.0\.0\.1 alice arena $room $player code=1000 why=left duration=\d\.\d\d\d in=2/28 out=1/33 rtt=-\n\z



=== TEST 2: no identity, and one with bytes that would end a field or a line
--- config
location /ws { game game.lua; game_identity $http_x_who; game_log logs/game.log; }
--- ws
a open /ws
a close 1000
a close? 1000
file game.log ~ 127\.0\.0\.1 - game
b open /ws header='X-Who: a "b\c é'
b close 1000
b close? 1000
file game.log ~ 127\.0\.0\.1 a\\x20\\x22b\\x5Cc\\x20\\xC3\\xA9 game



=== TEST 3: a code and a reason for each end
--- config
location /ws { game game.lua; game_identity $arg_id; game_log logs/game.log; game_idle_timeout 400ms; game_ping_interval off; }
--- ws
a open /ws?id=a
a close
a close? 1005
file game.log ~ a game .* code=1005 why=left
b open /ws?id=b
b close 4321 bye
b close? 4321
file game.log ~ b game .* code=4321 why=left
c open /ws?id=c
c end
file game.log ~ c game .* code=1006 why=left
d open /ws?id=d
d > kick
d close? 4001
file game.log ~ d game .* code=4001 why=kicked
e open /ws?id=e
e > close
e close? 1000
file game.log ~ e game .* code=1000 why=closed
f open /ws?id=f
f close? 1001
file game.log ~ f game .* code=1001 why=timeout
g open /ws?id=g
g >frame 3
g close? 1002
file game.log ~ g game .* code=1002 why=error
file game.log ~ \A([^\n]*\n){7}\z



=== TEST 4: off by default, off at an inner level, files of their own
--- http_config
game_log logs/all.log;
--- config
location /all { game game.lua name=all; }
location /off { game game.lua name=off; game_log off; }
location /own { game game.lua name=own; game_log logs/own.log; }
location /both { game game.lua name=both; game_log logs/own.log; }
--- ws
a open /off
b open /own
c open /both
d open /all
a close 1000
a close? 1000
b close 1000
b close? 1000
c close 1000
c close? 1000
d close 1000
d close? 1000
file own.log ~ \A(\S+ \S+ - (own|both) [^\n]*\n){2}\z
file own.log ~ own .*\n.*both |both .*\n.*own
file all.log ~ \A\S+ \S+ - all [^\n]*\n\z



=== TEST 5: a refused handshake leaves no line
--- lua
return { on_auth = function(self, request) return request.args.id ~= "no" end }
--- config
location /ws { game game.lua; game_identity $arg_id; game_log logs/game.log; }
--- ws
a open /ws?id=no status=403
b open /ws?id=yes
b close 1000
b close? 1000
file game.log ~ \A[^\n]* yes game [^\n]*\n\z



=== TEST 6: USR1 reopens the file in all workers
--- config
location /ws { game game.lua; game_identity $arg_id; game_log logs/game.log; }
--- ws
a open /ws?id=first
b open /ws?id=second
c open /ws?id=third off=b
a close 1000
a close? 1000
file game.log ~ first
rename game.log game.log.0
signal USR1
wait 0.5
b close 1000
b close? 1000
c close 1000
c close? 1000
file game.log ~ second
file game.log ~ third
file game.log.0 ~ \A[^\n]* first [^\n]*\n\z



=== TEST 7: sessions of old and new workers write to one file after a reload
--- config
location /ws { game game.lua; game_identity $arg_id; game_log logs/game.log; }
--- ws
a open /ws?id=before
signal HUP
wait 0.5
b open /ws?id=after
b close 1000
b close? 1000
file game.log ~ after
a close 1000
a close? 1000
file game.log ~ \A[^\n]* after [^\n]*\n[^\n]* before [^\n]*\n\z



=== TEST 8: the lines of sixty sessions that end at once on all workers do not mix
--- config
location /ws { game game.lua; game_log logs/game.log; game_identity 0123456789abcdef0123456789abcdef0123456789abcdef; }
--- ws
a open /ws
p open /ws times=60
a > close
a close? 1000
file game.log ~ \A(\S+ 127\.0\.0\.1 [0-9a-f]{48} game \S{13} \S{13} code=1000 why=closed \S+ \S+ \S+ \S+\n){61}\z



=== TEST 9: a file that can't be opened stops the start
--- config
location /ws { game game.lua; game_log logs/none/game.log; }
--- must_die
--- error_log
logs/none/game.log
