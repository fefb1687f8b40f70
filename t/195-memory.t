# Copyright (C) ngx_game authors

# What an idle session costs: 1.3 KB of memory at most, of all workers, over as
# many sessions as this process may open, 10,000 if it may.

use lib 't/lib';
use TestGame;

use Test::More ();

my $limit = `sh -c 'ulimit -n'`;
$limit = $limit =~ /^(\d+)/ ? $1 : 1000000;

# the workers have files of their own, and they may share the sessions unevenly
my $sessions = $limit - 700;
$sessions = 10000 if $sessions > 10000;

my $reason = $sessions < 1000 ? "ulimit -n $limit is too small"
           : -s "/proc/self/smaps_rollup" || -e "/proc/self/smaps_rollup" ? ''
           : 'no /proc/PID/smaps_rollup';

CORE::open my $module, '<:raw', $ENV{TEST_NGINX_GAME_MODULE};
$reason = 'sanitizers have memory of their own'
    if $module && do { local $/; <$module> } =~ /__asan_init/;

if ($reason) {
    Test::More::ok(1, "skipped: $reason");
    exit;
}

$ENV{TEST_NGINX_GAME_SESSIONS} = $sessions;
worker_connections($sessions + 600);
run_tests();

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
crowd idle /ws warm=300 limit=1331
status workers.*.sessions == 0
