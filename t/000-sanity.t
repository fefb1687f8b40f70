# The module loads, a game answers, the site beside it does too, and the
# harness notices what it is there to notice.

use lib 't/lib';
use TestGame;

my $module = $ENV{TEST_NGINX_GAME_MODULE};

if ($module ne 'static') {
    my $symbols = `nm -D --defined-only $module`;
    my @names = sort grep { !/^_|^asan|^ubsan/ } $symbols =~ / [A-Z] (\w+)$/mg;
    Test::More::is("@names", 'ngx_module_names ngx_module_order ngx_modules',
                   'the module shows nothing but what nginx looks up');
}

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', <<"END" . ($block->config // ''));
location = /echo { game $TestGame::Root/examples/echo/echo.lua; }
END
});

run_tests();

__DATA__

=== TEST 1: the module loads and the site is served
--- request
GET /index.html
--- response_body_like: It works!
--- response_headers_like
X-Worker: \d+


=== TEST 2: a message comes back
--- ws
a open /echo
a > hello
a < hello
a >bin 00ff10
a <bin 00ff10
a >frag hel|lo|
a < hello
a none 0.1
a close 1000
a close? 1000


=== TEST 3: with one worker
--- workers: 1
--- ws
a open /echo
a > hello
a < hello
status workers.# == 1


=== TEST 4: with four workers
--- workers: 4
--- ws
a open /echo
b open /echo off=a
c open /echo on=b
a > hello
b > hello
c > hello
a < hello
b < hello
c < hello
status workers.# == 4
status workers.*.sessions == 3


=== TEST 5: over TLS
--- tls
--- ws
a open /echo tls
a >rep 10000 hello
a <rep 10000 hello
a close 1000
a close? 1000


=== TEST 6: a message that goes with the handshake
--- ws
a open /echo early=first
a > second
a < first
a < second


=== TEST 7: without an upgrade
--- request
GET /echo
--- error_code: 426


=== TEST 8: a reload, and players on both sides of it
--- ws
a open /echo
a > before
a < before
reload
b open /echo
a > after
a < after
b > after
b < after
a close 1000
a close? 1000


=== TEST 9: the log file is reopened
--- config
game_log logs/game.log;
--- ws
a open /echo
a close 1000
a close? 1000
file game.log ~ \n
signal USR1


=== TEST 10: a killed worker: its room goes on for players elsewhere
--- workers: 2
--- ws
a open /echo
b open /echo off=a
kill KILL worker of a
a close? 1006
b > still here
b < still here
c open /echo on=b
c > hello
c < hello
respawned
status workers.# == 2
a open /echo off=c
a > hello
a < hello


=== TEST 11: the status
--- workers: 2
--- ws
status version ~ ^\d+\.\d+\.\d+$
status workers.# == 2
status workers.0.sessions == 0
http GET /status json {"workers":[{"slot":0,"rooms":0},{"slot":1,"rooms":0}]}


=== TEST 12: many messages in order
--- config
location = /fast {
    game $TEST_NGINX_ROOT/examples/echo/echo.lua name=fast;
    game_message_rate off;
}
--- ws
a open /fast
a >rep 1000 x
a >rep 60000 y
a > z
a <rep 1000 x
a <rep 60000 y
a < z


=== TEST 13: before lua-nginx-module
--- skip_eval: 4: $ENV{TEST_NGINX_GAME_MODULE} eq "static" || ! -f "/usr/lib/nginx/modules/ngx_http_lua_module.so"
--- main_config
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
--- config
location = /lua {
    content_by_lua_block {
        ngx.say(require("cjson").encode({ jit.status(), ngx.worker.pid() }))
    }
}
--- ws
a open /echo
a > hello
a < hello
http GET /lua ~ ^\[true,\d+\]
a > hello
a < hello


=== TEST 14: after lua-nginx-module
--- skip_eval: 4: $ENV{TEST_NGINX_GAME_MODULE} eq "static" || ! -f "/usr/lib/nginx/modules/ngx_http_lua_module.so"
--- main_config
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
load_module $TEST_NGINX_GAME_MODULE;
--- config
location = /lua {
    content_by_lua_block {
        ngx.say(require("cjson").encode({ jit.status(), ngx.worker.pid() }))
    }
}
--- ws
a open /echo
a > hello
a < hello
http GET /lua ~ ^\[true,\d+\]
a > hello
a < hello
