# Copyright (C) ngx_game authors

# The test suite's dialect of Test::Nginx::Socket.  A file is
#
#     use lib 't/lib';
#     use TestGame;
#     run_tests();
#     __DATA__
#     === TEST 1: two players see each other
#     --- lua
#     return { on_message = function(self, player, m) self:broadcast(m) end }
#     --- config
#     location /ws { game game.lua; }
#     --- ws
#     a open /ws
#     b open /ws off=a
#     a > {"x":1}
#     b json {"x":1}
#
# and runs by t/prove, or prove with nginx and build/ngx_game_module.so.  Every
# block runs with a master and two workers, a game_zone of 8m, GET /status, and
# a header X-Worker in each response.  Each ends with a stop of nginx, which
# must take less than 5 s and leave no [alert] and no sanitizer report; without
# sections of their own, no [error], [crit], [alert] or [emerg] may be logged.
#
# Sections, besides those of Test::Nginx:
#     --- workers: 4
#     --- zone: 16m         or none; 8m if absent
#     --- lua               conf/game.lua; `>>> NAME` lines make more files
#     --- tls               TLS on $TEST_NGINX_TLS_PORT, with a certificate
#     --- alerts: REGEX     [alert] lines that may be logged until the end
#     --- ws                a conversation, below
#
# A conversation has one step a line and stops at the first that fails.  What
# waits does so for 5 s.  A named group of a regex, (?<id>..), is $id from the
# next line on, and ${id} where letters follow.  JSON matches if all that is
# given is there; a string "~REGEX" matches by regex.  Clients, each named by a
# word:
#     a open PATH [tls] [status=403] [protocol=P] [origin=O] [deflate[=OFFER]]
#            [on=b] [off=b] [nopong] [early=TEXT] [header="Name: value"]
#            [times=N] [set="Name: value"] [method=M] [http=1.0] [body=TEXT]
#                           on, off: in b's worker, in another than b's
#                           (off=b,c: in another than both);
#                           times: a, a2, a3, ... aN; max: as many as are taken
#                           set: in place of the right header; "Name:" for none
#     a handshake PATH ...  the same without waiting for the answer
#     a answer [status=403] waits for it
#     a > TEXT              sends text; escapes as in Perl: \n \\ \x00 \x{1f600}
#     a >bin HEX            sends a binary message
#     a >rep N TEXT         sends TEXT, N times, as one text message
#     a >burst N            sends N messages of one byte, 0, at once
#     a >full SIZE          sends numbered messages of SIZE bytes until the
#                           server reads no more; $sent is the last number
#     a numbered N M SIZE   gets such messages, from N to M
#     a >frag A|B|C         sends text in fragments
#     a >z TEXT             sends text deflated
#     a >frame OPCODE [fin=0] [rsv=N] [mask=HEX|none] [rep=N] HEX
#     a >hex HEX            sends bytes as they are; in `--- ws eval`,
#                           "a " . ::packet("1", "2") is messages in one packet
#     a sends [pieces=N] [fragments=N]
#                           how from now on: N bytes a write, N bytes a frame
#     a echo [binary] [noise] [deflated] [slow] N ...
#                           sends messages of N bytes; each comes back, deflated
#                           if it was, from 128 bytes on, but noise only with
#                           context takeover; slow: within 20 s
#     a wire < N            so many bytes of messages came back to all echoes
#     a count N M, a expect N M   sends or gets the numbers from N to M
#     a follows N M [back]  gets the M numbers behind N; back: of a room that
#                           may have forgotten its last ones
#     a < TEXT              the next message is this text
#     a <bin HEX, a <rep N TEXT, a <z TEXT (it came deflated)
#     a ~ REGEX             the next message matches
#     a json JSON           the next message matches
#     a until STEP          the same, but others may come before: until ~ x
#     a none SECONDS        nothing comes
#     a ping TEXT           sends a ping;   a pong? TEXT  a pong comes
#     a pongs < N TEXT      fewer than N pongs come, the last with TEXT
#     a ping?               a ping comes (answered unless opened with nopong)
#     a pong [TEXT]         sends a pong; without TEXT it answers the last ping?
#     a close [CODE [REASON]]
#     a close? CODE         a close frame comes, then the end of the connection;
#                           1005: without a code, 1006: no frame
#     a close~ CODE REGEX   the same, and the reason matches
#     a ignores close       does not answer it
#     a end, a reset        ends the connection by a FIN, by an RST
#     a body ~ REGEX, a body json JSON, a header NAME ~ REGEX
#                           of the response to open
# Others:
#     wait SECONDS
#     within SECONDS STEP   the step may wait so long
#     counting a,b STEP     until the step passes, these send numbers, each its
#                           own from 1 on, and get them back in order
#     takes MIN MAX STEP    the step ends after so many seconds
#     http METHOD PATH [STATUS] [tls] [header="Name: value"] [~ REGEX | json J]
#     unanswered PATH       a connection is closed without an answer
#     refused PATH STATUS until STATUS   handshakes on one connection, that are
#                           all refused
#     status PATH OP VALUE  of GET /status, asked until it is so: == != < > <=
#                           >= or ~;  sessions.0, workers.*.rooms (their sum),
#                           workers.# (their number)
#     log ~ REGEX           a line comes in error.log
#     file NAME ~ REGEX     the file in logs/ comes to match
#     reload                HUP, until the new workers run
#     reload fails          HUP, until an [emerg] is logged
#     write FILE TEXT       writes a file of the server's folder
#     edit FILE s/REGEX/TEXT/
#     damage NAME truncate  cuts a file in logs/ by its last byte
#     damage NAME flip AT   changes a bit of its byte AT (-1: the last)
#     damage NAME boot N    a snapshot as if another boot of the machine had
#                           written it, whose clock was ahead by N seconds
#     server stop, server quit, server crash, server start
#                           all of nginx: by TERM, by QUIT, by KILL of all its
#                           processes, each until all are gone
#     server stop without worker of a
#                           that one is killed right before
#     server upgrade        USR2, until the new workers run
#     server rest, server retire
#                           WINCH and QUIT to the old master, until its workers
#                           are gone, or all
#     server back           instead: HUP to it, and QUIT to the new master
#     signal NAME           USR1 and such, to the master
#     kill NAME worker of a    a signal to a's worker, until it has died
#     owner of ROOM         $owner is the pid of the worker that runs a room
#     kill NAME $owner      a signal to that one
#     stop worker of a, cont worker of a    by SIGSTOP and SIGCONT
#     hold lock by worker of a
#                           it is stopped, as if while it held the zone's lock
#     a memory < MB         of its worker, what is not shared
#     crowd storm PATH clients=N messages=M seconds=S
#                           N clients send M messages each, and get those of
#                           all: the game broadcasts text as it comes
#     crowd churn PATH clients=N seconds=S seed=X [kill=K] [reload=R]
#                           N clients come, talk and go while K workers are
#                           killed; the game sends `welcome` and echoes numbers
#     crowd idle PATH warm=N limit=BYTES
#                           $TEST_NGINX_GAME_SESSIONS sessions that do nothing:
#                           what each costs in the workers
#     descriptors remember, descriptors same
#                           what the workers have open is as it was
#     respawned             until there are as many workers as configured
#
# TEST_NGINX_GAME_WORKERS is the number of workers of blocks that don't say how
# many (with one, on= and off= mean nothing, and blocks that kill one have two),
# TEST_NGINX_GAME_TLS=1 opens all WebSockets by TLS.

package TestGame;

use v5.10.1;
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use IO::Socket::INET;

our $Root;

BEGIN {
    $Root = abs_path(dirname(__FILE__) . '/../..');

    my $free = sub {
        my $port = shift;
        return IO::Socket::INET->new(LocalPort => $port, Listen => 1,
                                     ReuseAddr => 1);
    };

    if (!$ENV{TEST_NGINX_PORT}) {
        my $port = 20000 + 4 * int rand 2500;
        $port = 20000 + 4 * int rand 2500
            until $free->($port) && $free->($port + 1);
        $ENV{TEST_NGINX_PORT} = $port;
    }

    $ENV{TEST_NGINX_TLS_PORT} = $ENV{TEST_NGINX_PORT} + 1;
    $ENV{TEST_NGINX_GAME_MODULE} ||= "$Root/build/ngx_game_module.so";
    my $built = $ENV{TEST_NGINX_GAME_MODULE} eq 'static'
                ? $ENV{TEST_NGINX_BINARY} : $ENV{TEST_NGINX_GAME_MODULE};
    $ENV{TEST_NGINX_SERVROOT} ||= abs_path(dirname($built))
                                  . '/servroot-' . basename($0, '.t');
    $ENV{TEST_NGINX_ROOT} = $Root;
    $ENV{TEST_NGINX_BINARY} ||=
        -x '/usr/sbin/nginx' ? '/usr/sbin/nginx' : 'nginx';

    # connections are spread over the workers by the kernel
    $ENV{TEST_NGINX_REUSE_PORT} = 1;
}

use Test::Nginx::Socket -base;
use Test::Nginx::Util;
use Test::More ();
use Time::HiRes qw(time sleep);
use TestGame::Conversation;

my $Log = "$ServRoot/logs/error.log";
my $Cert = "$ServRoot-cert";

$ENV{TEST_NGINX_CERT} = "$Cert.pem";
$ENV{TEST_NGINX_KEY} = "$Cert.key";

Test::More::plan('no_plan');
master_on();
no_shuffle();
log_level('info');
worker_connections(512);

add_block_preprocessor(\&prepare);
add_test_cleanup_handler(\&stop_nginx);

my $http_helper = $RunTestHelper;

$RunTestHelper = sub {
    my ($block, $dry_run, $i) = @_;

    return $http_helper->(@_) if !defined $block->ws;

    TestGame::Conversation::run($block->name, workers(), $block->ws);
    $CheckErrorLog->($block, undef, $dry_run, $i, 0);
};

END {
    local $?;                   # or a file that died would count as passed
    unlink "$Cert.pem", "$Cert.key";
    if (!$ENV{TEST_NGINX_NO_CLEAN} && $ServRoot =~ /servroot/
        && Test::More->builder->is_passing)
    {
        system 'rm', '-rf', $ServRoot;
    }
}


sub prepare {
    my $block = shift;

    my $workers = $ENV{TEST_NGINX_GAME_WORKERS} // 2;
    $workers = 2 if $workers < 2 && ($block->ws // '') =~ /^\s*kill /m;
    workers($block->workers // $workers);
    chomp(my $zone = $block->zone // '8m');

    my $main = $block->main_config // '';
    if ($ENV{TEST_NGINX_GAME_MODULE} ne 'static'
        && $main !~ /TEST_NGINX_GAME_MODULE/)
    {
        $main = "load_module $ENV{TEST_NGINX_GAME_MODULE};\n$main";
    }
    $block->set_value('main_config', $main);

    my $http = $block->http_config // '';
    $http = "    game_zone $zone;\n$http" if $zone ne 'none';
    $block->set_value('http_config', $http);

    my $config = $block->config // '';
    $config .= "\n        add_header X-Worker \$pid always;\n"
             . "        location = /_worker { return 204; }\n";
    $config .= "        location = /status { game_status; }\n"
        if $zone ne 'none' && $config !~ m{location = /status};
    if (defined $block->tls || $ENV{TEST_NGINX_GAME_TLS}) {
        certificate();
        $config .= "        listen $ENV{TEST_NGINX_TLS_PORT} ssl reuseport;\n"
                 . "        ssl_certificate $Cert.pem;\n"
                 . "        ssl_certificate_key $Cert.key;\n";
    }
    $block->set_value('config', $config);

    files($block) if defined $block->lua;

    my $error_log = $block->error_log;
    my @levels = ('[alert]', '[crit]');
    push @levels, '[error]', '[emerg]' if !defined $error_log;

    if (defined $block->must_die) {
        $error_log = ($error_log // '') . "[emerg]\n" if !ref $error_log;
        @levels = ();

    } elsif (($block->ws // '') =~ /^\s*kill KILL /m) {
        $error_log = ($error_log // '') . "[alert]\n" if !ref $error_log;
        shift @levels;

    } elsif (defined $block->alerts) {
        shift @levels;
    }

    $block->set_value('error_log', $error_log) if defined $error_log;
    $block->set_value('no_error_log', join "\n", @levels)
        if @levels && !defined $block->no_error_log;
}


# --- lua, as --- user_files with full names
sub files {
    my $block = shift;

    my ($name, @files) = ('game.lua');
    for my $part (split /^(>>> \S+)\n/m, $block->lua) {
        if ($part =~ /^>>> (\S+)/) {
            $name = $1;
        } elsif ($part ne '') {
            push @files, ["$ServRoot/conf/$name", $part];
        }
    }
    $block->set_value('user_files', [@files, @{$block->user_files // []}]);
}


sub certificate {
    return if -f "$Cert.pem";
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 7 -subj /CN=localhost -keyout $Cert.key"
           . " -out $Cert.pem 2>/dev/null") == 0
        or bail_out("openssl cannot make a certificate");
}


# the end of a block: nginx stops in time and has nothing bad to say
sub stop_nginx {
    my $block = shift;

    my $name = $block->name;
    return if !-e $Log;

    if (-f $PidFile) {
        my $pid = get_pid_from_pidfile($name);
        kill QUIT => $pid;
        my $end = time + 5;
        sleep 0.02 while kill(0, $pid) && -f $PidFile && time < $end;

        if (!Test::More::ok(!-f $PidFile, "$name - nginx stops")) {
            kill KILL => TestGame::Conversation::workers_of($pid, 1), $pid;
            unlink $PidFile;
        }
    }

    my $allowed = $block->alerts;
    chomp $allowed if defined $allowed;
    my @bad = grep {
        /Sanitizer|runtime error:|\[alert\]/
        && !(defined $allowed && /$allowed/)
        && !($TestGame::Conversation::Killed && /exited on signal/)
    } split /^/, TestGame::Conversation::slurp($Log);

    Test::More::is(join('', @bad[0 .. ($#bad > 9 ? 9 : $#bad)]), '',
                   "$name - nothing bad is logged until the end");
    $TestGame::Conversation::Killed = 0;
}


# for `--- ws eval`: text messages in one packet, or a control frame for
# [opcode, text]
sub ::packet {
    return CORE::join '', '>hex ', map {
        my ($opcode, $text) = ref $_ ? ($_->[0], $_->[1]) : (1, $_);
        my $len = length $text;
        sprintf('%02x', 0x80 | $opcode)
            . ($len < 126 ? sprintf '%02x', 0x80 | $len
                          : sprintf 'fe%04x', $len)
            . '00000000' . unpack 'H*', $text;
    } @_;
}


1;
