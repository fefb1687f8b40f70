# Copyright (C) ngx_game authors

# Frames (RFC 6455, 5): sizes, masks, fragments, control frames, UTF-8, what
# breaks a rule, and large messages.  The numbers in titles are those of the
# Autobahn test suite.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('config', <<"END" . ($block->config // ''));
location = /echo {
    game $TestGame::Root/examples/echo/echo.lua;
    game_message_max_size 17m;
    game_message_rate     off;
    game_send_buffer      34m;
}
END

    # 16 MB take their time on a busy machine
    $block->set_value('http_config', 'game_script_timeout 5s;');
});


# a session for each of these frames that breaks a rule; a message before it
# comes back, what is behind it is not looked at
sub broken {
    my $code = shift;
    return join '', map {
        "a open /echo\na > before\na $_\na > behind\n"
        . "a < before\na close? $code\n"
    } @_;
}


sub texts {
    my ($good, @all) = @_;
    return join '', map {
        "a open /echo\na >frame 1 $_\n"
        . ($good ? "a > next\na ~ .\na < next\n" : "a close? 1007\n")
        . "b open /echo\nb sends pieces=1 fragments=1\nb "
        . ">frame 1 fin=0 78\nb >frame 0 $_\n"
        . ($good ? "b ~ ^x\n" : "b close? 1007\n")
    } @all;
}


run_tests();

__DATA__

=== TEST 1: 1.*: payloads of all length forms, text and binary
--- ws
a open /echo
a echo 0 1 125 126 127 128 65535 65536 65537 200000
a echo binary 0 1 125 126 127 128 65535 65536 65537 200000
a echo binary noise 1 3 5 1001 70001
a close 1000
a close? 1000



=== TEST 2: 1.*: the same byte by byte, and in odd pieces
--- ws
a open /echo
a sends pieces=1
a echo 0 1 125 126 300
a echo binary noise 127 128
a sends pieces=997
a echo 65535 65536
a echo binary noise 65536 100003
a sends pieces=7
a echo 5000



=== TEST 3: 2.*: pings are answered with what they carry
--- ws
a open /echo
a ping
a pong?
a ping Hello, world!
a pong? Hello, world!
a >frame 9 00 ff fe fd fc fb 00 ff
a pong? \x00\xff\xfe\xfd\xfc\xfb\x00\xff
a >frame 9 rep=125 fe
a pong? \xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe
a sends pieces=1
a ping in pieces
a pong? in pieces



=== TEST 4: 2.7 to 2.9: pongs that nobody asked for
--- ws
a open /echo
a >frame 10
a pong unsolicited
a ping p
a pong? p
a echo 10



=== TEST 5: 2.10, 2.11: ten pings at once, whole and in pieces
--- ws eval
my $pings = CORE::join '', map { sprintf "898900000000%s", unpack 'H*', "payload-$_" } 0 .. 9;
my $pongs = CORE::join '', map { "a pong? payload-$_\n" } 0 .. 9;
"a open /echo\na >hex $pings\n${pongs}a sends pieces=1\na >hex $pings\n$pongs"



=== TEST 6: of a flood of pings, some are answered, and the last one
--- ws eval
my $pings = CORE::join '', map { sprintf "898400000000%s", unpack 'H*', $_ } 1000 .. 1999;
"a open /echo
a >hex $pings
a pongs < 300 1999
a echo 10
"



=== TEST 7: 2.5, 4.*, 5.*: control frames that are too long or fragmented, reserved opcodes
--- ws eval
::broken(1002,
    '>frame 9 rep=126 fe', '>frame 10 rep=126 fe', '>frame 8 rep=126 03',
    '>frame 9 fin=0 6631', '>frame 10 fin=0 6631', '>frame 8 fin=0 03e8',
    map { (">frame $_", ">frame $_ 70") } 3 .. 7, 11 .. 15)



=== TEST 8: 3.*: reserved bits, on all kinds of frames
--- ws eval
::broken(1002, map { my $op = $_; map { ">frame $op rsv=$_ 03e8" } 1 .. 7 }
               1, 2, 8, 9)



=== TEST 9: masks: each frame has one, of any bytes
--- ws
a open /echo
a >frame 1 mask=00000000 6869
a < hi
a >frame 1 mask=01020304 68696a6b6c
a < hijkl
a >frame 1 mask=none 6869
a close~ 1002 not masked
b open /echo
b >frame 9 mask=none
b close? 1002
c open /echo
c >frame 1 fin=0 6869
c >frame 0 mask=none 6869
c close? 1002



=== TEST 10: a length that is not in its shortest form, or has its top bit set
--- ws eval
::broken(1002, '>hex 81fe007d00000000', '>hex 81ff000000000000ffff00000000',
         '>hex 81ff000000000000007d00000000', '>hex 82ff800000000000000000000000')



=== TEST 11: 5.3 to 5.8, 5.19: fragments, and pings between them
--- ws
a open /echo
a >frag fragment1|fragment2
a < fragment1fragment2
a >frame 1 fin=0 6631
a ping one
a pong? one
a >frame 0 fin=0 6632
a >frame 0 fin=0 6633
a ping two
a >frame 0 6634
a pong? two
a < f1f2f3f4
a sends pieces=1
a >frag fragment1|fragment2
a < fragment1fragment2
a >frame 1 fin=0 6631
a ping three
a >frame 0 6632
a pong? three
a < f1f2
a sends fragments=1
a echo 1 2 300
a echo binary noise 300



=== TEST 12: 6.1: fragments without payload
--- ws
a open /echo
a >frag ||
a <
a >frag |middle|
a < middle
a >frame 2 fin=0
a >frame 0
a <bin
a echo 10



=== TEST 13: 5.9 to 5.18: continuations of nothing, messages inside messages
--- ws eval
::broken(1002, '>frame 0 78', '>frame 0 fin=0 78', '>frame 0 fin=0')
. CORE::join '', map {
    "a open /echo\na >frame 1 fin=0 6631\na >frame $_\na >frame 0 6632\na close? 1002\n"
} '1 78', '2 78', '1 fin=0 78', '3'



=== TEST 14: 5.15: a continuation behind the last fragment
--- ws
a open /echo
a >frag fragment1|fragment2
a >frame 0 fin=0 66
a > x
a < fragment1fragment2
a close? 1002



=== TEST 15: 6.*: valid UTF-8, whole and byte by byte in fragments and pieces
--- ws eval
::texts(1, qw(
    48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a12d5554462d382121 cebae1bdb9cf83cebcceb5
    00 7f c280 dfbf e0a080 ed9fbf ee8080 efbfbd efbfbe efbfbf f0908080 f48fbfbf f09fbfbe))



=== TEST 16: 6.*: invalid UTF-8, whole and byte by byte in fragments and pieces
--- ws eval
::texts(0, qw(
    cebae1bdb9cf83cebcceb5eda080656469746564 cebae1bdb9cf83cebcceb5f4908080656469746564
    80 bf 8080 c0af c1bf e080af e09fbf f08080af f08fbfbf eda080 edbfbf edb080 eda080edb080
    f4908080 f7bfbfbf f8888080 f8888080af fc8480808080 fe ff fefeffff c220 e28220 f09f9820))



=== TEST 17: text that ends within a character
--- ws eval
::texts(0, qw(c3 e282 f09f98 cebae1bd))



=== TEST 18: a character that is split over fragments, with a ping between
--- ws
a open /echo
a >frame 1 fin=0 78 f09f
a ping p
a >frame 0 fin=0 98
a >frame 0 80 79
a pong? p
a < x\x{1f600}y
a >hex 818600000000 78f0
wait 0.05
a >hex 9f98
wait 0.05
a >hex 8079
a < x\x{1f600}y



=== TEST 19: 6.4: text fails with the first byte that is wrong, not at its end
--- ws
a open /echo
a >frame 1 fin=0 cebae1bdb9cf83cebcceb5f4
a ping p
a pong? p
a >frame 0 fin=0 90
a close~ 1007 UTF-8
b open /echo
b >hex 819500000000 cebae1bdb9cf83cebcceb5f4
b none 0.1
b >hex 90
b close~ 1007 UTF-8



=== TEST 20: binary messages are not text
--- ws
a open /echo
a >bin ff
a <bin ff
a >frame 2 fin=0 f490
a >frame 0 80
a <bin f49080
a > text
a < text



=== TEST 21: 9.1, 9.2: 4 and 16 MB in one frame
--- ws
a open /echo
a echo slow 4194304 16777216
a echo slow binary 4194304 16777216



=== TEST 22: 9.3, 9.4: 16 MB in fragments of 64 bytes to 4 KB
--- ws
a open /echo
a sends fragments=64
a echo slow binary 16777216
a sends fragments=4096
a echo slow 16777216
a sends fragments=256
a echo slow 4194304
a sends fragments=1024
a echo slow binary 4194304



=== TEST 23: 9.5, 9.6: 1 MB in pieces of 64 bytes to 2 KB
--- ws
a open /echo
a sends pieces=64
a echo slow 1048576
a sends pieces=512
a echo slow binary 1048576
a sends pieces=2048 fragments=1300
a echo slow 1048576



=== TEST 24: 9.7, 9.8: a thousand messages, all at once, in order
--- ws
a open /echo
a count 1 1000
a expect 1 1000
a >burst 1000
a > end
a until < end



=== TEST 25: text of 4 MB with one wrong byte in its middle is not read to its end
--- ws eval
my $head = '81ff000000000040000000000000';
"a open /echo
a >hex $head
a >hex " . '78' x 70000 . "ff
a close? 1007
"



=== TEST 26: two clients whose frames come in pieces do not mix
--- ws
a open /echo
b open /echo on=a
a >hex 818a00000000 6161
b >hex 818a00000000 6262
a >hex 6161616161
b >hex 6262626262
b >hex 626262
a >hex 616161
a < aaaaaaaaaa
b < bbbbbbbbbb
