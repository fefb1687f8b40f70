# Copyright (C) ngx_game authors

# The codecs against other implementations: what Python's msgpack and json
# write comes in, goes through Lua, and goes out again; Python's bytes are what
# is expected in MessagePack, and JSON is read by Perl's JSON::PP.

use lib 't/lib';
use TestGame;

# the system's Python, for which Debian packages its modules
our $Python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';

our $Values = <<'END';
values = [
    0, 1, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**53 - 1,
    -1, -32, -33, -127, -128, -129, -32768, -32769, -2**31, -2**31 - 1,
    -2**53 + 1, True, False, 0.5, -1.25, 0.1,
    "", "a", "caf\u00e9", "\U0001f600", "\u0000", "x" * 31, "x" * 32,
    "x" * 255, "x" * 256, "x" * 50000, 'quote " and \\ and / \u007f \t',
    [1], [None, 1], [[[["deep"]]]], list(range(15)), list(range(16)),
    list(range(5000)), [{"a": 1}, "b", [2.5]], {"k": {"k": {"k": [True]}}},
    {"one": None}, {"x" * 300: "long key"}, ["18446744073709551615"],
]
END

sub python {
    my $code = shift;
    open my $in, '-|', $Python, '-c', $code or die "$Python: $!\n";
    my @lines = <$in>;
    close $in or Test::More::BAIL_OUT("$Python or its msgpack is missing");
    chomp @lines;
    return @lines;
}

our $Msgpack = join "\n", 'a open /ws protocol=+msgpack', map {
    my ($sent, $expected) = split ' ';
    ("a >bin $sent", "a <bin $expected");
} python("import msgpack\n$Values" . <<'END');
pairs = [(v, v) for v in values] + [
    (2.0, 2), (b"\x00\xff", b"\x00\xff"), (b"abc", "abc"), ([], {}), ({}, {}),
    ({-7: "minus"}, {-7: "minus"}), ({2: "b", 1: "a"}, ["a", "b"]),
    (2**64 - 1, "18446744073709551615"), (-2**63, "-9223372036854775808"),
    (1e300, 1e300), (3.141592653589793, 3.141592653589793),
]
for sent, expected in pairs:
    print(msgpack.packb(sent).hex(), msgpack.packb(expected).hex())
print(msgpack.packb(1.5, use_single_float=True).hex(), msgpack.packb(1.5).hex())
END

our $Json = join "\n", 'a open /ws', map {
    my $json = $_;
    ('a > ' . ($json =~ s/\\/\\\\/gr), "a json $json");
} python("import json\n$Values" . <<'END');
for v in values + [1e20, -1e-7, 123456.789, {"1": "a", "2": "b"}]:
    print(json.dumps(v))
    print(json.dumps(v, indent=1).replace("\n", " "))
END

run_tests();

__DATA__

=== TEST 1: MessagePack of Python's, there and back
--- lua
return {
    protocols = { "+msgpack" },
    on_message = function(self, player, m) player:send(m) end
}
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws eval: $main::Msgpack



=== TEST 2: JSON of Python's, there and to Perl's
--- lua
return { on_message = function(self, player, m) player:send(m) end }
--- config
location /ws { game game.lua; game_message_rate off; }
--- ws eval: $main::Json
