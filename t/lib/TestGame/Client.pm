# Copyright (C) ngx_game authors

# A WebSocket client for tests: RFC 6455 and RFC 7692 over TCP or TLS, with
# nothing but Perl's core modules (IO::Socket::SSL for TLS).  It is strict with
# the server and lets the test be as wrong as it likes.  Every wait ends.

package TestGame::Client;

use v5.10.1;
use strict;
use warnings;

use Compress::Raw::Zlib;
use Digest::SHA qw(sha1);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time sleep);

$SIG{PIPE} = 'IGNORE';

our %OPCODE = (text => 1, binary => 2, close => 8, ping => 9, pong => 10);


# a connection: host, port, tls => 1
sub new {
    my ($class, %o) = @_;

    my $socket = IO::Socket::INET->new(PeerHost => $o{host} // '127.0.0.1',
                                       PeerPort => $o{port}, Timeout => 5)
        or die "cannot connect to port $o{port}: $!\n";
    $socket->setsockopt(6, 1, 1);

    if ($o{tls}) {
        require IO::Socket::SSL;

        # a context reads all of the system's certificates, once for all
        state $context = IO::Socket::SSL::SSL_Context->new(SSL_verify_mode => 0)
            or die "no TLS context\n";

        IO::Socket::SSL->start_SSL($socket, SSL_reuse_ctx => $context)
            or die "TLS handshake failed: " . IO::Socket::SSL::errstr() . "\n";
    }

    $socket->blocking(0);

    return bless { socket => $socket, in => '', messages => [], pings => [],
                   pongs => [], partial => '', pong => 1 }, $class;
}


# sends an HTTP request and returns the response as { status, headers, body }.
# The body is read as Content-Length, chunks or the end of the connection say
sub http {
    my ($self, $method, $path, $headers, $more) = @_;

    $self->request($method, $path, $headers, $more);
    return $self->response($method, $path);
}


sub request {
    my ($self, $method, $path, $headers, $more, $version) = @_;

    $version //= '1.1';
    my $request = "$method $path HTTP/$version\r\n";
    $request .= "Host: localhost\r\n" if !grep { /^host:/i } @$headers;
    $request .= "$_\r\n" for @$headers;
    $self->write("$request\r\n" . ($more // ''));
}


sub response {
    my ($self, $method, $path) = @_;

    my $end = time + 5;
    until ($self->{in} =~ /\r\n\r\n/) {
        $self->fill($end) or die "no response to $method $path\n";
    }

    my ($head) = $self->{in} =~ /\A(.*?\r\n)\r\n/s;
    substr $self->{in}, 0, length($head) + 2, '';

    my ($status) = $head =~ m{\AHTTP/1\.1 (\d{3})};
    my %h;
    while ($head =~ /^([\w-]+):[ \t]*(.*?)[ \t]*\r$/mg) {
        my $name = lc $1;
        $h{$name} = defined $h{$name} ? "$h{$name}, $2" : $2;
    }

    my $response = { status => $status, headers => \%h, body => '' };
    return $response if $status == 101 || $status == 204 || $method eq 'HEAD';

    if (($h{'transfer-encoding'} // '') eq 'chunked') {
        while (1) {
            $self->fill($end) || die "body was cut\n"
                until $self->{in} =~ s/\A([0-9a-f]+)\r\n//i;
            my $n = hex $1;
            $response->{body} .= substr $self->take($n + 2, $end), 0, $n;
            last if $n == 0;
        }

    } elsif (defined $h{'content-length'}) {
        $response->{body} = $self->take($h{'content-length'}, $end);

    } else {
        1 while $self->fill($end);
        $response->{body} = $self->{in};
    }

    return $response;
}


# the opening handshake; options: headers (array), protocol, origin, deflate
# (an offer, or 1), early (bytes that go with the request); to be wrong: set
# (array: what a header is in place of the right one, `Name:` for none), method,
# http (its version)
sub open {
    my ($self, $path, %o) = @_;

    $self->handshake($path, %o);
    return $self->answer;
}


# its two halves
sub handshake {
    my ($self, $path, %o) = @_;

    my $key = encode_base64(join('', map { chr int rand 256 } 1 .. 16), '');
    my @headers = ('Connection: Upgrade', 'Upgrade: websocket',
                   'Sec-WebSocket-Version: 13', "Sec-WebSocket-Key: $key");

    push @headers, "Sec-WebSocket-Protocol: $o{protocol}" if $o{protocol};
    push @headers, "Origin: $o{origin}" if defined $o{origin};
    push @headers, 'Sec-WebSocket-Extensions: permessage-deflate'
                   . ($o{deflate} eq '1' ? '' : "; $o{deflate}") if $o{deflate};

    for my $set (@{$o{set} // []}) {
        my ($name, $value) = split /:\s*/, $set, 2;
        @headers = grep { !/^\Q$name\E:/i } @headers;
        push @headers, $set if length $value;
    }

    $o{method} //= 'GET';
    $self->{handshake} = [$path, $key, $o{deflate}, $o{method}];
    $self->request($o{method}, $path, [@headers, @{$o{headers} // []}],
                   $o{early}, $o{http});
}


sub answer {
    my ($self) = @_;

    my ($path, $key, $deflate, $method) = @{$self->{handshake}};
    my $r = $self->response($method, $path);
    return $r if $r->{status} != 101;

    my $h = $r->{headers};
    my $accept = encode_base64(
        sha1($key . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'), '');

    die "wrong Sec-WebSocket-Accept\n"
        if ($h->{'sec-websocket-accept'} // '') ne $accept;
    die "wrong Upgrade or Connection in the response\n"
        if lc($h->{upgrade} // '') ne 'websocket'
           || lc($h->{connection} // '') ne 'upgrade';

    $self->start_deflate($h->{'sec-websocket-extensions'}, $deflate)
        if defined $h->{'sec-websocket-extensions'};

    return $r;
}


sub start_deflate {
    my ($self, $answer, $offer) = @_;

    die "an extension was not offered: $answer\n"
        if !$offer || $answer !~ /^permessage-deflate\b/;

    my ($own) = $answer =~ /client_max_window_bits=(\d+)/;
    my ($bits) = $answer =~ /server_max_window_bits=(\d+)/;
    $own //= 15;
    $bits //= 15;

    # a buffer of the window's size, or zlib would not notice much of what
    # refers beyond it
    $self->{deflate} = Compress::Raw::Zlib::Deflate->new(
        -WindowBits => -$own, -AppendOutput => 1);
    $self->{inflate} = Compress::Raw::Zlib::Inflate->new(
        -WindowBits => -$bits, -Bufsize => 1 << $bits, -AppendOutput => 1,
        -LimitOutput => 0);
    $self->{reset} = $answer =~ /client_no_context_takeover/;
    $self->{forget} = $answer =~ /server_no_context_takeover/;
}


sub write {
    my ($self, $data) = @_;

    $data = delete($self->{unsent}) . $data if defined $self->{unsent};

    my $end = time + 10;
    my $select = IO::Select->new($self->{socket});

    while (length $data) {
        die "cannot send: the server does not read\n" if time > $end;

        my $n = $self->{socket}->syswrite($data, $self->{pieces} // 65536);
        if (defined $n) {
            substr $data, 0, $n, '';
            sleep 0.0005 if $self->{pieces} && length $data < 4096;
            next;
        }
        die "cannot send: $!\n" unless $!{EAGAIN} || $!{EINTR};

        # what the server sends meanwhile is taken, or both would wait
        $self->fill(time + 0.01) unless $select->can_write(0.01);
    }
}


# writes what $next gives, a string a call, until the socket takes nothing for
# the seconds; what is left of the last string goes ahead of the next write
sub fill_up {
    my ($self, $next, $seconds) = @_;

    my $data = '';
    my $select = IO::Select->new($self->{socket});

    while (1) {
        $data = $next->() if $data eq '';

        my $n = $self->{socket}->syswrite($data);
        if (defined $n) {
            substr $data, 0, $n, '';
            next;
        }
        die "cannot send: $!\n" unless $!{EAGAIN} || $!{EINTR};
        last if !$select->can_write($seconds);
    }

    $self->{unsent} = $data;
}


# a frame; options: fin (1), rsv (bits 1 to 4), mask (four bytes; '' sends none)
sub frame {
    my ($self, $opcode, $payload, %o) = @_;

    my $mask = $o{mask} // pack('N', int rand 2**32);
    my $len = length $payload;
    my $bit = length $mask ? 0x80 : 0;

    my $first = (($o{fin} // 1) << 7) | (($o{rsv} // 0) << 4) | $opcode;
    my $head = pack 'C', $first;
    $head .= $len < 126 ? pack('C', $bit | $len)
           : $len < 65536 ? pack('Cn', $bit | 126, $len)
           : pack('CQ>', $bit | 127, $len);

    if ($bit) {
        $payload ^= substr $mask x (int($len / 4) + 1), 0, $len;
    }

    return $head . $mask . $payload;
}


sub send {
    my ($self, $kind, $payload, %o) = @_;

    if ($o{deflate}) {
        die "permessage-deflate was not agreed\n" if !$self->{deflate};
        my $out = '';
        $self->{deflate}->deflate($payload, $out);
        $self->{deflate}->flush($out, Z_SYNC_FLUSH);
        $self->{deflate}->deflateReset if $self->{reset};
        $payload = substr $out, 0, -4;
        $o{rsv} = 4;
    }

    my $opcode = $OPCODE{$kind} // $kind;
    my $size = $self->{fragments};
    return $self->write($self->frame($opcode, $payload, %o))
        if !$size || $opcode > 2 || exists $o{fin};

    my $frames = '';
    my $last = length($payload) - $size;
    for (my $i = 0; !$i || $i < length $payload; $i += $size) {
        $frames .= $self->frame($opcode, substr($payload, $i, $size), %o,
                                fin => $i >= $last ? 1 : 0);
        ($opcode, $o{rsv}) = (0, 0);
    }
    $self->write($frames);
}


# reads what there is; 0 at $end, or at the end of the connection
sub fill {
    my ($self, $end) = @_;

    my $socket = $self->{socket};
    return 0 if $self->{eof};

    while (1) {
        my $n = $socket->sysread($self->{in}, 65536, length $self->{in});
        return 1 if $n;

        if (defined $n || $!{ECONNRESET} || $!{EPIPE}) {
            $self->{eof} = defined $n ? 'closed' : 'reset';
            return 0;
        }
        die "cannot read: $!\n" unless $!{EAGAIN} || $!{EINTR};

        my $left = $end - time;
        return 0 if $left <= 0;
        IO::Select->new($socket)->can_read($left);
    }
}


sub take {
    my ($self, $n, $end) = @_;

    while (length $self->{in} < $n) {
        $self->fill($end) or die "body was cut\n";
    }
    return substr $self->{in}, 0, $n, '';
}


# waits for the first of a queue (messages, pings, pongs) or for `close`, a
# frame, or `eof`; returns it, or undef when the seconds are over
sub wait {
    my ($self, $what, $seconds) = @_;

    my $end = time + $seconds;

    while (1) {
        1 while $self->parse;

        my $found = $self->{$what};
        return shift @$found if ref $found eq 'ARRAY' && @$found;
        return $found if defined $found && ref $found ne 'ARRAY';

        if (!$self->fill($end)) {
            return $what eq 'eof' ? $self->{eof} : undef;
        }
    }
}


# one frame of the input; 0: it is not complete yet
sub parse {
    my ($self) = @_;

    my $in = \$self->{in};
    return 0 if length $$in < 2;

    my ($first, $second) = unpack 'CC', $$in;
    my ($len, $head) = ($second & 0x7f, 2);

    if ($len >= 126) {
        $head = $len == 126 ? 4 : 10;
        return 0 if length $$in < $head;
        $len = unpack $len == 126 ? 'x2n' : 'x2Q>', $$in;
    }
    return 0 if length $$in < $head + $len;

    my $payload = substr $$in, $head, $len;
    substr $$in, 0, $head + $len, '';

    my ($fin, $rsv, $opcode) = ($first >> 7, ($first >> 4) & 7, $first & 15);

    die "the server sent a frame after its close frame\n" if $self->{close};
    die "the server masked a frame\n" if $second & 0x80;
    die "the server set a reserved bit\n"
        if $rsv && !($rsv == 4 && $self->{inflate} && $opcode =~ /^[12]$/);

    if ($opcode >= 8) {
        die "the server sent a wrong control frame\n" if !$fin || $len > 125;
        return $self->control($opcode, $payload);
    }

    die "the server mixed up its fragments\n" if !$opcode == !$self->{opcode};
    if ($opcode) {
        $self->{opcode} = $opcode;
        $self->{compressed} = $rsv;
    }

    $self->{partial} .= $payload;
    return 1 if !$fin;

    my $data = $self->{partial};
    my $was_deflated = $self->{compressed};
    $data = $self->inflated($data) if $was_deflated;

    push @{$self->{messages}},
        { kind => $self->{opcode} == 1 ? 'text' : 'binary', data => $data,
          deflated => $was_deflated ? 1 : 0, size => length $self->{partial} };
    $self->{partial} = '';
    $self->{opcode} = 0;

    return 1;
}


sub control {
    my ($self, $opcode, $payload) = @_;

    if ($opcode == 9) {
        push @{$self->{pings}}, $payload;
        eval { $self->send('pong', $payload) } if $self->{pong};

    } elsif ($opcode == 10) {
        push @{$self->{pongs}}, $payload;

    } elsif ($opcode == 8) {
        $payload = pack 'n', 1005 if $payload eq '';
        my ($code, $reason) = unpack 'na*', $payload;
        die "the server sent a close frame of one byte\n" if !defined $code;
        $self->{close} = { code => $code, reason => $reason };

    } else {
        die "the server sent opcode $opcode\n";
    }

    return 1;
}


sub inflated {
    my ($self, $data) = @_;

    my $out = '';
    $data .= "\x00\x00\xff\xff";
    my $status = $self->{inflate}->inflate($data, $out);
    die "cannot inflate what the server sent: $status\n" if $status != Z_OK;
    $self->{inflate}->inflateReset if $self->{forget};

    return $out;
}


# ends the connection; reset: by an RST
sub end {
    my ($self, $reset) = @_;

    if ($reset) {
        $self->{socket}->setsockopt(SOL_SOCKET, SO_LINGER, pack 'll', 1, 0);
    }
    my $socket = delete $self->{socket} or return;
    $reset && $socket->can('stop_SSL') ? close $socket : $socket->close;
    $self->{eof} = 'closed';
}


1;
