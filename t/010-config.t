# The directives: their errors, word for word, their contexts, their defaults
# and how they are inherited; and that the documents say the same as the code.

use lib 't/lib';
use TestGame;
use File::Path qw(make_path remove_tree);

my $root = $TestGame::Root;
my $dir = "$ENV{TEST_NGINX_SERVROOT}-nginx-t";
my $module = $ENV{TEST_NGINX_GAME_MODULE};


sub slurp {
    open my $in, '<', $_[0] or die "$_[0]: $!\n";
    local $/;
    return <$in>;
}


# what nginx -t says of a whole configuration, and whether it is pleased
sub nginx_t {
    my ($conf) = @_;

    open my $out, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!\n";
    print $out $conf;
    close $out;

    my $said = `$ENV{TEST_NGINX_BINARY} -t -p $dir/ -c nginx.conf -e stderr 2>&1`;
    return ($said, $? == 0);
}


sub minimal {
    my ($http, $server, $location) = @_;

    my $load = $module eq 'static' ? '' : "load_module $module;";
    my $user = $> == 0 ? 'user root;' : '';
    return <<"END";
$load
$user
pid nginx.pid;
events { }
http {
    access_log off;
    $http
    server {
        listen $ENV{TEST_NGINX_PORT};
        $server
        location /game { $location }
    }
}
END
}


# the texts of errors and warnings, without what stands around them
sub messages {
    return map { s/ in \S+nginx\.conf:\d+$//r }
           $_[0] =~ /\[(?:emerg|warn)\] (?:\d+#\d+: )?(.*)/g;
}


sub check {
    my ($where, $directive, $expected) = @_;

    my %at = (http => '', server => '', location => '');
    my $game = $where =~ s/-$// ? '' : 'game game.lua;';
    $at{http} = 'game_zone 8m;' if $where !~ s/!$//;
    $at{location} = $game if $where ne 'location' || $game;
    $at{$where} .= " $directive";

    my ($said, $ok) = nginx_t(minimal(@at{qw(http server location)}));
    my @got = messages($said);

    my $name = "$where: $directive";
    if ($expected eq 'ok') {
        Test::More::ok($ok && !@got, "$name passes") or Test::More::diag($said);

    } elsif ($expected =~ s/^warn: //) {
        Test::More::ok($ok && "@got" eq $expected, "$name is warned of")
            or Test::More::diag($said);

    } else {
        Test::More::is($got[0] // $said, $expected, "$name is refused");
        Test::More::ok(!$ok, "$name stops nginx");
    }
}


remove_tree($dir);
make_path("$dir/logs", "$dir/games/lib");

for my $name (qw(game.lua other.lua games/arena.lua games/chess.lua)) {
    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print $out "return {}\n";
}

# "http!": without a game_zone; "location-": without a game beside it

my $table = <<'END';
http!     |                            | "game" needs "game_zone"
location!-| game_status;               | "game_status" needs "game_zone"
location!-| game_control;              | "game_control" needs "game_zone"
http!     | game_zone 8m;              | ok
http!     | game_zone;                 | invalid number of arguments in "game_zone" directive
http!     | game_zone x;               | invalid zone size "x"
http!     | game_zone 8191k;           | zone "ngx_game" is too small
http!     | game_zone 0;               | zone "ngx_game" is too small
http      | game_zone 9m;              | "game_zone" directive is duplicate
server    | game_zone 8m;              | "game_zone" directive is not allowed here

location- | game;                      | invalid number of arguments in "game" directive
location- | game "";                   | invalid value ""
location- | game game.lua other=x;     | invalid parameter "other=x"
location- | game game.lua name=;       | invalid game name ""
location- | game game.lua name=a/b;    | invalid game name "a/b"
location- | game "a b.lua";            | invalid game name "a b"
location- | game game.lua name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; | invalid game name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
location- | game game.lua name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; | ok
location- | game games/arena.lua name=A.b_c-9; | ok
location  | game other.lua;            | "game" directive is duplicate
server    | game other.lua;            | "game" directive is not allowed here
http      | game other.lua;            | "game" directive is not allowed here
location- | if ($arg_x) { game game.lua; } | "game" directive is not allowed here
location  | if ($arg_x) { set $y 1; }  | ok
location  | if ($arg_x) { game_log off; } | "game_log" directive is not allowed here
location  | limit_except GET { deny all; } | ok
location  | proxy_pass http://127.0.0.1; | location "/game" has another content handler beside "game"
location  | game_status;               | location "/game" has another content handler beside "game"
location- | game_status; empty_gif;    | location "/game" has another content handler beside "game_status"
location- | game_status; game_status;  | "game_status" directive is duplicate
location- | game_status on;            | invalid number of arguments in "game_status" directive
server    | game_status;               | "game_status" directive is not allowed here
location  | game_control;              | location "/game" has another content handler beside "game"
location- | game_control; game_status; | location "/game" has another content handler beside "game_status"
location- | game_status; game_control; | location "/game" has another content handler beside "game_status"
location- | game_control; empty_gif;   | location "/game" has another content handler beside "game_control"
location- | game_control; game_control; | "game_control" directive is duplicate
location- | game_control on;           | invalid number of arguments in "game_control" directive
location- | game_control; limit_except GET { deny all; } | ok
location- | game_control; if ($arg_x) { set $y 1; } | ok
server    | game_control;              | "game_control" directive is not allowed here
server    | location /a { game other.lua name=game; } | game "game" has two scripts: "DIR/other.lua" and "DIR/game.lua"
server    | location /a { game game.lua; } | ok
server    | location /a { game game.lua name=b; game_room_max_players 9; } | ok
server    | location /a { game game.lua; game_room_max_players 9; } | game "game" has other room settings in location "/game" than in location "/a"
server    | location /a { game game.lua; game_room_max_errors 9; } | game "game" has other room settings in location "/game" than in location "/a"

http      | game_identity;             | invalid number of arguments in "game_identity" directive
http      | game_identity $nope;       | unknown "nope" variable
location  | game_identity a; game_identity b; | "game_identity" directive is duplicate
server    | game_identity $remote_user;| ok
location  | game_identity "";          | ok

http      | game_origins;              | invalid number of arguments in "game_origins" directive
http      | game_origins any;          | ok
server    | game_origins same;         | ok
location  | game_origins same https://a.example:8443 null app://x; | ok
location  | game_origins any same;     | invalid origin "any"
location  | game_origins example.com;  | invalid origin "example.com"
location  | game_origins https://;     | invalid origin "https://"
location  | game_origins ://a;         | invalid origin "://a"
location  | game_origins https://a/;   | invalid origin "https://a/"
location  | game_origins https://*.a;  | invalid origin "https://*.a"
location  | game_origins h_s://a;      | invalid origin "h_s://a"
location  | game_origins any; game_origins any; | "game_origins" directive is duplicate

http      | game_lua_path;             | invalid number of arguments in "game_lua_path" directive
http      | game_lua_path games games/lib/; | ok
http      | game_lua_path "";          | invalid value ""
http      | game_lua_path a/?.lua;     | invalid value "a/?.lua"
http      | game_lua_path "a;b";       | invalid value "a;b"
http      | game_lua_path a; game_lua_path b; | "game_lua_path" directive is duplicate
server    | game_lua_path a;           | "game_lua_path" directive is not allowed here

http      | game_drain on;             | ok
http      | game_drain off;            | ok
http      | game_drain;                | invalid number of arguments in "game_drain" directive
http      | game_drain x;              | invalid value "x" in "game_drain" directive, it must be "on" or "off"
http      | game_drain on; game_drain on; | "game_drain" directive is duplicate
server    | game_drain on;             | "game_drain" directive is not allowed here

http      | game_script_timeout 5ms;   | ok
http      | game_script_timeout 4ms;   | value must be between 5ms and 1m
http      | game_script_timeout 61s;   | value must be between 5ms and 1m
http      | game_script_timeout x;     | "game_script_timeout" directive invalid value
http      | game_script_timeout 1s; game_script_timeout 2s; | "game_script_timeout" directive is duplicate
location  | game_script_timeout 1s;    | "game_script_timeout" directive is not allowed here

http      | game_guard on;             | ok
http      | game_guard off;            | ok
http      | game_guard maybe;          | invalid value "maybe" in "game_guard" directive, it must be "on" or "off"
http      | game_guard on; game_guard on; | "game_guard" directive is duplicate
server    | game_guard on;             | "game_guard" directive is not allowed here
http      | game_worker_timeout 3s;    | ok
http      | game_worker_timeout off;   | ok
http      | game_worker_timeout 2s;    | "game_worker_timeout" directive invalid value
http      | game_worker_timeout x;     | "game_worker_timeout" directive invalid value
http      | game_worker_timeout 5s; game_worker_timeout 6s; | "game_worker_timeout" directive is duplicate
server    | game_worker_timeout 5s;    | "game_worker_timeout" directive is not allowed here

http      | game_balance off;          | ok
http      | game_balance maybe;        | invalid value "maybe" in "game_balance" directive, it must be "on" or "off"
http      | game_balance on; game_balance on; | "game_balance" directive is duplicate
server    | game_balance on;           | "game_balance" directive is not allowed here
http      | game_snapshot off;         | ok
http      | game_snapshot logs/rooms;  | ok
http      | game_snapshot logs/rooms 1s; | ok
http      | game_snapshot logs/rooms off; | ok
http      | game_snapshot logs/rooms 999ms; | invalid interval "999ms"
http      | game_snapshot logs/rooms x; | invalid interval "x"
http      | game_snapshot logs/;       | invalid value "logs/"
http      | game_snapshot nowhere/rooms; | there is no directory "DIR/nowhere/" for "game_snapshot" (2: No such file or directory)
http      | game_snapshot logs/a; game_snapshot logs/b; | "game_snapshot" directive is duplicate
server    | game_snapshot logs/rooms;  | "game_snapshot" directive is not allowed here

http      | game_checkpoint auto;      | ok
server    | game_checkpoint off;       | ok
location  | game_checkpoint 100ms;     | ok
location  | game_checkpoint 0;         | "game_checkpoint" directive invalid value
location  | game_checkpoint x;         | "game_checkpoint" directive invalid value
location  | game_checkpoint off; game_checkpoint 1s; | "game_checkpoint" directive is duplicate
http      | game_resume_timeout 1m;    | ok
server    | game_resume_timeout off;   | ok
location  | game_resume_timeout 100ms; | ok
location  | game_resume_timeout 0;     | "game_resume_timeout" directive invalid value
location  | game_resume_timeout x;     | "game_resume_timeout" directive invalid value
location  | game_resume_timeout off; game_resume_timeout 1s; | "game_resume_timeout" directive is duplicate
http      | game_replay 16m;           | ok
server    | game_replay off;           | ok
location  | game_replay 1k;            | ok
location  | game_replay 1023;          | "game_replay" directive must be "off", or from 1k to 16m
location  | game_replay 17m;           | "game_replay" directive must be "off", or from 1k to 16m
location  | game_replay off; game_replay 1k; | "game_replay" directive is duplicate
http      | game_script_memory 1m;     | ok
http      | game_script_memory 1023k;  | value must be at least 1m
http      | game_script_memory x;      | "game_script_memory" directive invalid value
http      | game_script_memory 2m; game_script_memory 2m; | "game_script_memory" directive is duplicate
server    | game_script_memory 2m;     | "game_script_memory" directive is not allowed here

http      | game_room_max_players 1;   | ok
server    | game_room_max_players 65535; | ok
location  | game_room_max_players 0;   | value must be between 1 and 65535
location  | game_room_max_players 65536; | value must be between 1 and 65535
location  | game_room_max_players x;   | "game_room_max_players" directive invalid number
location  | game_room_max_players 1; game_room_max_players 2; | "game_room_max_players" directive is duplicate
http      | game_room_max_errors 0;    | ok
location  | game_room_max_errors 1000000; | ok
location  | game_room_max_errors 1000001; | value must be between 0 and 1000000
location  | game_room_max_errors -1;   | "game_room_max_errors" directive invalid number
location  | game_room_max_errors 1; game_room_max_errors 2; | "game_room_max_errors" directive is duplicate

http      | game_message_max_size 1;   | ok
location  | game_message_max_size 0;   | value must be between 1 and 67104768
location  | game_message_max_size 64m; | value must be between 1 and 67104768
location  | game_message_max_size 67104768; game_send_buffer 64m; | ok
location  | game_message_max_size 257k;| warn: "game_send_buffer" is less than "game_message_max_size" in location "/game"
location  | game_message_max_size x;   | "game_message_max_size" directive invalid value
location  | game_message_max_size 1; game_message_max_size 2; | "game_message_max_size" directive is duplicate

http      | game_message_rate off;     | ok
server    | game_message_rate 1r/s;    | ok
location  | game_message_rate 1000000r/s burst=0; | ok
location  | game_message_rate 0r/s;    | invalid rate "0r/s"
location  | game_message_rate 1000001r/s; | invalid rate "1000001r/s"
location  | game_message_rate r/s;     | invalid rate "r/s"
location  | game_message_rate 10r/m;   | invalid rate "10r/m"
location  | game_message_rate 10;      | invalid rate "10"
location  | game_message_rate 9r/s burst=x; | invalid burst "burst=x"
location  | game_message_rate 9r/s burst=1000001; | invalid burst "burst=1000001"
location  | game_message_rate 9r/s brust=1; | invalid parameter "brust=1"
location  | game_message_rate off burst=1; | invalid rate "off"
location  | game_message_rate off; game_message_rate off; | "game_message_rate" directive is duplicate

http      | game_send_buffer 4k; game_message_max_size 1k; | ok
location  | game_send_buffer 4095;     | value must be between 4k and 1024m
location  | game_send_buffer 1025m;    | value must be between 4k and 1024m
location  | game_send_buffer x;        | "game_send_buffer" directive invalid value
location  | game_send_buffer 4k;       | warn: "game_send_buffer" is less than "game_message_max_size" in location "/game"
location  | game_send_buffer 1m; game_send_buffer 1m; | "game_send_buffer" directive is duplicate

http      | game_idle_timeout 1d;      | ok
location  | game_idle_timeout 99ms;    | value must be between 100ms and 1d
location  | game_idle_timeout 25h;     | value must be between 100ms and 1d
location  | game_idle_timeout x;       | "game_idle_timeout" directive invalid value
location  | game_idle_timeout 20s;     | warn: "game_ping_interval" is not less than "game_idle_timeout" in location "/game": players that send nothing will be closed
location  | game_idle_timeout 20001ms; | ok
location  | game_idle_timeout 1h; game_idle_timeout 1h; | "game_idle_timeout" directive is duplicate
http      | game_ping_interval 0;      | ok
server    | game_ping_interval off;    | ok
location  | game_ping_interval 10ms;   | ok
location  | game_ping_interval x;      | "game_ping_interval" directive invalid value
location  | game_ping_interval 1m;     | warn: "game_ping_interval" is not less than "game_idle_timeout" in location "/game": players that send nothing will be closed
location  | game_ping_interval 1s; game_ping_interval 1s; | "game_ping_interval" directive is duplicate

http      | game_deflate off;          | ok
server    | game_deflate on;           | ok
location  | game_deflate on window_bits=9 client_window_bits=15 context_takeover=on client_context_takeover=off min_size=1k level=9; | ok
location  | game_deflate yes;          | invalid value "yes"
location  | game_deflate;              | invalid number of arguments in "game_deflate" directive
location  | game_deflate off level=1;  | invalid parameter "level=1"
location  | game_deflate on window_bits=8; | invalid parameter "window_bits=8"
location  | game_deflate on window_bits=16; | invalid parameter "window_bits=16"
location  | game_deflate on client_window_bits=8; | invalid parameter "client_window_bits=8"
location  | game_deflate on level=0;   | invalid parameter "level=0"
location  | game_deflate on level=10;  | invalid parameter "level=10"
location  | game_deflate on level;     | invalid parameter "level"
location  | game_deflate on min_size=x;| invalid parameter "min_size=x"
location  | game_deflate on context_takeover=1; | invalid parameter "context_takeover=1"
location  | game_deflate on client_context_takeover=; | invalid parameter "client_context_takeover="
location  | game_deflate on; game_deflate on; | "game_deflate" directive is duplicate

http      | game_session_limit $remote_addr 1; | ok
server    | game_session_limit off;    | ok
location  | game_session_limit $remote_addr 65535; | ok
location  | game_session_limit $remote_addr 65536; | invalid number of sessions "65536"
location  | game_session_limit $remote_addr 0; | invalid number of sessions "0"
location  | game_session_limit $remote_addr x; | invalid number of sessions "x"
location  | game_session_limit $remote_addr; | invalid value "$remote_addr"
location  | game_session_limit $nope 1;| unknown "nope" variable
location  | game_session_limit off; game_session_limit off; | "game_session_limit" directive is duplicate

http      | game_log off;              | ok
server    | game_log logs/game.log;    | ok
location  | game_log "";               | invalid value ""
location  | game_log syslog:server=a;  | invalid value "syslog:server=a"
location  | game_log logs/$host;       | invalid value "logs/$host"
location  | game_log off; game_log a;  | "game_log" directive is duplicate
END

for my $line (split /\n/, $table) {
    next if $line eq '';
    my ($where, $directive, $expected) = split /\s*\|\s*/, $line, 3;
    check($where, $directive, $expected =~ s/DIR/$dir/gr);
}


# nginx.conf.example, with paths and ports that are here

TestGame::certificate();

my $example = slurp("$root/nginx.conf.example");
my $load = $module eq 'static' ? '' : "load_module $module;";
my $user = $> == 0 ? 'user root;' : '';

$example =~ s/^load_module .*$/$load $user pid nginx.pid;/m;
$example =~ s{/var/log/nginx/}{logs/}g;
$example =~ s{/var/lib/nginx/game/}{logs/};
$example =~ s{/etc/ssl/\S+\.pem}{$ENV{TEST_NGINX_CERT}};
$example =~ s{/etc/ssl/\S+\.key}{$ENV{TEST_NGINX_KEY}};
$example =~ s/listen 80;/listen $ENV{TEST_NGINX_PORT};/;
$example =~ s/listen 443 ssl;/listen $ENV{TEST_NGINX_TLS_PORT} ssl;/;

my ($said, $ok) = nginx_t($example);
Test::More::ok($ok, 'nginx.conf.example passes');
Test::More::is(join("\n", messages($said)), '', 'nothing is said of it');

remove_tree($dir);


# one list of directives, in the code, in the documents and in the example

my $code = slurp("$root/ngx_game_module.c");
my $docs = slurp("$root/docs/directives.md");
my @code = sort($code =~ /ngx_string\("(game\w*)"\),\n\s+NGX_[GH]\w+\|/g);
my @described = sort($docs =~ /^## (game\w*)$/mg);

Test::More::is("@described", "@code", 'docs/directives.md has all directives');
Test::More::is(join(' ', grep { $example !~ /^\s*$_\b/m } @code), '',
               'nginx.conf.example uses all directives');

run_tests();

__DATA__

=== TEST 1: defaults: messages of 64k, pages of the same host, 100 seats
--- lua
return {}
--- config
location /a { game game.lua; }
--- ws
a open /a origin=http://localhost
a >rep 65536 x
a none 0.1
http GET /a?rooms header="Accept: application/json" ~ "max_players":100\b
a >rep 65537 x
a close? 1009
b open /a deflate
b header sec-websocket-extensions ~ ^$
c open /a origin=http://example.com status=403
--- error_log
example.com


=== TEST 2: defaults: 120 messages a second, and 240 more at once
--- lua
return {}
--- config
location /a { game game.lua; }
--- ws
a open /a
a >burst 241
a none 0.5
a >burst 55
a none 0.05
a >burst 300
a close? 1008


=== TEST 3: settings of the server, taken over and replaced
--- lua
return { on_join = function(self, player)
    player:send(player.identity or "nobody")
end }
--- config
game_identity         "outer $arg_who";
game_message_max_size 10;
game_message_rate     1r/s burst=2;
game_origins          https://a.example;
game_deflate          on min_size=1;
game_session_limit    $arg_key 1;
game_room_max_players 7;

location /outer { game game.lua name=outer; }

location /inner {
    game game.lua name=inner;
    game_identity         $arg_who;
    game_message_max_size 20;
    game_message_rate     off;
    game_origins          same;
    game_deflate          off;
    game_session_limit    off;
    game_room_max_players 8;
}

location /any {
    game game.lua name=any;
    game_origins any;
}
--- ws
a open /outer?who=ann&key=k origin=https://a.example deflate
a header sec-websocket-extensions ~ permessage-deflate
a < "outer ann"
b open /outer?who=bob&key=k status=429 off=a
b open /outer?who=bob origin=http://localhost status=403
http GET /outer?rooms header="Accept: application/json" ~ "max_players":7\b
a > 0123456789
a none 0.1
a > 0123456789a
a close? 1009
a open /outer
a > "1"
a > "2"
a > "3"
a > "4"
a until < "outer "
a close? 1008

b open /inner?who=bob&key=k origin=http://localhost deflate
b header sec-websocket-extensions ~ ^$
b < "bob"
c open /inner?key=k
c < "nobody"
d open /inner origin=https://a.example status=403
http GET /inner?rooms header="Accept: application/json" ~ "max_players":8\b
b >burst 500
b > "0123456789abcdefgh"
b none 0.1
b > "0123456789abcdefghi"
b close? 1009

d open /any origin=https://b.example
--- error_log
example


=== TEST 4: timeouts of the server, taken over and replaced
--- lua
return {}
--- config
game_idle_timeout  300ms;
game_ping_interval off;

location /outer { game game.lua; }

location /inner {
    game game.lua;
    game_idle_timeout  10s;
    game_ping_interval 100ms;
}
--- ws
a open /inner
b open /outer
b close~ 1001 idle
a ping?
a ping?
a none 0.3
a ping?


=== TEST 5: a client that does not answer pings is idle
--- lua
return {}
--- config
location /a {
    game game.lua;
    game_idle_timeout  400ms;
    game_ping_interval 100ms;
}
--- ws
a open /a
a none 0.8
b open /a nopong
b close~ 1001 idle


=== TEST 6: "if" and limit_except blocks go on with the game
--- lua
return { on_join = function(self, player) player:send(player.identity) end }
--- config
location /a {
    game game.lua;
    game_identity me;
    if ($arg_x) { set $y 1; }
    limit_except GET { deny 10.1.1.1; }
}
location /b {
    game game.lua;
    game_identity me;
    limit_except GET { deny all; }
}
--- ws
a open /a?x=1
a < "me"
a open /a
a < "me"
http POST /a 405 json {"error":"~."}
b open /b
b < "me"
http POST /b 403
--- error_log
access forbidden by rule


=== TEST 7: $game_room and $game_player, and the logs that they tie together
--- http_config
log_format ids "$status $uri room=$game_room player=$game_player";
--- lua
return {
    on_auth = function(self, request) return not request.args.no end,
    on_join = function(self, player)
        player:send({ room = self.id, player = player.id })
    end
}
--- config
access_log logs/ids.log ids;
game_log logs/game.log;
add_header X-Room "$game_room";
add_header X-Ids "$game_room $game_player" always;

location /a { game game.lua; }
location /quiet { game game.lua name=quiet; game_log off; }
location /none { return 200 "[$game_room$game_player]"; }
--- ws
a open /a
a ~ "room":"(?<room>\w{13})"
a header x-ids ~ ^$room (?<player>\w{13})$
b open /quiet
b ~ "player":"(?<quiet>\w{13})"
file ids.log ~ (?m)^101 /a room=$room player=$player$
file ids.log ~ 101 /quiet room=\w{13} player=$quiet
a close 1000
a close? 1000
b close 1000
b close? 1000
file game.log ~ (?m)^\S+ 127\.0\.0\.1 - game $room $player code=1000 why=left
file game.log ~ ^[^\n]+\n$
http GET /none ~ ^\[\]$
c open /a?room=0000000000001 status=404
file ids.log ~ 404 /a room=- player=-
c open /a?no=1 status=403
file ids.log ~ 403 /a room=- player=-


=== TEST 8: what require finds
--- http_config
game_lua_path lib more/;
--- lua
>>> game.lua
local a, b = require "a", require "deep.b"
return { on_join = function(self, player) player:send(a .. b) end }
>>> lib/a.lua
return "one"
>>> more/a.lua
return "never"
>>> more/deep/b.lua
return "two"
--- config
location /a { game game.lua; }
--- ws
a open /a
a < "onetwo"


=== TEST 9: a script that is not there
--- config
location /a { game nowhere.lua; }
--- must_die
--- error_log
nowhere.lua
