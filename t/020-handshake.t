# Copyright (C) ngx_game authors

# The opening handshake (RFC 6455, 4.2): what is upgraded, what is refused and
# how, subprotocols, origins, and bytes that come with the request.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', <<"END" . ($block->config // ''));
location = /echo { game $TestGame::Root/examples/echo/echo.lua; }
END
});

run_tests();

__DATA__

=== TEST 1: the answer to a right handshake
--- ws
a open /echo
a header Upgrade ~ ^websocket$
a header Connection ~ ^upgrade$
a header Sec-WebSocket-Accept ~ ^[A-Za-z0-9+/]{27}=$
a header Sec-WebSocket-Protocol ~ ^$
a header Sec-WebSocket-Extensions ~ ^$
a header Content-Length ~ ^$
a header Transfer-Encoding ~ ^$



=== TEST 2: the key of RFC 6455, 1.3
--- raw_request eval
"GET /echo HTTP/1.1\r
Host: localhost\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
\r
\x88\x80\x00\x00\x00\x00"
--- error_code: 101
--- response_headers
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
--- ignore_response



=== TEST 3: tokens in lists, in any case, and in several headers
--- ws
a open /echo set="Connection: keep-alive, UPGRADE" set="Upgrade: h2c , WebSocket"
b open /echo set="Connection: keep-alive" header="Connection: upgrade"
c open /echo header="Content-Length: 0"
a echo 10
b echo 10
c echo 10



=== TEST 4: what is no upgrade is a 426 that says what is needed
--- ws
a open /echo status=426 set=Upgrade: set=Connection:
a header Upgrade ~ ^websocket$
a header Sec-WebSocket-Version ~ ^13$
a header Content-Type ~ ^application/json
a body json {"error":"an upgrade to WebSocket is needed"}
a open /echo status=426 set="Upgrade: websocketx"
a open /echo status=426 set="Upgrade: h2c"
a open /echo status=426 set="Connection: close"
a open /echo status=426 set=Upgrade:
status workers.*.handshakes.refused == 5
status workers.*.handshakes.opened == 0



=== TEST 5: only version 13
--- ws
a open /echo status=426 set="Sec-WebSocket-Version: 12"
a header Sec-WebSocket-Version ~ ^13$
a body json {"error":"Sec-WebSocket-Version must be 13"}
a open /echo status=426 set="Sec-WebSocket-Version: 8"
a open /echo status=426 set="Sec-WebSocket-Version: 013"
a open /echo status=426 set="Sec-WebSocket-Version: 130"
a open /echo status=426 set="Sec-WebSocket-Version: 13, 8"
a open /echo status=426 set=Sec-WebSocket-Version:
a open /echo status=426 header="Sec-WebSocket-Version: 13"



=== TEST 6: a key is the base64 of 16 bytes, and there is one
--- ws
a open /echo status=400 set=Sec-WebSocket-Key:
a body json {"error":"Sec-WebSocket-Key is not valid"}
a open /echo status=400 set="Sec-WebSocket-Key: x"
a open /echo status=400 set="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==x"
a open /echo status=400 set="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="
a open /echo status=400 set="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAA!=="
a open /echo status=400 set="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA===="
a open /echo status=400 set="Sec-WebSocket-Key: AA==AAAAAAAAAAAAAAAAAA=="
a open /echo status=400 header="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="



=== TEST 7: only GET
--- ws
a open /echo status=405 method=POST
a header Allow ~ ^GET$
a body json {"error":"the method must be GET"}
a open /echo status=405 method=PUT
a open /echo status=405 method=DELETE
a open /echo status=405 method=OPTIONS
a open /echo status=405 method=HEAD
a header Allow ~ ^GET$



=== TEST 8: HTTP/1.1 only
--- ws
a open /echo status=400 http=1.0
a body json {"error":"WebSocket needs HTTP/1.1 here"}



=== TEST 9: no body
--- ws
a open /echo status=400 header="Content-Length: 3" body=abc
a body json {"error":"a body is not allowed"}
b open /echo status=400 header="Transfer-Encoding: chunked" body='3\r\nabc\r\n0\r\n\r\n'
b body json {"error":"a body is not allowed"}



=== TEST 10: a connection goes on after a refusal, also of a request with a body
--- pipelined_requests eval
["POST /echo\nhello", "GET /echo?rooms"]
--- error_code eval
[405, 200]
--- response_body eval
["{\"error\":\"the method must be GET\"}\n", "{\"rooms\":[]}\n"]



=== TEST 11: the list of rooms is asked for without an upgrade
--- ws
http GET /echo?rooms 200 json {"rooms":[]}
http GET /echo?rooms= 200 json {"rooms":[]}
http GET /echo?a=b&rooms=1&c 200 json {"rooms":[]}
http GET /echo?roomsx 426
http GET /echo?xrooms 426
http GET /echo?x=rooms 426
a open /echo?rooms
a echo 10
http GET /echo?rooms 200 json {"rooms":[{"game":"echo","players":1}]}



=== TEST 12: bounds of what a client says
--- config
location = /long {
    set $x 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef;
    game $TEST_NGINX_ROOT/examples/echo/echo.lua name=long; game_identity $x$x$x$x$arg_id;
}
--- ws
a open /long
b open /long?id=x status=400
b body json {"error":"the identity is too long"}
c open /echo?room= status=404
c open /echo?room=0003NER000001 status=404
c body json {"error":"no such room"}



=== TEST 13: a query of 2048 bytes, and one of 2049
--- lua
local Room = {}
function Room:on_join(player, options) player:send({ n = #options.q }) end
return Room
--- config
location /ws { game game.lua; }
--- ws eval
my $q = 'q=' . 'x' x 2046;
"a open /ws?$q
a json {\"n\":2046}
b open /ws?${q}x status=414
b body json {\"error\":\"the query is too long\"}
"



=== TEST 14: subprotocols: the game's first choice of what is offered
--- lua
return { protocols = { "v2+msgpack", "v1+json", "plain" },
         on_join = function(self, player) player:send({ ok = true }) end }
--- config
location /ws { game game.lua; }
--- ws
a open /ws protocol=v1+json
a header Sec-WebSocket-Protocol ~ ^v1\+json$
a < {"ok":true}
b open /ws protocol="plain,v1+json, v2+msgpack"
b header Sec-WebSocket-Protocol ~ ^v2\+msgpack$
b <bin 81 a2 6f6b c3
c open /ws protocol=other header="Sec-WebSocket-Protocol: plain"
c header Sec-WebSocket-Protocol ~ ^plain$
c < {"ok":true}
d open /ws protocol=nothing
d header Sec-WebSocket-Protocol ~ ^$
e open /ws protocol=PLAIN
e header Sec-WebSocket-Protocol ~ ^$
f open /ws protocol=",, plain ,"
f header Sec-WebSocket-Protocol ~ ^plain$
g open /ws
g header Sec-WebSocket-Protocol ~ ^$



=== TEST 15: origins: the same host by default
--- ws
a open /echo origin=http://localhost
a open /echo origin=https://LOCALHOST:443
a open /echo origin=http://localhost:80
a open /echo origin=http://site.example header="Host: site.example:80"
a open /echo origin=http://site.example:8080 header="Host: site.example:8080"
a open /echo origin=http://[::1]:8080 header="Host: [::1]:8080"
a open /echo origin=https://site.example:443 header="Host: Site.Example"
a echo 10
b open /echo origin=http://evil.example status=403
b body json {"error":"this origin is not allowed"}
b open /echo origin=null status=403
b open /echo origin= status=403
b open /echo origin=localhost status=403
b open /echo origin=http://localhost:81 status=403
b open /echo origin=http://localhost.evil status=403
b open /echo origin=http://xlocalhost status=403
b open /echo origin=http://localhost/ status=403
b open /echo origin=https://localhost:80 status=403
b open /echo origin=http://localhost header="Origin: http://localhost" status=403
status workers.*.handshakes.origin == 10
log ~ \[info\].*origin "http://evil.example" is refused, see "game_origins"



=== TEST 16: game_origins: a list, with and without the own host, and any
--- config
location = /list { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_origins https://good.example http://other.example:8080 null; }
location = /same { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_origins same https://good.example; }
location = /any { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_origins any; }
--- ws
a open /list origin=https://good.example
a open /list origin=https://GOOD.example:443
a open /list origin=http://other.example:8080
a open /list origin=null
a open /list
b open /list origin=http://good.example status=403
b open /list origin=https://good.example:444 status=403
b open /list origin=https://sub.good.example status=403
b open /list origin=http://localhost status=403
c open /same origin=https://good.example
c open /same origin=http://localhost
d open /same origin=null status=403
d open /same origin=http://good.example status=403
e open /any origin=http://evil.example
e open /any origin=null
e echo 10



=== TEST 17: frames that come with the request
--- ws
a open /echo early=first
a > second
a < first
a < second
b open /echo body='\x81\x85\x00\x00\x00\x00earlY\x89\x82\x00\x00\x00\x00p1\x82\x83\x00\x00\x00\x00ab'
b < earlY
b pong? p1
b >hex 63
b <bin 616263
b close 1000
b close? 1000
c open /echo on=a body='\x81\x81\x00\x00\x00\x00x\x88\x82\x00\x00\x00\x00\x03\xe8'
c < x
c close? 1000



=== TEST 18: frames that come while the room has not admitted the player yet
--- lua
local Room = { codec = "raw" }
function Room:on_auth() game.sleep(0.3) return true end
function Room:on_join(player) player:send("hello") end
function Room:on_message(player, message) player:send(message) end
return Room
--- config
location /ws { game game.lua; }
--- ws
a handshake /ws early=first
a > second
a >rep 10000 third
a answer
a < hello
a < first
a < second
a <rep 10000 third



=== TEST 19: frames behind a request that needed a large header buffer
--- ws eval
my $cookie = 'c' x 6000;
my $frame = '\x81\xfe\x0b\xb8\x00\x00\x00\x00' . 'y' x 3000;
"a open /echo header=\"Cookie: $cookie\" body='$frame'
a <rep 3000 y
a echo 10
"



=== TEST 20: a frame against the rules that comes with the request
--- ws
a open /echo body='\x83\x80\x00\x00\x00\x00'
a close~ 1002 reserved opcode



=== TEST 21: a request that comes in pieces
--- raw_request eval
my @bytes = split //, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
[@bytes, "\x88\x80\x00\x00\x00\x00"]
--- raw_request_middle_delay: 0.001
--- error_code: 101
--- ignore_response



=== TEST 22: headers that are added to the 101, and limit_rate, which ends with it
--- config
location = /more { game $TEST_NGINX_ROOT/examples/echo/echo.lua; add_header X-Room $game_room always; limit_rate 50; }
--- ws
a open /more
a header X-Room ~ ^[0-9a-z]{13}$
takes 0 2 a echo 10000 20000 30000



=== TEST 23: a long User-Agent is cut, and a long origin refused, wherever the room is
--- lua
local Room = {}
function Room:on_auth(request) return { agent = #request.agent, origin = #request.origin } end
function Room:on_join(player) player:send(player.data) end
return Room
--- config
location /ws { game game.lua; game_origins any; }
--- ws eval
my $origin = 'http://' . 'x' x 505;
my $agent = 'header="User-Agent: ' . 'x' x 3000 . '"';
"a open /ws origin=$origin $agent
a json {\"agent\":1024,\"origin\":512}
b open /ws off=a origin=$origin $agent
b json {\"agent\":1024,\"origin\":512}
c open /ws on=a origin=${origin}x $agent status=400
c body json {\"error\":\"the origin is too long\"}
d open /ws off=a origin=${origin}x $agent status=400
"
