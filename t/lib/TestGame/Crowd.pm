# Copyright (C) ngx_game authors

# Many clients at once, for what a conversation cannot say: a storm of messages
# over all workers, and a crowd that comes and goes while workers are killed
# and reloaded.  One loop over select drives all of them.

package TestGame::Crowd;

use v5.10.1;
use strict;
use warnings;

use IO::Select;
use List::Util qw(min);
use Socket qw(INADDR_LOOPBACK PF_INET SOCK_STREAM pack_sockaddr_in);
use Time::HiRes qw(time sleep);
use TestGame::Client;


# port, path, tls
sub new {
    my ($class, %o) = @_;

    return bless { %o, select => IO::Select->new, clients => {},
                   opened => 0, refused => 0, lost => 0, echoes => 0 }, $class;
}


# ---- a storm: each client sends, and gets what all have sent, in the order
# of each sender

sub storm {
    my ($self, $clients, $messages, $seconds) = @_;

    my $end = time + $seconds;

    $self->join for 1 .. $clients;
    $self->turn($end) until $clients == grep { $_->{open} } $self->all;

    my $n = 0;
    for my $c ($self->all) {
        $c->{name} = $n++;
        $c->{left} = $messages;
        $c->{seen} = [(0) x $clients];
    }

    while (1) {
        my $busy = 0;

        for my $c ($self->all) {
            my $next = $messages - $c->{left} + 1;
            if ($c->{left}) {
                $c->{left}--;
                $c->{client}->send(text => "$c->{name} $next");
            }
            $busy ||= grep { $_ < $messages } @{$c->{seen}};
        }
        last if !$busy;
        $self->turn($end);
    }

    $self->leave($_, 'close') for $self->all;
    $self->turn($end) while $self->all;
}


sub storm_message {
    my ($c, $text) = @_;

    my ($from, $n) = $text =~ /^(\d+) (\d+)$/ or die "got: $text\n";
    my $wanted = $c->{seen}[$from] + 1;
    die "got number $n of $from, not $wanted\n" if $n != $wanted;
    $c->{seen}[$from] = $n;
}


# ---- coming and going, for some seconds, and until a quarter of the clients
# were let in, with an echo for each of all; events is a list of functions that
# are called in turn, spread over the time

sub churn {
    my ($self, $clients, $seconds, @events) = @_;

    my $end = time + $seconds;
    my $late = $end + 60;
    my $pause = $seconds / (@events + 1);
    my $event = time + $pause;

    while (time < $end || @events || $self->{opened} < $clients / 4
           || $self->{echoes} < $clients)
    {
        die "$self->{opened} sessions, $self->{echoes} echoes, ",
            scalar @events, " events to come\n" if time > $late;

        $self->join if $self->all < $clients;

        for my $c ($self->all) {
            my $what = rand;

            if (!$c->{open}) {
                $self->leave($c, 'reset') if $what < 0.002;

            } elsif ($c->{closing}) {
                next;

            } elsif ($what < 0.010) {
                $self->leave($c, $what < 0.005 ? 'close'
                                 : $what < 0.008 ? 'end' : 'reset');

            } elsif ($what < 0.2) {
                $self->talk($c, 1 + int rand 5);
            }
        }

        $self->turn(time + 60, 0.002);

        if (@events && time > $event) {
            (shift @events)->();
            $event += $pause;
        }
    }

    # all that are still there want their answers, and leave; a last one that
    # was lost with its worker is followed by another

    $end = time + 15;
    my $again = time + 1;

    while (grep { !$_->{open} || $_->{wanted} <= $_->{sent} } $self->all) {
        $self->turn($end);
        next if !$self->{kill} || time < $again;

        $again = time + 1;
        $self->talk($_, 1)
            for grep { $_->{open} && $_->{wanted} <= $_->{sent} } $self->all;
    }

    $self->leave($_, 'close') for $self->all;
    $self->turn($end) while $self->all;
}


sub talk {
    my ($self, $c, $n) = @_;

    my $frames = '';
    $frames .= $c->{client}->frame(1, "" . ++$c->{sent}) for 1 .. $n;
    eval { $c->{client}->write($frames); 1 } or $self->gone($c);
}


# `welcome` first, then each number back in order; `all` at any time
sub churn_message {
    my ($self, $c, $text) = @_;

    return if $text eq 'all' && $c->{welcome};

    if (!$c->{welcome}) {
        die "got $text before the welcome\n" if $text ne 'welcome';
        $c->{welcome} = 1;
        return;
    }

    # what a killed worker was at is lost, and who has just joined joins again
    if ($self->{kill}) {
        return if $text eq 'welcome';
        $c->{wanted} = $text if $text > $c->{wanted};
    }

    die "got: $text, not $c->{wanted}\n" if $text ne $c->{wanted};
    $c->{wanted}++;
    $self->{echoes}++;
}


# ---- the loop

sub all { values %{$_[0]{clients}} }


sub join {
    my $self = shift;

    my $client = eval {
        my $new = TestGame::Client->new(port => $self->{port},
                                        tls => $self->{tls});
        $new->handshake($self->{path});
        $new;
    };

    if (!$client) {
        $self->{lost}++;
        return;
    }

    my $socket = $client->{socket};
    $self->{clients}{fileno $socket} = { client => $client, sent => 0,
                                         wanted => 1, since => time };
    $self->{select}->add($socket);
}


sub leave {
    my ($self, $c, $how) = @_;

    if ($how eq 'close') {
        $c->{closing} = 1;
        eval { $c->{client}->send(close => pack 'n', 1000); 1 }
            or $self->gone($c);
        return;
    }

    $self->forget($c);
    $c->{client}->end($how eq 'reset');
}


sub forget {
    my ($self, $c) = @_;
    my $socket = $c->{client}{socket};
    delete $self->{clients}{fileno $socket};
    $self->{select}->remove($socket);
}


# the connection has ended without a goodbye
sub gone {
    my ($self, $c) = @_;

    die "the connection was lost\n" if !$self->{may_lose};
    $self->{lost}++;
    $self->forget($c);
    $c->{client}->end;
}


sub turn {
    my ($self, $end, $seconds) = @_;

    for my $socket ($self->{select}->can_read($seconds // 0.05)) {
        my $c = $self->{clients}{fileno $socket} or next;
        $self->input($c);
    }

    if (time > $end) {
        my @left = map { !$_->{open} ? 'not answered'
                         : "sent $_->{sent}, wants $_->{wanted}" } $self->all;
        splice @left, 5 if @left > 5;
        die 'time is over, ', scalar($self->all), ' clients wait: ',
            CORE::join('; ', @left), "\n";
    }
}


sub input {
    my ($self, $c) = @_;

    my $client = $c->{client};
    1 while $client->fill(0);

    if (!$c->{open}) {
        return $self->gone($c) if $client->{eof} && $client->{in} eq '';
        return if $client->{in} !~ /\r\n\r\n/ || !$self->answer($c);
    }

    1 while $client->parse;

    while (my $m = shift @{$client->{messages}}) {
        $c->{seen} ? storm_message($c, $m->{data})
                   : $self->churn_message($c, $m->{data});
    }

    if (my $close = $client->{close}) {
        die "closed: $close->{code} $close->{reason}\n"
            if $close->{code} !~ ($c->{closing} ? qr/^(?:1000|1011|1012)$/
                                                : qr/^(?:1011|1012)$/)
               || $close->{code} != 1000 && !$self->{may_lose};

        eval { $client->send(close => pack 'n', $close->{code}) }
            if !$c->{closing};
        $self->forget($c);
        $client->end;
        return;
    }

    $self->gone($c) if $client->{eof};
}


# 0: no session
sub answer {
    my ($self, $c) = @_;

    my $status = $c->{client}->answer->{status};

    if ($status == 101) {
        $self->{opened}++;
        $c->{open} = 1;
        return 1;
    }

    die "status $status\n" if $status != 503 || !$self->{may_lose};
    $self->{refused}++;
    $self->forget($c);
    $c->{client}->end;
    return 0;
}


sub end {
    my $self = shift;
    $_->{client}->end for $self->all;
    $self->{clients} = {};
}


# ---- what idle sessions cost

# opens sessions that do nothing; returns their sockets
sub idle {
    my ($port, $path, $n) = @_;

    my $request = "GET $path HTTP/1.1\r\nHost: localhost\r\n"
        . "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        . "Sec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        . "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\n\r\n";

    my @sockets;
    my $address = pack_sockaddr_in($port, INADDR_LOOPBACK);

    while (@sockets < $n) {
        my @batch;

        for (1 .. min(100, $n - @sockets)) {
            socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
            connect $socket, $address or die "session " . @sockets . ": $!\n";
            syswrite $socket, $request;
            push @batch, $socket;
        }

        answered($_) for @batch;
        push @sockets, @batch;
    }

    return @sockets;
}


sub answered {
    my $socket = shift;

    my $answer = '';
    while ($answer !~ /\r\n\r\n/) {
        IO::Select->new($socket)->can_read(5) or die "no answer\n";
        sysread $socket, $answer, 4096, length $answer
            or die "a session was refused: $answer\n";
    }
    die "not a session: $answer\n" if $answer !~ m{^HTTP/1.1 101 };
}


1;
