# Copyright (C) ngx_game authors

# The conversations of TestGame.pm, which describes their language: one step a
# line, of several WebSocket clients and of what is around them.

package TestGame::Conversation;

use v5.10.1;
use strict;
use warnings;

use Compress::Raw::Zlib qw(crc32);
use JSON::PP ();
use Test::More ();
use Text::ParseWords qw(shellwords);
use Time::HiRes qw(time sleep);
use TestGame::Client;
use TestGame::Crowd;

our $Wait = 5;                  # seconds that a step may take
our $Killed;                    # a step killed a worker

my $Root = $ENV{TEST_NGINX_SERVROOT};
my $Log = "$Root/logs/error.log";
my $Json = JSON::PP->new->utf8->allow_nonref->canonical;

my (%Clients, %Vars, %Stopped, $Workers, $Descriptors);


# $name and $workers are the block's
sub run {
    my ($name, $workers, $text) = @_;

    (%Clients, %Vars) = ();
    $Workers = $workers;
    local $SIG{PIPE} = 'IGNORE';
    my $n = 0;

    for my $line (split /\n/, $text) {
        $n++;
        $line =~ s/^\s+//;
        next if $line eq '' || $line =~ /^#/;
        $line =~ s{\$(?:(\w+)|\{(\w+)\})}{$Vars{$1 // $2} // $&}ge;

        next if eval { step($line); Test::More::pass("$name - $line"); 1 };

        Test::More::fail("$name - line $n: $line");
        Test::More::diag($@);
        last;
    }

    $_->end for values %Clients;
    %Clients = ();

    kill CONT => grep { $Stopped{$_} } keys %Stopped;
    %Stopped = ();
}


sub step {
    my $line = shift;

    my ($word, $rest) = split ' ', $line, 2;
    $rest //= '';

    my $verb = __PACKAGE__->can("do_$word");
    return $verb->($rest) if $verb;

    my ($op, $arg) = $rest =~ /^(\S+)(?: (.*))?$/s
        or die "what should $word do?\n";

    return opening($word, $arg) if $op eq 'open';
    return handshake($word, $arg) if $op eq 'handshake';

    my $client = $Clients{$word} or die "$word is not open\n";
    $arg //= '';

    if ($op =~ s/^>//) {
        return outgoing($client, $op, $arg);
    }
    if ($op =~ /^(?:<.*|~|json|until|none)$/) {
        return incoming($client, $op, $arg);
    }

    $verb = __PACKAGE__->can('client_' . ($op =~ s/\?/_comes/r =~ s/~/_like/r))
        or die "unknown step: $op\n";
    return $verb->($client, $arg);
}


# ---- clients

sub opening {
    my ($name, $arg) = @_;

    my ($path, %o) = options($arg);

    my $max = ($o{times} // 1) eq 'max';

    for my $i (1 .. ($max ? 10000 : $o{times} // 1)) {
        my $n = $i == 1 ? $name : "$name$i";
        my $ok = eval {
            handshake($n, $arg);
            client_answer($Clients{$n}, $arg);
            1;
        };
        next if $ok;
        die $@ if !$max || $i == 1;
        delete $Clients{$n};
        last;
    }
}


sub handshake {
    my ($name, $arg) = @_;

    my ($path, %o) = options($arg);
    delete @o{qw(on off)} if $Workers == 1;

    my $client = connection(%o);

    $client->{pong} = 0 if $o{nopong};
    $o{early} = $client->frame(1, unescape($o{early})) if defined $o{early};
    $o{early} = unescape($o{body}) if defined $o{body};

    $client->handshake($path, %o);

    $Clients{$name}->end if $Clients{$name};
    $Clients{$name} = $client;
}


# the worker is that of the connection, which an HTTP request shows first
sub connection {
    my %o = @_;

    my $tls = $o{tls} // $ENV{TEST_NGINX_GAME_TLS};
    my @where = (tls => $tls, port => port($tls));

    return TestGame::Client->new(@where) if !$o{on} && !$o{off};

    # of workers that sleep the kernel may always wake the same one: several
    # connections at once come to others, too

    for my $try (1 .. 100) {
        my ($found, @clients);

        for (1 .. 1 + $try / 10) {
            my $client = eval { TestGame::Client->new(@where) };
            die $@ if !$client && $o{on};
            push @clients, $client if $client;
        }

        for my $client (@clients) {
            my $r = eval { $client->http('GET', '/_worker', []) };

            # a worker that is full may be another than the one that is wanted
            die $@ if !$r && $o{on};
            next if !$r;

            my $pid = $r->{headers}{'x-worker'};

            if ($o{on} ? $pid == $Clients{$o{on}}{worker}
                       : !grep { $pid == $Clients{$_}{worker} }
                              split /,/, $o{off})
            {
                $found = $client;
                last;
            }
        }

        for my $client (@clients) {
            eval { $client->end } if !$found || $client != $found;
        }

        return $found if $found;
    }

    die "no connection to such a worker\n";
}


# the words are those of open; only status= is read
sub client_answer {
    my ($client, $arg) = @_;

    my ($status) = $arg =~ /\bstatus=(\d+)/;
    $status //= 101;

    my $r = $client->answer;
    die "status $r->{status}, body: $r->{body}\n" if $r->{status} != $status;

    $client->{response} = $r;
    $client->{worker} = $r->{headers}{'x-worker'};
}


sub outgoing {
    my ($client, $op, $arg) = @_;

    return $client->send(text => unescape($arg)) if $op eq '';
    return $client->send(text => unescape($arg), deflate => 1) if $op eq 'z';
    return $client->send(binary => pack 'H*', $arg) if $op eq 'bin';
    return $client->write(unhex($arg)) if $op eq 'hex';

    if ($op eq 'rep') {
        my ($n, $text) = split ' ', $arg, 2;
        return $client->send(text => unescape($text) x $n);
    }

    if ($op eq 'burst') {
        my $frame = $client->frame(1, '0');
        return $client->write($frame x $arg);
    }

    if ($op eq 'full') {
        my ($size) = split ' ', $arg;
        return fill_up($client, $size);
    }

    if ($op eq 'frag') {
        my @parts = map { unescape($_) } split /\|/, $arg, -1;
        for my $i (0 .. $#parts) {
            $client->send($i ? 0 : 1, $parts[$i], fin => $i == $#parts ? 1 : 0);
        }
        return;
    }

    if ($op eq 'frame') {
        my ($opcode, @words) = split ' ', $arg;
        my %o = map { split /=/ } grep { /=/ } @words;
        $o{mask} = $o{mask} eq 'none' ? '' : unhex($o{mask}) if exists $o{mask};
        my $payload = unhex(join '', grep { !/=/ } @words);
        return $client->send($opcode, $payload x ($o{rep} // 1), %o);
    }

    die "unknown step: >$op\n";
}


sub incoming {
    my ($client, $op, $arg) = @_;

    if ($op eq 'none') {
        my $m = $client->wait(messages => $arg);
        die "a message came: ", show($m->{data}), "\n" if $m;
        die "the connection was closed\n" if $client->{close} || $client->{eof};
        return;
    }

    my $until = $op eq 'until';
    ($op, $arg) = split ' ', $arg, 2 if $until;

    my $end = time + $Wait;
    my $seen = '';

    while (1) {
        my $left = $end - time;
        my $m = $left > 0 ? $client->wait(messages => $left) : undef;

        if (!$m) {
            my $close = $client->{close};
            die "no such message came",
                $close ? "; closed: $close->{code} $close->{reason}"
                       : $client->{eof} ? "; the connection ended" : '',
                "\n$seen";
        }

        my $wrong = mismatch($m, $op, $arg // '') // return;
        $seen .= "$wrong\n";
        die $seen if !$until;
    }
}


# undef, or how the message differs
sub mismatch {
    my ($m, $op, $arg) = @_;

    my $kind = 'text';
    my $wanted;

    if ($op eq '~') {
        return matches($m->{data}, $arg) ? undef : 'got: ' . show($m->{data});

    } elsif ($op eq 'json') {
        return "not text: " . show($m->{data}) if $m->{kind} ne 'text';
        my $got = eval { $Json->decode($m->{data}) };
        return defined $got && !defined(differs($got, $Json->decode($arg)))
               ? undef : 'got: ' . show($m->{data});

    } elsif ($op eq '<' || $op eq '<z') {
        return 'it was not deflated' if $op eq '<z' && !$m->{deflated};
        $wanted = unescape($arg);

    } elsif ($op eq '<bin') {
        ($kind, $wanted) = ('binary', unhex($arg));

    } elsif ($op eq '<rep') {
        my ($n, $text) = split ' ', $arg, 2;
        $wanted = unescape($text) x $n;

    } else {
        die "unknown step: $op\n";
    }

    return $m->{kind} eq $kind && $m->{data} eq $wanted
           ? undef : "got $m->{kind}: " . show($m->{data});
}


# numbered messages of $size bytes until the server reads no more
sub fill_up {
    my ($client, $size) = @_;

    my $n = 0;
    $client->fill_up(sub {
        die "the server reads on after $n messages\n"
            if ++$n * $size > 512 * 1024 * 1024;
        return $client->frame(1, numbered($n, $size));
    }, 0.5);

    $Vars{sent} = $n;
}


sub numbered {
    my ($n, $size) = @_;
    return "$n " . 'x' x ($size - length("$n "));
}


# numbered messages in order, without one missing or twice
sub client_numbered {
    my ($client, $arg) = @_;
    my ($first, $last, $size) = split ' ', $arg;
    $client->write('');
    incoming($client, '<', numbered($_, $size)) for $first .. $last;
}


# the numbers from FIRST to LAST, a message each
sub client_count {
    my ($client, $arg) = @_;
    my ($first, $last) = split ' ', $arg;
    $client->send(text => "$_") for $first .. $last;
}


sub client_expect {
    my ($client, $arg) = @_;
    my ($first, $last) = split ' ', $arg;
    incoming($client, '<', "$_") for $first .. $last;
}


# the numbers behind the first, so many, each once and in order; after a room's
# worker has died, the room may go back a little
sub client_follows {
    my ($client, $arg) = @_;
    my ($last, $n, $back) = split ' ', $arg;

    for (1 .. $n) {
        my $m = $client->wait(messages => $Wait)
            or die "nothing came after $last",
                   $client->{eof} ? "; the connection ended\n" : "\n";
        my $next = $m->{data};
        die "$next came after $last\n"
            if $next !~ /^\d+$/ || $next > $last + 1
               || $next < $last + 1 - ($back ? 5 : 0);
        $last = $next;
    }
}


# what comes back is what was sent, of each size
sub client_echo {
    my ($client, $arg) = @_;

    my ($kind, %o) = ('text');
    for my $word (split ' ', $arg) {
        if ($word eq 'binary') { $kind = $word; next }
        if ($word !~ /^\d+$/) { $o{$word} = 1; next }

        my $data = $o{noise} ? join '', map { chr int rand 256 } 1 .. $word
                             : prose($word);
        $client->send($kind, $data, deflate => $o{deflated});

        my $m = $client->wait(messages => $o{slow} ? 20 : $Wait)
            or die "$word bytes did not come back",
                   $client->{close} ? ": $client->{close}{code}" : '', "\n";
        die "other than $word bytes of $kind came back: ", show($m->{data}),
            "\n" if $m->{kind} ne $kind || $m->{data} ne $data;
        die "$word bytes came back with RSV1 $m->{deflated}\n"
            if $o{deflated} && $word >= 128
               && $m->{deflated} == ($o{noise} && $client->{forget} ? 1 : 0);
        $client->{wire} += $m->{size};
    }
}


# text that deflates as what games say does
sub prose {
    my $size = shift;

    my $text = '';
    my $n = 0;
    while (length $text < $size && length $text < 65536) {
        $n = ($n * 1103515245 + 12345) % 2**31;
        $text .= "{\"id\":$n,\"x\":" . $n % 800 . ',"name":"J\xc3\xb6rg '
                 . "\xf0\x9f\x98\x80\"},";
    }
    $text = substr $text x (1 + $size / (1 + length $text)), 0, $size;

    # not to end within a character
    $text =~ s/([\xc0-\xff][\x80-\xbf]*)\z/'.' x length $1/e;
    return $text;
}


# how many bytes of messages echo has received, before inflating
sub client_wire {
    my ($client, $arg) = @_;
    my ($op, $n) = split ' ', $arg;
    my $got = $client->{wire} // 0;
    die "$got bytes\n" if !($op eq '<' ? $got < $n : $got > $n);
}


sub client_sends {
    my ($client, $arg) = @_;
    my %o = $arg =~ /(pieces|fragments)=(\d+)/g;
    @$client{qw(pieces fragments)} = @o{qw(pieces fragments)};
}


sub client_pong {
    my ($client, $arg) = @_;
    $client->send(pong => length $arg ? unescape($arg) : $client->{pinged});
}


sub client_ping { $_[0]->send(ping => unescape($_[1])) }
sub client_end { $_[0]->end }
sub client_reset { $_[0]->end(1) }


sub client_ping_comes {
    $_[0]{pinged} = $_[0]->wait(pings => $Wait) // die "no ping came\n";
}


sub client_pong_comes {
    my ($client, $arg) = @_;
    my $got = $client->wait(pongs => $Wait) // die "no pong came\n";
    die "got: ", show($got), "\n" if $got ne unescape($arg);
}


sub client_pongs {
    my ($client, $arg) = @_;
    my ($n, $last) = $arg =~ /^< (\d+) (.*)/ or die "pongs < N TEXT\n";
    for (2 .. $n) {
        my $got = $client->wait(pongs => $Wait) // die "no pong came\n";
        return if $got eq unescape($last);
    }
    die "there are more\n";
}


sub client_close {
    my ($client, $arg) = @_;
    my ($code, $reason) = split ' ', $arg, 2;
    $client->send(close => defined $code ? pack('n', $code) . ($reason // '')
                                         : '');
    $client->{closing} = 1;
}


sub client_ignores { @{$_[0]}{qw(closing ignores)} = (1, 1) }


sub client_close_like {
    my ($client, $arg) = @_;
    my ($code, $regex) = split ' ', $arg, 2;
    client_close_comes($client, $code);
    my $reason = $client->{close}{reason};
    die "the reason is: ", show($reason), "\n" if !matches($reason, $regex);
}


sub client_close_comes {
    my ($client, $code) = @_;

    my $close = $client->wait(close => $Wait);
    my $got = $close ? $close->{code} : $client->{eof} ? 1006 : 'none';
    die "got: $got", $close ? " $close->{reason}" : '', "\n" if $got ne $code;

    if ($close && !$client->{closing}) {
        eval { client_close($client, $code == 1005 ? '' : $code) };
    }
    $client->wait(eof => $Wait) or die "the connection was not ended\n";

    # the server waits for this a while
    $client->end if !$client->{ignores};
}


sub client_body { value($_[0]{response}{body}, $_[1]) }


sub client_header {
    my ($client, $arg) = @_;
    my ($name, $rest) = split ' ', $arg, 2;
    value($client->{response}{headers}{lc $name} // '', $rest);
}


# ---- the rest of the world

sub do_takes {
    my ($min, $max, $step) = split ' ', $_[0], 3;
    my $start = time;
    step($step);
    my $took = time - $start;
    die "it took $took s\n" if $took < $min || $took > $max;
}


sub do_within {
    my ($seconds, $step) = split ' ', $_[0], 2;
    local $Wait = $seconds;
    step($step);
}


sub do_counting {
    my ($names, $step) = split ' ', $_[0], 2;

    my @clients = map { $Clients{$_} // die "$_ is not open\n" }
                  split /,/, $names;
    my $end = time + $Wait;

    until (eval { local $Wait = 0; step($step); 1 }) {
        die $@ if time > $end;
        for my $client (@clients) {
            client_count($client, join ' ', numbers($client));
        }
        for my $client (@clients) {
            client_expect($client, join ' ', numbers($client));
            $client->{counted} += 20;
        }
    }
}


sub numbers {
    my $counted = $_[0]{counted} // 0;
    return ($counted + 1, $counted + 20);
}


sub do_wait { sleep $_[0] }
sub do_signal { kill $_[0] => master() }
sub do_log { do_file("error.log $_[0]") }


sub do_file {
    my ($name, $arg) = split ' ', $_[0], 2;
    retry(sub { value(slurp("$Root/logs/$name"), $arg) });
}


sub do_http {
    my ($method, $rest) = split ' ', $_[0], 2;

    my $check = $rest =~ s/ (~ .*|json .*)$//s ? $1 : undef;
    my ($path, %o) = options($rest);
    my ($status) = grep { /^\d{3}$/ } keys %o;

    my $client = TestGame::Client->new(tls => $o{tls},
        port => port($o{tls}));
    my $r = $client->http($method, $path,
                          ['Connection: close', @{$o{headers}}]);
    $client->end;

    die "status $r->{status}, body: $r->{body}\n"
        if $r->{status} != ($status // 200);
    value($r->{body}, $check) if defined $check;
}


# handshakes on one connection, refused by $first until they are by $last
sub do_refused {
    my ($path, $first, $last) = $_[0] =~ /^(\S+) (\d+) until (\d+)$/
        or die "refused PATH STATUS until STATUS\n";

    my $tls = $ENV{TEST_NGINX_GAME_TLS};
    my $client = TestGame::Client->new(tls => $tls, port => port($tls));
    my $r;

    for (1 .. 20000) {
        $r = $client->open($path);
        last if $r->{status} != $first;
    }

    $client->end;
    die "status $r->{status}, body: $r->{body}\n" if $r->{status} != $last;
}


# the worker that takes the connection has no place for it
sub do_unanswered {
    my ($path) = @_;
    my $tls = $ENV{TEST_NGINX_GAME_TLS};
    my $r = eval {
        TestGame::Client->new(tls => $tls, port => port($tls))->open($path);
    };
    die "status $r->{status}\n" if $r;
}


sub do_status {
    my ($path, $op, $wanted) = split ' ', $_[0], 3;

    retry(sub {
        my $client = TestGame::Client->new(port => port());
        my $r = $client->http('GET', '/status', ['Connection: close']);
        $client->end;
        die "status $r->{status}\n" if $r->{status} != 200;

        my $got = find($Json->decode($r->{body}), split /\./, $path);
        die "there is no $path in $r->{body}\n" if !defined $got;

        my %is = ('==' => sub { $got eq $wanted },
                  '!=' => sub { $got ne $wanted },
                  '<' => sub { $got < $wanted }, '>' => sub { $got > $wanted },
                  '<=' => sub { $got <= $wanted },
                  '>=' => sub { $got >= $wanted },
                  '~' => sub { matches($got, $wanted) });
        ($is{$op} // die "unknown operator: $op\n")->()
            or die "$path is $got in $r->{body}\n";
    });
}


sub do_reload {
    my $before = -s $Log;
    my %old = map { $_ => 1 } workers_of(master());
    kill HUP => master();

    retry(sub {
        if ($_[0] eq 'fails') {
            substr(slurp($Log), $before) =~ /\[emerg\]/ or die "no [emerg]\n";
            return;
        }
        my @now = workers_of(master());
        die "the new workers do not run\n"
            if (grep { !$old{$_} } @now) < $Workers;
        die "the old workers do not exit\n" if grep { $old{$_} } @now;
    }, @_);
    sleep 0.05;
}


# the whole of nginx
sub do_server {
    my ($what, $killed) = $_[0] =~ /^(\w+)(?: without worker of (\w+))?$/
        or die "server what?\n";

    if ($what eq 'start') {
        my @cmd = ($Test::Nginx::Util::NginxBinary, '-e', $Log, '-p', "$Root/",
                   '-c', $Test::Nginx::Util::ConfFile);
        system("@cmd >/dev/null 2>&1") == 0 or die "nginx does not start\n";
        return do_respawned();
    }

    my $pid = master() or die "nginx does not run\n";
    my $old = (slurp("$Root/logs/nginx.pid.oldbin") || 0) + 0;

    if ($what eq 'upgrade') {
        kill USR2 => $pid;
        return retry(sub {
            die "there is no new master\n" if !master() || master() == $pid;
            do_respawned();
        });
    }

    # a worker that is not ready yet may take the stop for an earlier one
    do_respawned() if $what =~ /^(?:stop|quit)$/;

    if ($killed) {
        $Killed = 1;
        kill KILL => $Clients{$killed}{worker};
    }

    return ends($old, 'WINCH', 1) if $what eq 'rest';
    return ends($old, 'QUIT') if $what eq 'retire';
    return ends($pid, 'TERM') if $what eq 'stop';
    return ends($pid, 'QUIT') if $what eq 'quit';

    if ($what eq 'back') {
        kill HUP => $old;
        retry(sub { die "not yet\n" if workers_of($old) < $Workers });
        ends($pid, 'QUIT');
        return retry(sub { die "not yet\n" if master() != $old });
    }

    die "unknown: server $what\n" if $what ne 'crash';
    $Killed = 1;
    ends($pid, 'KILL');
}


# signals a master, and with KILL its workers, until all are gone; if it stays
# only they are
sub ends {
    my ($master, $signal, $stays) = @_;

    my @pids = (workers_of($master, 1), $stays ? () : $master);
    kill $signal => $signal eq 'KILL' ? reverse @pids : $master;

    retry(sub {
        for my $pid (@pids) {
            my ($state) = slurp("/proc/$pid/stat") =~ /\) (\w) / or next;
            die "$pid lives\n" if $state !~ /[ZX]/;
        }
    });
}


sub do_kill {
    my ($signal, $pid, $name) = $_[0] =~ /^(\w+) (?:(\d+)|worker of (\w+))$/
        or die "kill NAME worker of CLIENT\n";

    $pid //= $Clients{$name}{worker} // die "$name has no worker\n";
    $Killed = 1;
    kill $signal => $pid;
    retry(sub {
        die "$pid lives\n" if grep { $_ == $pid } workers_of(master());
    });
}


# $owner is the pid of a room's worker
sub do_owner {
    my ($id) = $_[0] =~ /^of (\w+)$/ or die "owner of ROOM\n";

    my $client = TestGame::Client->new(port => port());
    my $r = $client->http('GET', '/status', ['Connection: close']);
    $client->end;

    my $status = $Json->decode($r->{body});
    my ($room) = grep { $_->{id} eq $id } @{$status->{rooms}}
        or die "there is no room $id\n";
    my ($worker) = grep { $_->{slot} == $room->{slot} } @{$status->{workers}};
    $Vars{owner} = $worker->{pid};
}


# a stopped worker does nothing, and its sockets and rings fill up
sub do_stop { signal_worker('STOP', $_[0]) }
sub do_cont { signal_worker('CONT', $_[0]) }


# as if it had been stopped while it held the zone's lock, which is the first
# word of the zone, and has the pid of its holder
sub do_hold {
    my ($name) = $_[0] =~ /^lock by worker of (\w+)$/
        or die "hold lock by worker of CLIENT\n";

    signal_worker('STOP', "worker of $name");

    no warnings 'portable';             # hex() of 64 bits

    my $pid = $Clients{$name}{worker};
    my ($zone) = grep { $_->[1] - $_->[0] == 8 << 20 }
                 map { /^(\w+)-(\w+) rw-s/ ? [hex $1, hex $2] : () }
                 split /\n/, slurp("/proc/$pid/maps");

    die "no zone of 8m\n" if !$zone;

    open my $mem, '+<:raw', "/proc/$pid/mem" or die "/proc/$pid/mem: $!\n";
    sysseek $mem, $zone->[0], 0 or die "seek: $!\n";
    syswrite($mem, pack 'Q', $pid) == 8 or die "write: $!\n";
}


sub signal_worker {
    my ($signal, $arg) = @_;

    my ($name) = $arg =~ /^worker of (\w+)$/ or die "worker of CLIENT\n";
    my $pid = $Clients{$name}{worker} // die "$name has no worker\n";
    kill $signal => $pid or die "$pid: $!\n";

    retry(sub {
        my $stopped = slurp("/proc/$pid/stat") =~ /\) T /;
        die "$pid did not change\n" if $stopped != ($signal eq 'STOP');
    });
    $Stopped{$pid} = $signal eq 'STOP';
}


# the memory of a's worker that is its own, MB
sub client_memory {
    my ($client, $arg) = @_;

    # a sanitizer keeps what was freed
    return if slurp($ENV{TEST_NGINX_GAME_MODULE}) =~ /__asan_init/;

    my ($op, $wanted) = $arg =~ /^([<>]) (\d+)$/ or die "a memory < MB\n";
    my ($kb) = slurp("/proc/$client->{worker}/smaps_rollup")
               =~ /^Private_Dirty:\s+(\d+)/m or die "no smaps_rollup\n";
    die "it has $kb KB\n"
        if $op eq '<' ? $kb >= $wanted * 1024 : $kb <= $wanted * 1024;
}


# ---- crowds

sub do_crowd {
    my ($what, $arg) = split ' ', $_[0], 2;
    my ($path, %o) = options($arg);

    my $crowd = TestGame::Crowd->new(path => $path,
        tls => $ENV{TEST_NGINX_GAME_TLS},
        port => port($ENV{TEST_NGINX_GAME_TLS}));

    my $ok = eval {
        if ($what eq 'storm') {
            $crowd->storm($o{clients}, $o{messages}, $o{seconds});
        } elsif ($what eq 'churn') {
            churn($crowd, %o);
        } elsif ($what eq 'idle') {
            idle($path, %o);
        } else {
            die "unknown crowd: $what\n";
        }
        1;
    };
    my $error = $@;
    $crowd->end;
    die $error if !$ok;
}


# with kill=N and reload=N, in an order that depends on the seed
sub churn {
    my ($crowd, %o) = @_;

    srand $o{seed};
    $crowd->{may_lose} = $o{kill} || $o{reload};
    $Killed = $crowd->{kill} = 1 if $o{kill};

    my @events = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [rand, $_] }
        (\&kill_any) x ($o{kill} // 0),
        (sub { kill HUP => master() }) x ($o{reload} // 0);

    $crowd->churn($o{clients}, $o{seconds}, @events);

    Test::More::diag("$crowd->{opened} sessions, $crowd->{lost} lost, "
        . "$crowd->{refused} refused, $crowd->{echoes} echoes")
        if $ENV{TEST_NGINX_VERBOSE};
}


# what each session costs, after warm=N others, in bytes: at most limit=N.  As
# many as $TEST_NGINX_GAME_SESSIONS in all
sub idle {
    my ($path, %o) = @_;

    my $n = $ENV{TEST_NGINX_GAME_SESSIONS} - $o{warm};
    my @sockets = TestGame::Crowd::idle(port(), $path, $o{warm});

    my $before = settled_memory();
    push @sockets, TestGame::Crowd::idle(port(), $path, $n);
    my $bytes = (settled_memory() - $before) * 1024 / $n;

    Test::More::diag(sprintf '%d bytes each of %d sessions', $bytes, $n);
    die "an idle session costs $bytes bytes\n" if $bytes > $o{limit};
}


# the workers' private memory in KB, once it stays
sub settled_memory {
    my ($kb, $last);

    retry(sub {
        $kb = 0;
        for my $pid (workers_of(master())) {
            my ($one) = slurp("/proc/$pid/smaps_rollup")
                        =~ /^Private_Dirty:\s+(\d+)/m or die "no rollup\n";
            $kb += $one;
        }
        my $is = $kb == ($last // -1);
        $last = $kb;
        sleep 0.5;
        die "$kb KB, still changing\n" if !$is;
    });
    return $kb;
}


sub kill_any {
    my @pids = workers_of(master(), 1);
    kill KILL => $pids[rand @pids];
}


# what the workers have open, by kind
sub do_descriptors {
    my $what = shift;

    my $count = sub {
        return join ', ', sort map {
            my %n;
            for my $fd (glob "/proc/$_/fd/*") {
                my $to = readlink $fd // next;
                $n{$to =~ s/:?\[\d+\]$//r}++;
            }
            join ' ', map { "$_ $n{$_}" } sort keys %n;
        } workers_of(master(), 1);
    };

    if ($what eq 'remember') {
        do_respawned();
        my $before = '';
        retry(sub {
            $Descriptors = $count->();
            ($before, $Descriptors) = ($Descriptors, $before);
            sleep 0.3;
            die "still changing: $before\n" if $before ne $Descriptors;
        });
        return;
    }

    retry(sub {
        my $now = $count->();
        die "before: $Descriptors\nnow: $now\n" if $now ne $Descriptors;
    });
}


sub do_respawned {
    retry(sub { die "not yet\n" if workers_of(master()) < $Workers });
}


sub do_write {
    my ($name, $text) = split ' ', $_[0], 2;
    CORE::open my $out, '>', "$Root/$name" or die "$name: $!\n";
    print $out unescape($text);
    close $out or die "$name: $!\n";
}


# what a file of logs/ suffers
sub do_damage {
    my ($name, $how) = split ' ', $_[0], 2;
    my $text = slurp("$Root/logs/$name");
    die "$name is empty\n" if $text eq '';

    if ($how eq 'truncate') {
        chop $text;
    } elsif ($how =~ /^flip (-?\d+)$/) {
        substr($text, $1, 1) ^= "\x01";
    } elsif ($how =~ /^boot (\d+)$/) {
        substr($text, 24, 36) = '0' x 36;
        substr($text, 80, 8) = pack 'Q', $1 * 1e6 + unpack 'x80Q', $text;
        substr($text, 116, 4) = pack 'L', crc32(substr $text, 0, 116);
    } else {
        die "unknown damage: $how\n";
    }

    CORE::open my $out, '>', "$Root/logs/$name" or die "$name: $!\n";
    print $out $text;
    close $out or die "$name: $!\n";
}


sub do_edit {
    my ($name, $from, $to) = $_[0] =~ m{^(\S+) s/(.*)/(.*)/$}
        or die "edit FILE s/REGEX/TEXT/\n";
    my $text = slurp("$Root/$name");
    $text =~ s/$from/$to/ or die "nothing to edit in $name\n";
    CORE::open my $out, '>', "$Root/$name" or die "$name: $!\n";
    print $out $text;
    close $out or die "$name: $!\n";
}


# ---- tools

sub port { $ENV{$_[0] ? 'TEST_NGINX_TLS_PORT' : 'TEST_NGINX_PORT'} }
sub master { (slurp("$Root/logs/nginx.pid") || 0) + 0 }


sub retry {
    my ($check, @args) = @_;

    my $end = time + $Wait;
    until (eval { $check->(@args); 1 }) {
        die $@ if time > $end;
        sleep 0.05;
    }
}


# "~ REGEX" or "json JSON"
sub value {
    my ($got, $arg) = @_;

    my ($op, $wanted) = split ' ', $arg, 2;
    my $ok = $op eq '~' ? matches($got, $wanted)
           : $op eq 'json' ? !defined differs($Json->decode($got),
                                              $Json->decode($wanted))
           : die "unknown comparison: $op\n";
    die "got: ", show($got), "\n" if !$ok;
}


sub matches {
    my ($got, $regex) = @_;

    $got =~ /$regex/s or return 0;
    @Vars{keys %+} = values %+;
    return 1;
}


# undef if all of $wanted is in $got, else where it is not
sub differs {
    my ($got, $wanted, $at) = @_;
    $at //= '';

    if (ref $wanted eq 'HASH') {
        return $at if ref $got ne 'HASH';
        for my $key (keys %$wanted) {
            return "$at.$key" if !exists $got->{$key};
            my $d = differs($got->{$key}, $wanted->{$key}, "$at.$key");
            return $d if defined $d;
        }
        return undef;
    }

    if (ref $wanted eq 'ARRAY') {
        return $at if ref $got ne 'ARRAY' || @$got != @$wanted;
        for my $i (0 .. $#$wanted) {
            my $d = differs($got->[$i], $wanted->[$i], "$at.$i");
            return $d if defined $d;
        }
        return undef;
    }

    return defined $got ? $at : undef if !defined $wanted;
    return $at if !defined $got || ref $got && !JSON::PP::is_bool($got);
    return matches($got, $1) ? undef : $at if $wanted =~ /^~(.*)/s;

    # 1 is neither "1" nor true
    return $Json->encode($got) eq $Json->encode($wanted)
           || number($got) && number($wanted) && $got == $wanted ? undef : $at;
}


sub number { !ref $_[0] && $Json->encode($_[0]) =~ /^-?\d/ }


sub find {
    my ($value, $key, @path) = @_;

    return $value if !defined $key;

    my @all = ref $value eq 'HASH' ? values %$value
            : ref $value eq 'ARRAY' ? @$value : return undef;
    return scalar @all if $key eq '#';

    if ($key eq '*') {
        my $sum = 0;
        $sum += find($_, @path) // return undef for @all;
        return $sum;
    }

    return find(ref $value eq 'HASH' ? $value->{$key} : $value->[$key], @path);
}


# the first word, and the rest as name => value; header= adds to headers
sub options {
    my ($first, @words) = shellwords($_[0]);

    my %o = (headers => [], set => []);
    for my $word (@words) {
        my ($name, $value) = split /=/, $word, 2;
        if ($name eq 'header') {
            push @{$o{headers}}, $value;
        } elsif ($name eq 'set') {
            push @{$o{set}}, $value;
        } else {
            $o{$name} = $value // 1;
        }
    }
    return ($first, %o);
}


sub unescape {
    my $text = shift;

    my %c = (n => "\n", r => "\r", t => "\t", '\\' => '\\');
    $text =~ s/\\(?:x\{([0-9a-f]+)\}|x([0-9a-f]{2})|(.))/
        defined $1 ? do { my $u = chr hex $1; utf8::encode($u); $u }
        : defined $2 ? chr hex $2
        : $c{$3} \/\/ die "unknown escape: \\$3\n"/gei;
    return $text;
}


sub unhex {
    my $hex = $_[0] =~ s/\s+//gr;
    $hex =~ /^(?:[0-9a-f]{2})*$/i or die "not hexadecimal: $hex\n";
    return pack 'H*', $hex;
}


sub show {
    my $text = length $_[0] > 400 ? substr($_[0], 0, 400) . '...' : $_[0];
    return $text =~ s/([^\x20-\x7e])/sprintf '\x%02x', ord $1/ger;
}


# a master's workers, by what Linux says of processes; those that are shutting
# down, too, if $all is set
sub workers_of {
    my ($master, $all) = @_;

    my @pids;
    for my $task (glob '/proc/[0-9]*') {
        my ($ppid) = slurp("$task/stat") =~ /\) [^Z] (\d+) / or next;
        next if $ppid != $master;

        my $title = slurp("$task/cmdline");
        push @pids, $task =~ s{.*/}{}r
            if $title =~ /worker process( is shutting down)?\0*$/
               && ($all || !$1);
    }
    return @pids;
}


sub slurp {
    CORE::open my $in, '<', $_[0] or return '';
    local $/;
    return <$in> // '';
}


1;
