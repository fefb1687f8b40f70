# Copyright (C) ngx_game authors

# What an idle session costs: 0.8 KB of the workers' own memory at most, besides
# the 0.4 KB that nginx takes for each of worker_connections at start, over as
# many sessions as this process may open, 10,000 if it may.

use lib 't/lib';
use TestGame;

use List::Util qw(min);
use POSIX ();
use Test::More ();

# the workers have files of their own, and may share the sessions unevenly
my $files = POSIX::sysconf(POSIX::_SC_OPEN_MAX());
my $sessions = min(10000, $files - 700);

my $reason = $sessions < 1000 ? "$files open files are too few"
           : !-e '/proc/self/smaps_rollup' ? 'no /proc/PID/smaps_rollup'
           : sanitized() ? 'sanitizers have memory of their own' : undef;

if ($reason) {
    SKIP: { Test::More::skip($reason, 1) }
    exit;
}

$ENV{TEST_NGINX_GAME_SESSIONS} = $sessions;
worker_connections($sessions + 600);
run_tests();

sub sanitized {
    CORE::open my $module, '<:raw', $ENV{TEST_NGINX_GAME_MODULE} or return 0;
    local $/;
    return <$module> =~ /__asan_init/;
}

__DATA__

=== TEST 1: an idle session in the echo example
--- workers: 2
--- config
location /ws {
    game $TEST_NGINX_ROOT/examples/echo/echo.lua;
    game_ping_interval off;
    game_idle_timeout 1h;
}
--- ws
respawned
crowd idle /ws warm=300 limit=800
status workers.*.sessions == 0
