# Copyright (C) ngx_game authors

# A game among the rest of nginx: what nginx does before a location's content,
# variables and logs, the website beside it, HTTP/2, and other modules.

use lib 't/lib';
use TestGame;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('lua', <<'END') if !defined $block->lua;
return {
    codec = "raw",
    on_join = function(self, player)
        player:send((player.identity or "nobody") .. " at " .. player.address)
    end,
    on_message = function(self, player, message) player:send(message) end
}
END
});


# h2 PATH STATUS [WEBSOCKET]: a GET over HTTP/2, by a socket in the server's
# folder; with RFC 8441's :protocol if WEBSOCKET is 1
sub TestGame::Conversation::do_h2 {
    my ($path, $wanted, $websocket) = split ' ', $_[0];

    my $socket = IO::Socket::UNIX->new("$ENV{TEST_NGINX_SERVROOT}/h2.sock")
        or die "cannot connect: $!\n";

    # frames of RFC 9113, 4.1, and headers that are in no table, RFC 7541, 6.2.2
    my $frame = sub {
        my ($type, $flags, $stream, $data) = @_;
        return substr(pack('NCCN', length $data, $type, $flags, $stream), 1)
               . $data;
    };
    my $field = sub { pack 'C C/a C/a', 0, @_ };
    my $block = $field->(':method', $websocket ? 'CONNECT' : 'GET')
                . $field->(':scheme', 'http') . $field->(':path', $path)
                . $field->(':authority', 'localhost')
                . ($websocket ? $field->(':protocol', 'websocket') : '')
                . $field->('sec-websocket-version', '13');
    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                      . $frame->(4, 0, 0, '') . $frame->(1, 5, 1, $block);

    my ($in, $end, $got) = ('', time + $TestGame::Conversation::Wait);
    my $select = IO::Select->new($socket);

    while (!defined $got && time < $end && $select->can_read(1)) {
        sysread $socket, $in, 16384, length $in or last;

        while (length $in >= 9) {
            my ($len, $type, $flags) = unpack 'NCC', "\0$in";
            last if length $in < 9 + $len;
            my $data = substr substr($in, 0, 9 + $len, ''), 9;
            $got = "RST_STREAM" if $type == 3;
            next if $type != 1;

            # :status comes first, from the static table or by its index
            my ($index, $more) = unpack 'C C/a', $data;
            $got = $index & 0x80 ? (200, 204, 206, 304, 400, 404, 500)
                                   [($index & 0x7f) - 8] : $more;
        }
    }

    die 'got: ', $got // 'nothing', "\n" if ($got // '') ne $wanted;
}


our $Modules = '/usr/lib/nginx/modules';

run_tests();

__DATA__

=== TEST 1: allow and deny
--- config
location = /no { game game.lua; deny all; }
location = /yes { game game.lua; allow 127.0.0.1; deny all; }
--- ws
a open /no status=403
b open /yes
b < nobody at 127.0.0.1
status workers.*.handshakes.opened == 1
--- error_log
access forbidden by rule



=== TEST 2: auth_basic, and its user as the identity
--- config
location /ws { game game.lua; auth_basic game; auth_basic_user_file $TEST_NGINX_SERVROOT/conf/users; game_identity $remote_user; }
--- ws
write conf/users ann:{PLAIN}secret
a open /ws status=401
b open /ws status=401 header="Authorization: Basic YW5uOndyb25n"
c open /ws header="Authorization: Basic YW5uOnNlY3JldA=="
c < ann at 127.0.0.1
--- error_log
password mismatch



=== TEST 3: auth_request decides, and says who the player is
--- http_config
server {
    listen unix:$TEST_NGINX_SERVROOT/auth.sock;
    location / {
        if ($http_cookie = "session=good") { add_header X-User bob; return 204; }
        if ($http_cookie = "session=none") { return 401; }
        return 403;
    }
}
--- config
location = /auth { internal; proxy_pass http://unix:$TEST_NGINX_SERVROOT/auth.sock:/; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
location /ws { game game.lua; auth_request /auth; auth_request_set $user $upstream_http_x_user; game_identity $user; }
--- ws
a open /ws status=403
b open /ws status=401 header="Cookie: session=none"
c open /ws header="Cookie: session=good" early=hello
c < bob at 127.0.0.1
c < hello
status workers.*.handshakes.opened == 1
--- grep_error_log eval
qr/auth request unexpected status/
--- grep_error_log_out



=== TEST 4: an auth_request that fails
--- config
location = /auth { internal; return 500; }
location /ws { game game.lua; auth_request /auth; }
--- ws
a open /ws status=500
--- error_log
auth request unexpected status: 500



=== TEST 5: limit_req
--- http_config
limit_req_zone $binary_remote_addr zone=handshakes:1m rate=1r/m;
--- config
location /ws { game game.lua; limit_req zone=handshakes burst=1 nodelay; limit_req_status 429; }
--- ws
a open /ws
b open /ws
c open /ws status=429
a > hello
a < nobody at 127.0.0.1
a < hello
status workers.*.handshakes.opened == 2
--- error_log
limiting requests



=== TEST 6: limit_req that delays
--- http_config
limit_req_zone $binary_remote_addr zone=handshakes:1m rate=2r/s;
--- config
location /ws { game game.lua; limit_req zone=handshakes burst=5; }
--- ws
a open /ws
takes 0.3 2 b open /ws early=hello
b < nobody at 127.0.0.1
b < hello



=== TEST 7: limit_conn counts handshakes under way, not sessions
--- lua
local Room = {}
function Room:on_auth(request)
    if request.args.slow then game.sleep(0.5) end
    return true
end
return Room
--- http_config
limit_conn_zone $binary_remote_addr zone=addresses:1m;
--- config
location /ws { game game.lua; limit_conn addresses 1; }
--- ws
a handshake /ws?slow=1
wait 0.2
b open /ws status=503
a answer
a ping detached
a pong? detached
b open /ws
b ping detached
b pong? detached
c open /ws
c ping detached
c pong? detached
d open /ws off=c
status workers.*.sessions == 4
--- error_log
limiting connections by zone "addresses"



=== TEST 8: realip: the address that the proxy names, in the game and in game_log
--- config
location /ws { game game.lua; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; game_log logs/game.log; }
location /other { game game.lua; set_real_ip_from 192.0.2.1; real_ip_header X-Real-IP; }
--- ws
a open /ws header="X-Real-IP: 203.0.113.7"
a < nobody at 203.0.113.7
a close 1000
a close? 1000
file game.log ~ 203\.0\.113\.7 - game
b open /ws header="X-Real-IP: 2001:db8::1"
b < nobody at 2001:db8::1
c open /other header="X-Real-IP: 203.0.113.7"
c < nobody at 127.0.0.1



=== TEST 9: realip and limits by it
--- config
set_real_ip_from 127.0.0.1;
real_ip_header X-Real-IP;
location /ws { game game.lua; game_session_limit $binary_remote_addr 1; }
--- ws
a open /ws header="X-Real-IP: 203.0.113.7"
b open /ws header="X-Real-IP: 203.0.113.7" status=429
c open /ws header="X-Real-IP: 203.0.113.8"



=== TEST 10: the access log has the handshake as a 101, with room and player
--- lua
return {
    codec = "raw",
    on_auth = function(self, request) return request.args.no == nil end,
    on_join = function(self, player) player:send(self.id .. " " .. player.id) end
}
--- http_config
log_format games '$status room=$game_room player=$game_player $uri';
--- config
location /ws { game game.lua; access_log logs/games.log games; }
location /site { return 200 "site"; access_log logs/games.log games; }
--- ws
a open /ws
a ~ ^(?<room>\S+) (?<player>\S+)$
file games.log ~ ^101 room=$room player=$player /ws\n$
b open /ws?no=1 status=403
http GET /site 200
c open /ws method=POST status=405
file games.log ~ \n403 room=- player=- /ws\n200 room=- player=- /site\n405 room=- player=- /ws\n$



=== TEST 11: rewrite, named locations, try_files, error_page and satisfy lead to a game
--- config
location /old { rewrite ^ /ws last; }
location /try { try_files /none @game; }
location @game { game game.lua; }
location /ws { game game.lua; }
location /page { error_page 418 = @game; return 418; }
location /satisfy { game game.lua; satisfy any; deny all; auth_basic game; auth_basic_user_file $TEST_NGINX_SERVROOT/conf/users; }
--- ws
write conf/users ann:{PLAIN}secret
a open /old
a < nobody at 127.0.0.1
b open /try
b < nobody at 127.0.0.1
c open /page
c < nobody at 127.0.0.1
d open /satisfy header="Authorization: Basic YW5uOnNlY3JldA=="
d < nobody at 127.0.0.1
status rooms.# == 1



=== TEST 12: error_page is for what nginx refuses, the game's answers stay as they are
--- config
error_page 403 426 /page;
location /ws { game game.lua; }
location /no { game game.lua; deny all; }
location = /page { return 200 "a page"; }
--- ws
a open /no status=403
a body ~ ^a page$
b open /ws status=426 set=Upgrade:
b body json {"error":"an upgrade to WebSocket is needed"}
--- error_log
access forbidden by rule



=== TEST 13: a subrequest for a game's location is no player
--- config
location /ws { game game.lua; }
location /auth { auth_request /ws; try_files /index.html =404; }
--- ws
http GET /auth 500
status workers.*.sessions == 0
--- error_log
auth request unexpected status: 404



=== TEST 14: the website beside it goes on with many players
--- config
location /ws { game game.lua; }
--- ws
p open /ws times=30
http GET /index.html 200 ~ It works
http HEAD /index.html 200
http GET /none.html 404
p > hello
p < nobody at 127.0.0.1
p < hello
--- error_log
No such file



=== TEST 15: HTTP/2: a clear status for a game, the site and the list are served
--- http_config
server {
    listen unix:$TEST_NGINX_SERVROOT/h2.sock http2;
    location /ws { game game.lua; }
    location /site { return 200 site; }
    location = /stat { game_status; }
}
--- config
location /ws { game game.lua; }
--- ws
h2 /site 200
h2 /ws 400
h2 /ws?rooms 200
h2 /stat 200
a open /ws
a < nobody at 127.0.0.1
status workers.*.handshakes.opened == 1
status workers.*.handshakes.refused == 1



=== TEST 16: a connection that was used for the site before
--- config
location /ws { game game.lua; }
location /site { return 200 "site\n"; }
--- pipelined_requests eval
["GET /site", "GET /ws?rooms", "GET /ws", "GET /site"]
--- error_code eval
[200, 200, 426, 200]



=== TEST 17: timeouts of requests do not reach into sessions
--- config
client_header_timeout 300ms;
client_body_timeout 300ms;
send_timeout 300ms;
keepalive_timeout 300ms;
location /ws { game game.lua; }
--- ws
a open /ws
a < nobody at 127.0.0.1
wait 0.7
a > hello
a < hello



=== TEST 18: in one nginx with lua-nginx-module
--- skip_eval: 3: !-f "$::Modules/ngx_http_lua_module.so"
--- main_config eval
"load_module $::Modules/ndk_http_module.so;\nload_module $::Modules/ngx_http_lua_module.so;"
--- http_config
init_worker_by_lua_block { started = true }
--- config
location /ws { access_by_lua_block { if ngx.var.arg_no then ngx.exit(403) end ngx.ctx.x = 1 } game game.lua; }
location /lua {
    content_by_lua_block {
        local sum = 0
        for i = 1, 1000000 do sum = sum + i % 7 end
        ngx.say("sum ", sum, " ", tostring(started))
    }
}
--- ws
http GET /lua 200 ~ ^sum 2999998 true
a open /ws?no=1 status=403
b open /ws
b < nobody at 127.0.0.1
b > hello
b < hello
http GET /lua 200 ~ ^sum 2999998
reload
c open /ws
c < nobody at 127.0.0.1
http GET /lua 200 ~ ^sum 2999998
