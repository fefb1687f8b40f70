# Copyright (C) ngx_game authors

# permessage-deflate (RFC 7692): what is agreed on, both takeover modes, window
# sizes, broken data, and bombs.  The client notices if the server goes beyond
# the window or the context that was agreed on.

use lib 't/lib';
use TestGame;

add_block_preprocessor(sub {
    my $block = shift;

    my $echo = "game $TestGame::Root/examples/echo/echo.lua;";
    $block->set_value('config', <<"END" . ($block->config // ''));
game_message_max_size 1m;
game_message_rate     off;
game_send_buffer      8m;

location = /off  { $echo }
location = /on   { $echo game_deflate on; }
location = /keep {
    $echo
    game_deflate on context_takeover=on client_context_takeover=on;
}
location = /small {
    $echo
    game_deflate on context_takeover=on client_context_takeover=on
                    window_bits=9 client_window_bits=9 min_size=0;
}
location = /best {
    $echo
    game_deflate on level=9 min_size=0;
}
END
});


# handshakes with these offers, and what is answered
sub offers {
    my ($path, @pairs) = @_;

    my $steps = '';
    while (my ($offer, $answer) = splice @pairs, 0, 2) {
        my $status = $answer eq '400' ? ' status=400' : '';
        $answer = '' if $status;
        $steps .= "a open $path$status deflate "
               . "header='Sec-WebSocket-Extensions: $offer' "
               . "set=Sec-WebSocket-Extensions:\n"
               . "a header Sec-WebSocket-Extensions ~ ^\Q$answer\E\$\n"
               . ($answer ? "a echo deflated 500\n" : '');
    }
    return $steps;
}


run_tests();

__DATA__

=== TEST 1: off by default, and where the client does not offer it
--- ws
a open /off deflate
a header Sec-WebSocket-Extensions ~ ^$
a echo 500
a >frame 1 rsv=4 78
a close? 1002
b open /on
b header Sec-WebSocket-Extensions ~ ^$
b echo 500



=== TEST 2: the answer: without takeover
--- ws eval
my $no = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
::offers('/on',
    'permessage-deflate' => $no,
    'permessage-deflate; client_max_window_bits' => $no,
    'permessage-deflate; client_max_window_bits=12' => "$no; client_max_window_bits=12",
    'permessage-deflate; server_max_window_bits=9' => "$no; server_max_window_bits=9",
    'permessage-deflate; server_max_window_bits="10"' => "$no; server_max_window_bits=10",
    'permessage-deflate; server_max_window_bits=15; server_no_context_takeover' => "$no; server_max_window_bits=15",
    'x-webkit-deflate-frame, permessage-deflate' => $no,
    'foo; bar="baz", , permessage-deflate' => $no)



=== TEST 3: the answer: with takeover, and with small windows
--- ws eval
my $small = 'permessage-deflate; server_max_window_bits=9';
::offers('/keep',
    'permessage-deflate' => 'permessage-deflate',
    'permessage-deflate; server_no_context_takeover' => 'permessage-deflate; server_no_context_takeover',
    'permessage-deflate; client_no_context_takeover' => 'permessage-deflate; client_no_context_takeover')
. ::offers('/small',
    'permessage-deflate' => $small,
    'permessage-deflate; server_max_window_bits=15' => $small,
    'permessage-deflate; client_max_window_bits' => "$small; client_max_window_bits=9",
    'permessage-deflate; client_max_window_bits=15' => "$small; client_max_window_bits=9")



=== TEST 4: offers that can't be met are declined, the next one counts
--- ws eval
my $no = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
::offers('/on',
    'permessage-deflate; server_max_window_bits=8' => '',
    'permessage-deflate; server_max_window_bits=16' => '',
    'permessage-deflate; server_max_window_bits=09' => '',
    'permessage-deflate; server_max_window_bits' => '',
    'permessage-deflate; client_max_window_bits=7' => '',
    'permessage-deflate; server_no_context_takeover=1' => '',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover' => '',
    'permessage-deflate; unknown' => '',
    'permessage-deflat' => '',
    'permessage-deflate; server_max_window_bits=8, permessage-deflate' => $no,
    'permessage-deflate; unknown=1, permessage-deflate; server_max_window_bits=11' => "$no; server_max_window_bits=11",
    'permessage-deflate; =' => 400,
    'permessage-deflate foo' => 400,
    'permessage-deflate; a="' => 400,
    'permessage-deflate; foo=' . 'x' x 1100 => '')



=== TEST 5: 12.*: without takeover, sizes up to 128 KB, text, binary and noise
--- ws
a open /on deflate
a echo deflated 0 1 16 64 127 128 256 1024 4096 8192 16384 32768 65536 131072
a echo deflated binary 16 256 4096 131072
a echo deflated binary noise 16 256 4096 131072
a wire < 700000
a echo 1024
a sends fragments=64
a echo deflated 128 1024 32768
a sends fragments=1000 pieces=333
a echo deflated 131072
a close 1000
a close? 1000



=== TEST 6: 12.*, 13.*: with takeover: the second time a message is much smaller
--- ws
a open /keep deflate
a echo deflated 0 1 16 64 128 256 1024 4096 16384 65536 131072
a echo deflated binary noise 200 70000
b open /keep deflate
b echo deflated binary noise 4000
b > 1
b < 1
b wire > 3999
c open /keep deflate
c echo deflated 3000
c wire > 300
c echo deflated 3000
c echo deflated 3000
c echo deflated 3000
c wire < 1400
c sends fragments=64
c echo deflated 1000 4096 32768



=== TEST 7: 13.*: takeover with windows of 9 bits both ways
--- ws
a open /small deflate=client_max_window_bits
a echo deflated 0 1 16 256 1024 4096 16384 65536 131072
a echo deflated binary noise 100 3000 70000
a sends fragments=128
a echo deflated 1024 32768



=== TEST 8: all window sizes, in one worker, with and without takeover
--- workers: 1
--- ws eval
CORE::join '', map {
    "a$_ open /on deflate=server_max_window_bits=$_\na$_ echo deflated 70000\n"
    . "b$_ open /keep deflate='server_max_window_bits=$_; client_max_window_bits=$_'\n"
    . "b$_ echo deflated 70000 100 3000\n"
    . "c$_ open /best deflate='server_max_window_bits=$_; client_no_context_takeover'\n"
    . "c$_ echo deflated 3000 70000\n"
} 9 .. 15



=== TEST 9: what is small, or would not shrink, goes as it is
--- ws
a open /on deflate
a >rep 127 x
a ~ ^x{127}$
a echo deflated binary noise 5000
a wire > 4999
a wire < 5001



=== TEST 10: a broadcast to clients of different windows, and to one without
--- lua
return {
    codec = "raw",
    on_message = function(self, player, message) self:broadcast(message) end
}
--- config
location /ws { game game.lua; game_deflate on; }
--- ws eval
my $text = 'abcdefghij' x 300;
CORE::join '', "a open /ws deflate\nb open /ws deflate=server_max_window_bits=9 off=a\n",
    "c open /ws deflate=server_max_window_bits=12 on=a\nd open /ws on=b\n",
    "e open /ws deflate on=b\na > $text\n",
    map({ "$_ <z $text\n" } qw(a b c e)), "d < $text\na > x\n", map { "$_ < x\n" } qw(a b c d e)



=== TEST 11: reserved bits: only RSV1, only on the first frame of a message
--- ws
a open /on deflate
a >frame 1 fin=0 rsv=4 f248cdc9
a >frame 0 rsv=4 c907 00
a close~ 1002 reserved bits
b open /on deflate
b >frame 9 rsv=4 78
b close~ 1002 reserved bits
c open /on deflate
c >frame 1 rsv=6 f248cdc9c907 00
c close? 1002
d open /on deflate
d >frame 1 rsv=2 78
d close? 1002
e open /on deflate
e >frame 8 rsv=4 03e8
e close? 1002



=== TEST 12: the examples of RFC 7692, 7.2.3
--- ws
a open /keep deflate
a >frame 1 rsv=4 f248cdc9c90700
a < Hello
a >frame 1 rsv=4 f200110000
a < Hello
a >frame 1 rsv=4 fin=0 f248
a >frame 0 cdc9c90700
a < Hello
a >frame 1 rsv=4 000500faff48656c6c6f00
a < Hello
a >frame 1 rsv=4 f348cdc9c9070000
a < Hello
a >frame 1 rsv=4 f248050000 00ffffcac9c90700
a < Hello
a >frame 1 48656c6c6f
a < Hello



=== TEST 13: messages of no bytes
--- ws
a open /on deflate
a >frame 1 rsv=4 00
a <
a >frame 1 rsv=4
a <
a >frame 1 rsv=4 fin=0
a >frame 0 00
a <
a echo deflated 500



=== TEST 14: without takeover, no message may refer to one before it
--- ws
a open /on deflate
a >frame 1 rsv=4 f248cdc9c90700
a < Hello
a >frame 1 rsv=4 f200110000
a close~ 1007 compressed data is broken



=== TEST 15: data that can't be inflated, in one frame and in the second
--- ws
a open /on deflate
a >frame 2 rsv=4 ffffffffffff
a close~ 1007 compressed data is broken
b open /keep deflate
b >frame 1 rsv=4 fin=0 f248
b >frame 0 ffffffffff
b close? 1007
c open /keep deflate
c >frame 2 rsv=4 00 0500 0000 48
c close? 1007



=== TEST 16: a client that refers beyond the window that was agreed on
--- ws eval
use Compress::Raw::Zlib;
my $noise = CORE::join '', map { chr int rand 256 } 1 .. 70000;
my $z = Compress::Raw::Zlib::Deflate->new(-WindowBits => -15, -AppendOutput => 1);
my ($first, $second) = ('', '');
$z->deflate($noise, $first);
$z->flush($first, Z_SYNC_FLUSH);
$z->deflate(substr($noise, 60000, 7000), $second);
$z->flush($second, Z_SYNC_FLUSH);
sprintf "a open /small deflate=client_max_window_bits
a >frame 2 rsv=4 %s
a until ~ .
a >frame 2 rsv=4 %s
a close~ 1007 compressed data is broken
", map { unpack 'H*', substr $_, 0, -4 } $first, $second



=== TEST 17: text that inflates to no UTF-8, and fails as soon as it is seen
--- ws eval
use Compress::Raw::Zlib;
my @data = map {
    my $out = '';
    my $z = Compress::Raw::Zlib::Deflate->new(-WindowBits => -15, -AppendOutput => 1);
    $z->deflate($_, $out);
    $z->flush($out, Z_SYNC_FLUSH);
    unpack 'H*', substr $out, 0, -4;
} "abc\xff", "abc\xff", "abc\xe2\x82";
sprintf "a open /on deflate
a >frame 1 rsv=4 %s
a close~ 1007 UTF-8
b open /on deflate
b >frame 1 rsv=4 fin=0 %s 0000ffff
b close~ 1007 UTF-8
c open /on deflate
c >frame 1 rsv=4 %s
c close~ 1007 UTF-8
", @data



=== TEST 18: bombs: 1009 as soon as the bound is passed
--- config
location = /bound { game $TEST_NGINX_ROOT/examples/echo/echo.lua; game_deflate on; game_message_max_size 1000; }
--- ws eval
use Compress::Raw::Zlib;
my @data = map {
    my $out = '';
    my $z = Compress::Raw::Zlib::Deflate->new(-WindowBits => -15, -AppendOutput => 1);
    $z->deflate("x" x $_, $out);
    $z->flush($out, Z_SYNC_FLUSH);
    unpack 'H*', substr $out, 0, -4;
} 100 << 20, 1001, 1000;
sprintf "a open /on deflate
a >frame 1 rsv=4 %s
takes 0 1 a close~ 1009 too big
b open /bound deflate
b >frame 1 rsv=4 %s
b close~ 1009 too big
c open /bound deflate
c >frame 1 rsv=4 %s
c <z %s
d open /keep deflate
d >frame 1 rsv=4 fin=0 %s
d >frame 0 %3\$s
d close~ 1009 too big
status workers.*.closed.size == 3
", @data, 'x' x 1000, $data[0]



=== TEST 19: a hundred messages at once, deflated with takeover, in order
--- ws eval
CORE::join '', "a open /keep deflate\n",
    map({ "a >z $_" . ' of a hundred ' x 20 . "\n" } 1 .. 100),
    map { "a <z $_" . ' of a hundred ' x 20 . "\n" } 1 .. 100



=== TEST 20: the bound is the inflated message's: one that deflates to more passes
--- config
location /one { game $TEST_NGINX_ROOT/examples/echo/echo.lua name=one; game_deflate on; game_message_max_size 1; }
location /big { game $TEST_NGINX_ROOT/examples/echo/echo.lua name=big; game_deflate on; game_message_max_size 64; }
--- ws
a open /one deflate
a >z x
a < x
a >z xy
a close~ 1009 too big
b open /big deflate
b >z 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_
b < 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_
b >z 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_!
b close~ 1009 too big
