# Copyright (C) ngx_game authors
#
#   ./run bench             all workloads, all servers that can be had
#   ./run bench smoke       each workload for a moment, the floor and ngx_game:
#                           are the counts right?  No figure is judged.
#   ./run bench plots       how the cost of a message grows
#
#   --only echo,game        these workloads (or plots)
#   --servers floor,ws      these servers
#   --rounds 5
#   --seconds 2 --warmup .7 in place of each workload's own
#   --docs                  the charts go to docs/, not to build/bench/
#
# The server has one core and the generator another one.  Servers take turns,
# round by round, so that what the machine does meanwhile meets them all alike;
# a figure is the median of the rounds, with the lowest and the highest.  "x floor"
# is the median of the rounds' ratios to the floor of the same round.

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True          # the tree stays as it was

import held
import joins
import report
import servers
from servers import ROOT, WORK, Missing, Running
from workloads import PLOTS, WORKLOADS

LOAD = os.path.join(WORK, 'load')


def raise_nofile():
    """As far as it goes: a session is one file of the server's."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in 1048576, hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return limit
        except (ValueError, OSError):
            pass
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_clients(nofile):
    """All have one address: a port is needed for each."""
    with open('/proc/sys/net/ipv4/ip_local_port_range') as file:
        low, high = map(int, file.read().split())
    return min(nofile - 200, high - low - 500)


def fit(workload, most):
    """The workload with no more clients than this machine allows, and a note."""
    rooms = workload.options.get('rooms')

    if rooms is None:
        fewer = most // 100 * 100
        if workload.options.get('clients', 0) <= fewer:
            return workload, None
        return (workload.scaled(clients=fewer),
                '%d players, as many as this machine allows' % fewer)

    size = workload.options['room-size']
    if rooms * size <= most:
        return workload, None

    rooms = min(rooms, most)
    size = most // rooms
    return (workload.scaled(**{'rooms': rooms, 'room-size': size}),
            '%d rooms of %d, as many players as this machine allows'
            % (rooms, size))


def cores_for(workers):
    """Cores of the server, and that of the generator.  With fewer cores than
    processes the workers share theirs: the CPU time is right, latencies are not."""
    cores = sorted(os.sched_getaffinity(0))
    return set(cores[:-1][:workers] or cores), {cores[-1]}


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.nofile = servers.NOFILE = raise_nofile()
        self.most = most_clients(self.nofile)
        self.results = open(os.path.join(WORK, 'results.jsonl'), 'w')
        self.missing = {}
        self.versions = {}

    def prepare(self, names):
        for server in servers.SERVERS:
            if server.name not in names:
                continue
            try:
                server.prepare()
                self.versions[server.name] = server.version()
            except Missing as why:
                self.missing[server.name] = str(why)
                print('bench: %s is left out: %s' % (server.name, why))
        self.record({'machine': machine(), 'nofile': self.nofile,
                     'versions': self.versions, 'missing': self.missing})

    def record(self, result):
        self.results.write(json.dumps(result) + '\n')
        self.results.flush()

    def servers_of(self, workload):
        """(server, workers) of those that are here."""
        pairs = []
        for entry in workload.servers:
            name, _, workers = entry.partition(':')
            if name in self.versions:
                server = next(s for s in servers.SERVERS if s.name == name)
                pairs.append((server, int(workers or 1)))
        return pairs

    def once(self, workload, server, workers, number=0):
        """One run: a list of results, one for each row of the table."""
        server_cores, load_core = cores_for(workers)
        settings = {'workers': workers,
                    'room_size': workload.options.get('room-size')}

        try:
            with Running(server, server_cores, settings) as running:
                os.sched_setaffinity(0, load_core)
                if workload.load == 'join':
                    found = joins.measure(running.port, workload.options['joins'])
                elif workload.load == 'held':
                    found = [held.measure(running.port, running.pid,
                                          self.options(workload))]
                else:
                    found = [self.generate(workload, server, running)]
        except subprocess.TimeoutExpired:
            found = [{'failed': 'the generator did not come to an end',
                      'errors': 1}]
        except (Missing, OSError) as why:
            found = [{'failed': str(why), 'errors': 1}]
        finally:
            os.sched_setaffinity(0, self.cores)

        for result in found:
            result.update(id=workload.name, server=server.name, workers=workers,
                          round=number)
            self.record(result)
        return found

    cores = os.sched_getaffinity(0)

    def options(self, workload):
        return {**self.arguments.timing, **workload.options, **self.arguments.asked}

    def generate(self, workload, server, running):
        options = {**self.options(workload), **server.options,
                   'port': running.port, 'pid': running.pid,
                   'path': workload.path, 'name': server.name}

        command = [LOAD, workload.load]
        for name, value in options.items():
            command += ['--' + name, str(value)]

        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              timeout=120 + 40 * options['seconds'])

        told = done.stderr.strip().splitlines()
        if not done.stdout.strip():
            why = told[0] if told else 'the generator ended with %d' % done.returncode
            return {'failed': why, 'errors': 1}

        result = json.loads(done.stdout)
        if workload.ticks:
            cost = result.pop('cpu_us_per_message')
            result['cpu_us_per_tick'] = (cost / workload.ticks
                                         / workload.options['room-size'])
        if told:
            result['told'] = told
        return result

    def rounds(self, workload):
        """{row: [results]}: a row is a server, or a case of one."""
        rows = {}
        for number in range(self.arguments.rounds):
            for server, workers in self.servers_of(workload):
                for result in self.once(workload, server, workers, number):
                    row = server.name
                    if workers > 1:
                        row += ', %d workers' % workers
                    if 'case' in result:
                        row = result['case']
                    rows.setdefault(row, []).append(result)
        return rows


def machine():
    model = ''
    with open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    return {'cpu': model, 'cores': len(os.sched_getaffinity(0)),
            'kernel': platform.release(),
            'date': time.strftime('%Y-%m-%d')}


def run_all(bench, chosen):
    summary = {}

    info = machine()
    print('%s, %d cores, Linux %s' % (info['cpu'], info['cores'], info['kernel']))
    for name, version in bench.versions.items():
        print('  %-12s %s' % (name, version))

    for workload in chosen:
        workload, note = fit(workload, bench.most)
        rows = bench.rounds(workload)
        if rows:
            summary[workload.name] = report.summarize(workload, rows)
            print('\n' + report.table(workload, summary[workload.name], note),
                  flush=True)

    return summary


def check(workload, result):
    """What is wrong with the counts of a moment's run, or None."""
    if 'failed' in result:
        return result['failed']
    if result['errors']:
        return '%d errors: %s' % (result['errors'], result.get('told', ['?'])[0])
    if workload.load in ('idle', 'join', 'held') or 'max-p99' in workload.options:
        return None

    received, sent = result['received'], result['sent']
    expected = {
        'echo': sent,
        'fanout': sent * result['clients'],
        'relay': sent,
        'game': result['clients'] * 60 * result['seconds'],
        'rooms': result['clients'] * result['seconds']
                 * workload.options.get('tick', 20),
    }.get(workload.load, received)

    # the generator has found each message or told of an error; this is for what
    # it counts, and a busy machine ticks more slowly
    if received == 0 or not expected * .3 <= received <= expected * 1.5:
        return '%d messages came, %d were expected' % (received, expected)
    return None


def run_smoke(bench, chosen):
    bad = 0
    for workload in chosen:
        workload = workload.scaled(**{**bench.arguments.timing, **workload.smoke})

        for server, workers in bench.servers_of(workload):
            results = bench.once(workload, server, workers)
            problems = [p for p in (check(workload, r) for r in results) if p]
            print('%-13s %-12s %d  %s' % (workload.name, server.name, workers,
                                         problems[0] if problems else 'ok'),
                  flush=True)
            bad += bool(problems)
    return bad == 0


def run_plots(bench, chosen, folder):
    for plot in chosen:
        series = {}
        for number in range(bench.arguments.rounds):
            for value in plot.values:
                workload, note = fit(plot.load(value), bench.most)
                if note:
                    continue
                for server, workers in bench.servers_of(workload):
                    for result in bench.once(workload, server, workers, number):
                        cost = result.get('cpu_us_per_message')
                        if cost and not result['errors']:
                            series.setdefault(server.name, {}) \
                                .setdefault(value, []).append(cost)
                        else:
                            print('bench: %s at %d: %s' % (
                                server.name, value,
                                result.get('failed') or result.get('told')))

        print('\n' + report.plot_table(plot, series), flush=True)
        report.write(os.path.join(folder, 'performance-%s.svg' % plot.name),
                     report.line_chart(plot, series))


def arguments():
    parser = argparse.ArgumentParser(prog='./run bench')
    parser.add_argument('what', nargs='?', default='all',
                        choices=['all', 'smoke', 'plots'])
    parser.add_argument('--only', default='')
    parser.add_argument('--servers', default='')
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--seconds', type=float)
    parser.add_argument('--warmup', type=float)
    parser.add_argument('--docs', action='store_true')
    a = parser.parse_args()

    rounds, seconds, warmup = {'all': (5, 2, .7), 'plots': (3, 2, .5),
                               'smoke': (1, .4, .1)}[a.what]
    a.rounds = a.rounds or rounds
    a.timing = {'seconds': seconds, 'warmup': warmup}
    a.asked = {name: value for name, value in
               (('seconds', a.seconds), ('warmup', a.warmup)) if value is not None}
    return a


def choose(things, names):
    names = [name for name in names.split(',') if name]
    for name in names:
        if name not in [thing.name for thing in things]:
            sys.exit('bench: there is no "%s", but %s'
                     % (name, ', '.join(thing.name for thing in things)))
    return [thing for thing in things if not names or thing.name in names]


def main():
    a = arguments()
    os.makedirs(WORK, exist_ok=True)
    folder = os.path.join(ROOT, 'docs') if a.docs else WORK

    if not os.access(LOAD, os.X_OK):
        sys.exit('bench: build/bench/load is not built (make bench-tools)')

    names = [server.name for server in choose(servers.SERVERS, a.servers)]
    if a.what == 'smoke':
        names = [name for name in names
                 if name in ('floor', 'ngx_game', 'ngx_game-raw')]

    chosen = choose(PLOTS if a.what == 'plots' else WORKLOADS, a.only)

    bench = Bench(a)
    bench.prepare(names)

    if a.what == 'smoke':
        sys.exit(0 if run_smoke(bench, chosen) else 1)

    if a.what == 'plots':
        run_plots(bench, chosen, folder)
    else:
        summary = run_all(bench, chosen)
        report.write(os.path.join(folder, 'performance.svg'),
                     report.bar_chart(chosen, summary))

    print('\nall results: build/bench/results.jsonl; charts: %s/performance*.svg'
          % os.path.relpath(folder, ROOT))


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
