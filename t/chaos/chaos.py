#!/usr/bin/env python3
# Copyright (C) ngx_game authors

"""Chaos: many players on several workers, while workers are reloaded, killed
and stopped, and players lose their connections.

usage: chaos.py MODULE [--seconds N] [--seed N] [--workers N] [--players N]
                       [--rate N] [--plan LIST] [--nginx PATH] [--keep]

Every client numbers its inputs, the game numbers what it sends (game.lua), and
both check that nothing is lost, doubled, or out of order.  What is done, and
when, follows from the seed, that is printed.  Exits with 1 if a check failed.

  --plan LIST   what happens, each word as likely as the others:
                reload   nginx -s reload, with a script of a new version
                twice    two of them at once
                join     a player leaves, another joins
                mix      a third of them: sessions and rooms are then apart,
                         which a reload brings together
                drop     a tenth of the connections break; their players come
                         back with their tokens within a second
                kill     kill -9 of a worker
                hang     a worker is stopped, until others kill it

Every second client speaks ngx-game.v1, and comes back when it has lost its
connection: then nothing of what it was sent may be missing.  Nothing may be
lost by anything but a kill: then connections of the killed worker end, plain
clients are gone, and its rooms may forget what they did last.
"""

import argparse
import collections
import json
import os
import random
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# seconds after a kill in which its effects may be seen, and seconds without a
# broadcast, of which there are 10 a second, that a player elsewhere may see
KILL_WINDOW = 3
STALL = 0.35

# seconds after which a worker that hangs is killed, and that takes at most
WORKER_TIMEOUT = 3
WORKER_LATE = 2

CONF = """
%(user)s
worker_processes %(workers)d;
worker_shutdown_timeout 10s;
error_log logs/error.log info;
pid logs/nginx.pid;
load_module %(module)s;
events { worker_connections 4096; }
http {
    access_log off;
    game_zone 64m;
    game_worker_timeout 3s;
    server {
        listen 127.0.0.1:%(port)d backlog=1024;
        location /ws { game game.lua; game_message_rate off; }
        location /status { game_status; }
    }
}
"""


class Failure(Exception):
    pass


class Cut(Failure):
    pass


class Refused(Failure):
    pass


class Server:
    def __init__(self, options):
        self.nginx = options.nginx
        self.prefix = tempfile.mkdtemp(prefix='ngx_game_chaos.')
        os.chmod(self.prefix, 0o755)
        self.log = os.path.join(self.prefix, 'logs/error.log')
        self.version = 0
        self.killed = self.hangs = -1000
        os.mkdir(os.path.join(self.prefix, 'logs'))
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        with open(os.path.join(self.prefix, 'nginx.conf'), 'w') as f:
            f.write(CONF % {
                'user': 'user root;' if os.getuid() == 0 else '',
                'workers': options.workers, 'port': self.port,
                'module': os.path.abspath(options.module)})
        self.write_script()
        self.command()

    def write_script(self):
        self.version += 1
        with open(os.path.join(HERE, 'game.lua')) as f:
            text = f.read()
        text = text.replace('version = 1', 'version = %d' % self.version)
        path = os.path.join(self.prefix, 'game.lua')
        with open(path + '.new', 'w') as f:
            f.write(text)
        os.rename(path + '.new', path)

    def command(self, *args):
        subprocess.run([self.nginx, '-p', self.prefix, '-c', 'nginx.conf',
                        '-e', 'logs/error.log', *args], check=True,
                       stderr=subprocess.DEVNULL if not args else None)

    def reload(self):
        self.write_script()
        os.kill(self.master(), signal.SIGHUP)

    def kill(self, choose):
        pids = [pid for pid, old in self.workers().items() if not old]
        self.killed = time.monotonic()
        os.kill(choose(sorted(pids)), signal.SIGKILL)

    def hang(self, choose):
        """until it is dead, as if it was killed all the time"""
        pids = [pid for pid, old in self.workers().items() if not old]
        self.killed = time.monotonic() + WORKER_TIMEOUT + WORKER_LATE
        self.hangs = time.monotonic()
        os.kill(choose(sorted(pids)), signal.SIGSTOP)

    def files(self):
        """what each worker has open, by kind"""
        return {pid: len(os.listdir('/proc/%d/fd' % pid))
                for pid in self.workers()}

    def master(self):
        with open(os.path.join(self.prefix, 'logs/nginx.pid')) as f:
            return int(f.read())

    def workers(self):
        """pids of live workers, and whether they are shutting down"""
        out = subprocess.run(['ps', '-o', 'pid=,args=', '--ppid',
                              str(self.master())], stdout=subprocess.PIPE,
                             text=True).stdout
        return {int(line.split()[0]): 'shutting' in line
                for line in out.splitlines() if 'worker' in line}

    def status(self):
        with socket.create_connection(('127.0.0.1', self.port), 5) as s:
            s.sendall(b'GET /status HTTP/1.0\r\n\r\n')
            data = b''
            while True:
                part = s.recv(65536)
                if not part:
                    break
                data += part
        return json.loads(data.split(b'\r\n\r\n', 1)[1])

    def complaints(self):
        bad = re.compile(r'\[(?:alert|emerg|crit|error)\]')
        fine = re.compile(r'exited on signal 9|a worker died in|'
                          r'does not answer for')
        with open(self.log, errors='replace') as f:
            return [line.rstrip() for line in f
                    if bad.search(line) and not fine.search(line)]

    def stop(self):
        os.kill(self.master(), signal.SIGTERM)
        for _ in range(100):
            if not os.path.exists(os.path.join(self.prefix,
                                               'logs/nginx.pid')):
                return
            time.sleep(0.05)


class Client:
    """One player: a socket, what it has sent, and what it may expect."""

    def __init__(self, server, name, resumable):
        self.server = server
        self.name = name
        self.resumable = resumable
        self.token = None
        self.seen = 0
        self.inputs = self.acked = self.sent = 0
        self.cast = None
        self.version = 0
        self.leaving = False
        self.lossy = False
        self.waiting = False            # for `back`, before it sends
        self.cast_at = None
        self.player = self.room = None
        self.next = 0
        self.trace = collections.deque(maxlen=40)   # shown if it fails
        self.connect()

    def connect(self):
        path = '/ws'
        self.note('connects, has seen %d' % self.seen)
        if self.token:
            path += '?resume=%s&seen=%d' % (self.token, self.seen)
        self.data = b''
        self.sock = socket.create_connection(('127.0.0.1', self.server.port),
                                             10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(
            b'GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
            b'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
            b'%sSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
            % (path.encode(),
               b'Sec-WebSocket-Protocol: ngx-game.v1+json\r\n'
               if self.resumable else b''))
        self.sock.settimeout(10)
        while b'\r\n\r\n' not in self.data:
            part = self.sock.recv(4096)
            if not part:
                raise Cut('%s: handshake cut' % self.name)
            self.data += part
        head, self.data = self.data.split(b'\r\n\r\n', 1)
        if b' 101 ' not in head.split(b'\r\n')[0]:
            raise Refused('%s (player %s, room %s): %s %s' % (
                self.name, self.player, self.room,
                head.split(b'\r\n')[0].decode(), self.data.decode()))
        self.sock.setblocking(False)
        self.waiting = self.token is not None

    def reset(self):
        """ends the connection without a goodbye"""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.sock.close()

    def killed(self):
        """whether a worker was killed a moment ago"""
        return time.monotonic() - self.server.killed < KILL_WINDOW

    def fail(self, text):
        now = time.monotonic()
        raise Failure('%s (player %s, room %s): %s%s' % (
            self.name, self.player, self.room, text,
            ''.join('\n  %7.3f s ago %s' % (now - at, what)
                    for at, what in self.trace)))

    def note(self, what):
        self.trace.append((time.monotonic(), what))

    def send(self, opcode, payload):
        mask = b'\x11\x22\x33\x44'
        body = bytes(b ^ mask[i & 3] for i, b in enumerate(payload))
        frame = bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + body
        # in two pieces now and then: half a frame must move, too
        if self.inputs % 7 == 3:
            self.sock.sendall(frame[:3])
            self.sock.sendall(frame[3:])
        else:
            self.sock.sendall(frame)

    def input(self):
        self.inputs += 1
        self.note('> %d' % self.inputs)
        self.send(1, b'{"n":%d}' % self.inputs)

    def close(self):
        self.leaving = True
        self.send(8, struct.pack('>H', 1000))

    def read(self, stats):
        """False: the connection has ended"""
        try:
            part = self.sock.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionError as e:
            if not self.killed():
                self.fail(str(e))
            part = b''
        if not part:
            if not self.leaving and not self.killed():
                self.fail('the connection ended')
            if not self.leaving:
                stats['cut'] += 1
            return False
        self.receive(part, stats)
        return True

    def receive(self, part, stats):
        self.data += part
        at = 0
        data = self.data
        while len(data) - at >= 2:
            n = data[at + 1]
            head = 2
            if n == 126:
                if len(data) - at < 4:
                    break
                n = data[at + 2] << 8 | data[at + 3]
                head = 4
            if len(data) - at < head + n:
                break
            payload = data[at + head:at + head + n]
            opcode = data[at] & 15
            at += head + n
            if opcode == 1 and payload[:1] == b'!':
                self.welcome(json.loads(payload[1:]), stats)
            elif opcode == 1:
                self.seen += 1
                self.message(json.loads(payload), stats)
            elif opcode == 9:
                self.send(10, payload)
            elif opcode == 8 and not self.leaving:
                self.closed(payload)
        self.data = data[at:]

    def closed(self, payload):
        """a session that another worker can't go on with is told so"""
        self.note('closed: %r' % payload)
        if not self.token or not self.killed() or payload[:2] != b'\x03\xf3':
            self.fail('closed: %r' % payload)
        self.send(8, payload[:2])
        self.waiting = True

    def welcome(self, m, stats):
        self.note('< %r' % m)
        if m['resumed'] != (self.token is not None):
            self.fail('%r' % m)
        if m['resumed']:
            stats['resumed'] += 1
            if m['player'] != self.player or m['room'] != self.room:
                self.fail('%r' % m)
            if m['complete'] and m['seen'] != self.seen:
                self.fail('%r, but it has seen %d' % (m, self.seen))
            if not m['complete']:
                stats['incomplete'] += 1
                if not self.killed():
                    self.fail('%r, it has seen %d' % (m, self.seen))
                self.lossy = True
                self.cast = None
        self.token = m['token']
        self.seen = m['seen']

    def message(self, m, stats):
        stats['messages'] += 1
        if 'cast' not in m:
            self.note('< %r' % m)
        if 'back' in m and not self.waiting:
            # its room has forgotten that it was back, and says so again
            if not self.killed():
                self.fail('%r' % m)
            self.lossy = True
        elif 'back' in m:
            # what was sent, but did not arrive, is sent again
            if m['back'] < self.acked:
                if not self.killed():
                    self.fail('%r after ack %d' % (m, self.acked))
                self.lossy = True
                self.acked = m['back']
            elif m['back'] != self.acked and not self.lossy:
                self.fail('%r after ack %d' % (m, self.acked))
            self.inputs = m['back']
            self.waiting = False
        elif 'ack' in m:
            if self.lossy or (self.killed() and m['ack'] > self.acked):
                self.lossy = True
                if m['ack'] <= self.acked:
                    self.fail('%r after ack %d' % (m, self.acked))
                self.acked = m['ack']
                return
            self.acked += 1
            self.sent += 1
            if m['ack'] != self.acked or m['sent'] != self.sent:
                self.fail('%r after ack %d' % (m, self.acked - 1))
            if m['sum'] != self.acked * (self.acked + 1) // 2:
                self.fail('wrong state: %r' % m)
        elif 'lost' in m:
            if not self.killed():
                self.fail('%r' % m)
            stats['lost'] += m['lost']
        elif 'cast' in m:
            now = time.monotonic()
            if self.cast is not None and m['cast'] != self.cast + 1:
                if not self.killed() or abs(m['cast'] - self.cast) > 5:
                    self.fail('%r after cast %d' % (m, self.cast))
            if self.cast_at and self.killed() \
                    and now - self.server.hangs > 2 * WORKER_TIMEOUT \
                    and not self.waiting:
                stats['stalls'].append(now - self.cast_at)
            self.cast = m['cast']
            self.cast_at = now
            self.version = m['version']
            if m.get('gap'):
                stats['gaps'].append((m['gap'], self.room))
        elif 'hello' in m:
            self.player, self.room = m['hello'], m['room']
            self.cast = m['casts']
        else:
            self.fail('%r' % m)


class Chaos:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.server = Server(options)
        self.selector = selectors.DefaultSelector()
        self.clients = []
        self.count = 0
        self.stats = {'messages': 0, 'gaps': [], 'inputs': 0, 'cut': 0,
                      'lost': 0, 'stalls': [], 'resumed': 0,
                      'incomplete': 0}
        self.events = []
        self.away = []                  # (when it comes back, client)

    def add(self):
        self.count += 1
        client = Client(self.server, 'client %d' % self.count,
                        self.count % 2 == 0)
        self.clients.append(client)
        self.selector.register(client.sock, selectors.EVENT_READ, client)

    def drop(self, client):
        """its connection has ended"""
        self.selector.unregister(client.sock)
        client.sock.close()
        if client.token and not client.leaving:
            self.comes_back(client)
        else:
            self.clients.remove(client)

    def comes_back(self, client):
        client.waiting = True
        self.away.append((time.monotonic() + self.random.random(), client))

    def back(self, now):
        for entry in [e for e in self.away if e[0] <= now]:
            self.away.remove(entry)
            client = entry[1]
            try:
                client.connect()
            except (OSError, Cut):
                if not client.killed():
                    raise
                self.away.append((now + 0.1, client))
                continue
            except Refused as e:
                if not client.killed():
                    raise
                # its room has died with its worker
                self.stats['refused'] = self.stats.get('refused', 0) + 1
                print('refused: %s' % e)
                if ' 503 ' in str(e):
                    self.away.append((now + 0.1, client))
                else:
                    self.clients.remove(client)
                continue
            self.selector.register(client.sock, selectors.EVENT_READ, client)
            client.receive(b'', self.stats)

    def turn(self, until):
        """reads and sends up to a time"""
        period = 1 / self.options.rate
        while True:
            now = time.monotonic()
            if now >= until:
                return
            self.back(now)
            for client in self.clients:
                if now >= client.next and not client.leaving \
                        and not client.waiting:
                    client.next += period
                    try:
                        client.input()
                    except OSError as e:
                        if not client.killed():
                            client.fail(str(e))
                    self.stats['inputs'] += 1
            for key, _ in self.selector.select(0.002):
                if not key.data.read(self.stats):
                    self.drop(key.data)

    def fill(self):
        while len(self.clients) < self.options.players:
            try:
                self.add()
            except (OSError, Failure):
                if time.monotonic() - self.server.killed > KILL_WINDOW:
                    raise
                self.turn(time.monotonic() + 0.01)
                continue
            self.clients[-1].next = time.monotonic() + self.random.random() \
                / self.options.rate

    def here(self):
        """clients that can be asked to leave"""
        return [c for c in self.clients if not c.leaving and not c.waiting]

    def act(self, word):
        self.events.append(word)
        if word == 'reload':
            self.server.reload()
        elif word == 'twice':
            self.server.reload()
            time.sleep(self.random.random() * 0.02)
            self.server.reload()
        elif word == 'kill':
            self.server.kill(self.random.choice)
            self.turn(time.monotonic() + 0.5)
        elif word == 'hang':
            self.server.hang(self.random.choice)
            self.turn(time.monotonic() + WORKER_TIMEOUT + WORKER_LATE)
        elif word == 'drop':
            here = [c for c in self.clients
                    if c.token and not c.leaving and not c.waiting]
            for client in self.random.sample(here, len(here) // 10):
                self.selector.unregister(client.sock)
                client.reset()
                self.comes_back(client)
        elif word == 'mix':
            for client in self.random.sample(self.here(),
                                             len(self.clients) // 3):
                client.close()
        elif word == 'join':
            self.random.choice(self.here()).close()
        else:
            raise Failure('unknown word %s' % word)

    def run(self):
        while len(self.server.workers()) < self.options.workers:
            time.sleep(0.05)
        time.sleep(0.5)
        files = max(self.server.files().values())
        self.fill()
        end = time.monotonic() + self.options.seconds
        plan = self.options.plan.split(',')
        while time.monotonic() < end:
            self.turn(time.monotonic() + self.random.uniform(0.3, 1.2))
            self.act(self.random.choice(plan))
            self.turn(time.monotonic() + 0.1)
            self.fill()
        self.settle()
        self.leave()
        left = self.server.files()
        if max(left.values()) > files + self.options.workers + 8:
            raise Failure('files left open: %r, %d at the begin'
                          % (left, files))

    def settle(self):
        """all that was sent is answered, and all goes on with the new code"""
        for _ in range(100):
            behind = [c for c in self.clients
                      if c.waiting or (not c.leaving and not c.lossy
                                       and c.acked < c.inputs)]
            workers = self.server.workers()
            old = [c for c in self.clients
                   if c.version != self.server.version and not c.leaving]
            if not behind and not old \
                    and len(workers) == self.options.workers:
                break
            # only reading
            rate, self.options.rate = self.options.rate, 0.001
            for c in self.clients:
                c.next = time.monotonic() + 1000
            self.turn(time.monotonic() + 0.1)
            self.options.rate = rate
        else:
            raise Failure('not settled: %d clients wait for answers (%s), '
                          '%d have old code, workers %r'
                          % (len(behind), [(c.name, c.room, c.player,
                                            c.inputs - c.acked)
                                           for c in behind[:3]], len(old),
                             workers))

        status = self.server.status()
        players = sum(r['players'] for r in status['rooms'])
        sessions = sum(w['sessions'] for w in status['workers'])
        if players != len(self.clients) or sessions != len(self.clients):
            raise Failure('%d clients, but %d players and %d sessions'
                          % (len(self.clients), players, sessions))

    def leave(self):
        """all leave, and nothing is left of them"""
        for client in list(self.clients):
            client.close()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            self.turn(time.monotonic() + 0.1)
            status = self.server.status()
            left = {
                'clients': len(self.clients),
                'sessions': sum(w['sessions'] for w in status['workers']),
                'players': sum(w['players'] for w in status['workers']),
                'away': sum(w['away'] for w in status['workers']),
                'bytes in rings': sum(w['ring']['depth']
                                      for w in status['workers']),
                'rooms': sum(w['rooms'] for w in status['workers']),
                'entries': status['zone']['rooms']['used'],
                'bytes of checkpoints': status['zone']['checkpoints']['used'],
                'workers too many': len(status['workers'])
                - self.options.workers}
            if not any(left.values()):
                return
        raise Failure('left at the end: %r' % left)

    def report(self):
        gaps = sorted(g for g, _ in self.stats['gaps'])
        if gaps:
            print('ticks: longest gap p50 %.1f ms, p99 %.1f ms, max %.1f ms'
                  % (gaps[len(gaps) // 2] * 1000,
                     gaps[len(gaps) * 99 // 100] * 1000, gaps[-1] * 1000))
        stalls = sorted(self.stats['stalls'])
        if stalls:
            print('after a kill: %d sessions cut, %d inputs lost; between '
                  'broadcasts p99 %.0f ms, max %.0f ms'
                  % (self.stats['cut'], self.stats['lost'],
                     stalls[len(stalls) * 99 // 100] * 1000,
                     stalls[-1] * 1000))
        if self.stats['resumed']:
            print('%d came back, %d of them incomplete, %d refused'
                  % (self.stats['resumed'], self.stats['incomplete'],
                     self.stats.get('refused', 0)))
        print('%d inputs, %d messages, %s' % (
            self.stats['inputs'], self.stats['messages'],
            ', '.join('%d %s' % (self.events.count(w), w)
                      for w in sorted(set(self.events)))))


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('module')
    p.add_argument('--seconds', type=float, default=20)
    p.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    p.add_argument('--workers', type=int, default=2)
    p.add_argument('--players', type=int, default=500)
    p.add_argument('--rate', type=float, default=10)
    p.add_argument('--plan', default='reload,twice,join')
    p.add_argument('--nginx', default=shutil.which(
        'nginx', path=os.environ['PATH'] + ':/usr/sbin'))
    p.add_argument('--keep', action='store_true')
    options = p.parse_args()

    print('seed %d' % options.seed, flush=True)
    chaos = Chaos(options)
    failed = None
    try:
        chaos.run()
    except Failure as e:
        failed = str(e)
    complaints = chaos.server.complaints()
    chaos.server.stop()
    chaos.report()
    for line in complaints[:10]:
        print(line)
    if complaints and not failed:
        failed = '%d lines in the error log' % len(complaints)
    if failed:
        print('FAILED: %s\nsee %s' % (failed, chaos.server.log))
        sys.exit(1)
    if not options.keep:
        shutil.rmtree(chaos.server.prefix)
    print('ok')


if __name__ == '__main__':
    main()
