# The wire format and the rules of examples/platformer, and echo's.  What the
# Swoole server that it replaces did wrong has a block each.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;
    my $games = "$TestGame::Root/examples";

    $block->set_value('config', <<"END" . ($block->config // ''));
location = /platformer { game $games/platformer/platformer.lua; }
location = /echo { game $games/echo/echo.lua; }
END
});

run_tests();

__DATA__

=== TEST 1: a player enters, falls on the ledge, and then all is silent
--- ws
a open /platformer
a none 0.2
a > {"cmd":"newplayer","name":"Ada","color":"#ff0000"}
a ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a json {"type":"updatePosition","data":{"players":{"$ada":{"x":200,"y":201.5,"velocityX":0,"velocityY":1,"name":"Ada","color":"#ff0000","isJumping":false}}}}
a json {"type":"updatePosition","data":{"players":{"$ada":{"y":203}}}}
a json {"type":"updatePosition","data":{"players":{"$ada":{"y":205}}}}
a json {"type":"updatePosition","data":{"players":{"$ada":{"y":207.5}}}}
a json {"type":"updatePosition","data":{"players":{"$ada":{"x":200,"y":210,"velocityX":0,"velocityY":0,"isJumping":false}}}}
a none 0.3


=== TEST 2: players on different workers share one world
--- ws
a open /platformer
b open /platformer off=a
a > {"cmd":"newplayer","name":"Ada","color":"#f00"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
b > {"cmd":"newplayer","name":"Bob","color":"#00f"}
b until json {"type":"newPlayer","data":{"players":{"$ada":{"name":"Ada","color":"#f00"}}}}
b until ~ "(?<bob>(?!$ada)\w{13})":\{
b until json {"data":{"players":{"$ada":{"y":210},"$bob":{"name":"Bob","y":210}}}}
a until json {"data":{"players":{"$ada":{"y":210},"$bob":{"name":"Bob","y":210}}}}
b > {"cmd":"left"}
a json {"type":"updatePosition","data":{"players":{"$ada":{"x":200},"$bob":{"x":195,"velocityX":-4}}}}
a > {"cmd":"right"}
b until json {"type":"updatePosition","data":{"players":{"$ada":{"x":205,"velocityX":4}}}}
http GET /platformer?rooms 200 header="Accept: application/json" json {"rooms":[{"players":2,"max_players":50,"locked":false}]}


=== TEST 3: a command is a push that friction ends
--- ws
a open /platformer
a > {"cmd":"newplayer"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a until json {"data":{"players":{"$ada":{"y":210,"velocityY":0}}}}
a > {"cmd":"right"}
a json {"type":"updatePosition","data":{"players":{"$ada":{"x":205,"y":210,"velocityX":4}}}}
a json {"type":"updatePosition","data":{"players":{"$ada":{"x":209,"velocityX":3.2}}}}
a until ~ "x":22\d
a until json {"data":{"players":{"$ada":{"y":210,"velocityX":0}}}}
a none 0.2


=== TEST 4: physics is stepped by the tick alone: thirty messages are no faster
--- ws
a open /platformer
a > {"cmd":"newplayer"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a until json {"data":{"players":{"$ada":{"y":210,"velocityY":0}}}}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a > {"cmd":"right"}
a until ~ "velocityX":0\b(?!\.)
a none 0.2
b open /platformer
b ~ "x":2[2-4]\d


=== TEST 5: a jump rises 95 pixels, and counts only for someone who stands
--- ws
a open /platformer
a > {"cmd":"newplayer"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a > {"cmd":"jump"}
a until json {"data":{"players":{"$ada":{"y":210,"isJumping":false}}}}
a none 0.2
a > {"cmd":"jump"}
a json {"type":"updatePosition","data":{"players":{"$ada":{"y":200.5,"velocityY":-9.5,"isJumping":true}}}}
a until json {"data":{"players":{"$ada":{"velocityY":-5}}}}
a > {"cmd":"jump"}
a until json {"data":{"players":{"$ada":{"y":115,"velocityY":0,"isJumping":true}}}}
a until json {"data":{"players":{"$ada":{"y":210,"velocityY":0,"isJumping":false}}}}
a none 0.2


=== TEST 6: the ground and the walls hold
--- ws
a open /platformer
a > {"cmd":"newplayer"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until json {"data":{"players":{"$ada":{"y":310,"velocityX":0,"velocityY":0}}}}
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a > {"cmd":"left"}
a until ~ "x":0,|"x":0\}
a until json {"data":{"players":{"$ada":{"x":0,"y":310,"velocityX":0}}}}


=== TEST 7: a move before newplayer is refused and makes no half player
--- ws
a open /platformer
a > {"cmd":"left"}
a < {"message":"Send newplayer first"}
a > {"cmd":"jump"}
a < {"message":"Send newplayer first"}
a > {"cmd":"disconnect"}
a < {"message":"Send newplayer first"}
a none 0.2
b open /platformer
b > {"cmd":"newplayer","name":"Bob"}
b ~ ^[^}]*"players":\{"\w{13}":\{[^}]*"name":"Bob"[^}]*\}\}


=== TEST 8: what is no command is answered to its sender alone
--- ws
a open /platformer
b open /platformer
b > {"cmd":"newplayer"}
b until json {"type":"newPlayer"}
b until ~ "y":210\b
b none 0.1
a until ~ "y":210\b
a none 0.1
a > {"cmd":"fly"}
a < {"message":"Unknown command"}
a > {"cmd":7}
a < {"message":"Unknown command"}
a > {"cmd":{"cmd":"left"}}
a < {"message":"Unknown command"}
a > {"cmd":null}
a < {"message":"Unknown command"}
a > {"x":1}
a < {"message":"Unknown command"}
a > []
a < {"message":"Unknown command"}
a > ["left"]
a < {"message":"Unknown command"}
a > "left"
a < {"message":"Unknown command"}
a > 5
a < {"message":"Unknown command"}
a > null
a < {"message":"Unknown command"}
# {"cmd": "left"} as MessagePack
a >bin 81a3636d64a46c656674
a < {"message":"Unknown command"}
b none 0.1


=== TEST 9: names and colors are checked
--- ws
a open /platformer
a > {"cmd":"newplayer","name":5}
a < {"message":"The name must be a string"}
a > {"cmd":"newplayer","name":"12345678901234567"}
a < {"message":"The name must have at most 16 characters"}
a > {"cmd":"newplayer","color":"red;}"}
a ~ The color must be
a > {"cmd":"newplayer","color":"#ff00"}
a ~ The color must be
a > {"cmd":"newplayer","color":["#fff"]}
a ~ The color must be
a none 0.1
a > {"cmd":"newplayer","name":"  \\u202e<b>\\u00c4\\u00d6\\n\\u007f\\u200b</b> ","color":"#AbCdEf"}
a json {"type":"newPlayer","data":{"players":{}}}
b open /platformer
b ~ "name":"<b>\xc3\x84\xc3\x96<\\?/b>"
c open /platformer
c ~ "color":"#abcdef"
c > {"cmd":"newplayer","name":"\\u0001 ","color":null}
c until ~ (?=.*"newPlayer").*"name":"Player"
d open /platformer
d ~ "color":"blue"


=== TEST 10: a name of 16 characters may have 64 bytes
--- ws
a open /platformer
a > {"cmd":"newplayer","name":"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"}
a ~ "name":"(?:\xf0\x9f\x98\x80){16}"


=== TEST 11: a second newplayer changes name and color and nothing else
--- ws
a open /platformer
a > {"cmd":"newplayer","name":"Ada","color":"red"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
a > {"cmd":"left"}
a until ~ "velocityX":0\b(?!\.)
a until json {"data":{"players":{"$ada":{"y":310,"velocityY":0}}}}
a none 0.1
a > {"cmd":"newplayer","name":"Lovelace","color":"#0f0"}
a ~ ^[^}]*"$ada":\{(?=[^}]*"x":17)(?=[^}]*"y":310)(?=[^}]*"name":"Lovelace")(?=[^}]*"color":"#0f0")[^}]*\}\}


=== TEST 12: whoever leaves is gone for all, however it left
--- ws
w open /platformer
a open /platformer off=w
a > {"cmd":"newplayer","name":"Ada"}
w until json {"type":"newPlayer"}
a close 1000
a close? 1000
w until json {"type":"playerLeft","data":{"players":{}}}
a open /platformer off=w
a > {"cmd":"newplayer","name":"Ada"}
w until ~ (?=.*"playerLeft"|.*"newPlayer").*"Ada"
a reset
w until ~ (?=.*"playerLeft").*"players":\{\}
a open /platformer on=w
a > {"cmd":"newplayer","name":"Ada"}
w until ~ (?=.*"newPlayer").*"Ada"
a end
w until ~ (?=.*"playerLeft").*"players":\{\}
w none 0.2


=== TEST 13: disconnect leaves the world but not the room; no players are {}
--- ws
a open /platformer
a > {"cmd":"newplayer","name":"Ada"}
a until json {"type":"newPlayer"}
a > {"cmd":"disconnect"}
a until json {"type":"playerLeft"}
a none 0.2
b open /platformer
b none 0.1
a > {"cmd":"left"}
a < {"message":"Send newplayer first"}
b > {"cmd":"newplayer","name":"Bob"}
b until json {"type":"newPlayer"}
b > {"cmd":"disconnect"}
b until ~ "players":\{\}
a > {"cmd":"newplayer","name":"Ada"}
a until ~ (?=.*"newPlayer").*"name":"Ada"


=== TEST 14: a newcomer sees at once who stands there
--- ws
a open /platformer
a > {"cmd":"newplayer","name":"Ada"}
a until json {"type":"newPlayer"}
wait 0.3
b open /platformer off=a
b ~ (?=.*"updatePosition").*"name":"Ada"
b none 0.2


=== TEST 15: the lobby has the room's name, a player's id and the colors
--- ws
a open /platformer
http GET /platformer?rooms 200 header="Accept: application/json" ~ "metadata":\{"name":"[A-Z][a-z]+ [A-Z][a-z]+"\}
a > {"cmd":"newplayer","name":"Ada","color":"#123456"}
a until ~ ^(?=.*"type":"newPlayer").*"(?<ada>\w{13})":\{
wait 0.1
http GET /platformer?rooms 200 header="Accept: application/json" json {"rooms":[{"game":"platformer","players":1,"max_players":50,"locked":false,"metadata":{"name":"~^[A-Z]","colors":["#123456"]}}]}
a > {"cmd":"disconnect"}
a until json {"type":"playerLeft"}
wait 0.1
http GET /platformer?rooms 200 header="Accept: application/json" ~ "metadata":\{"name":"[A-Z][a-z]+ [A-Z][a-z]+"\}


=== TEST 16: echo returns text as text and binary as binary
--- ws
a open /echo
a > hello
a < hello
a > {"not": json
a < {"not": json
a >bin 00ff80
a <bin 00ff80
a >bin
a <bin
a >frag one|two|three
a < onetwothree
a >rep 10000 abc
a <rep 10000 abc
b open /echo off=a
b > mine
b < mine
a none 0.1
