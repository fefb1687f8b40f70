# Copyright (C) ngx_game authors
#
# The servers that are measured: how each is made ready and started.  All listen
# on 127.0.0.1 and serve /echo, /fanout and /game, or as much of it as they do.

import glob
import os
import re
import shutil
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, 'bench')
BUILD = os.path.join(ROOT, 'build')
WORK = os.path.join(BUILD, 'bench')
NOFILE = 1024                   # set by raise_nofile() in run.py


class Missing(Exception):
    """A server that can't be had here; the text says why."""


class Server:
    """One server.  Its subclasses say what it needs and how it is started."""

    name = ''
    options = {}                # of the generator, for this server alone

    def prepare(self):
        """Builds it, or raises Missing."""

    def command(self, port, settings):
        """The arguments and the environment of the process."""
        raise NotImplementedError

    def version(self):
        return ''


def need(program, package):
    if not shutil.which(program):
        raise Missing('%s is not installed (package %s)' % (program, package))


def quietly(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        lines = done.stdout.strip().splitlines() or ['']
        raise Missing('%s failed: %s' % (' '.join(command[:2]), lines[-1]))
    return done.stdout


class Floor(Server):
    name = 'floor'
    program = os.path.join(WORK, 'floor')

    def prepare(self):
        if not os.access(self.program, os.X_OK):
            raise Missing('build/bench/floor is not built (make bench-tools)')

    def version(self):
        return 'epoll, read and write in C, and nothing else'

    def command(self, port, settings):
        return [self.program, str(port)], {}


class Nginx(Server):
    """Starts nginx with a configuration in which names in @ are filled in."""

    conf = ''

    def names(self, settings):
        return {}

    def command(self, port, settings):
        prefix = os.path.join(WORK, self.name)
        shutil.rmtree(prefix, ignore_errors=True)
        os.makedirs(prefix)

        names = {
            'bench': BENCH, 'root': ROOT, 'port': port,
            'workers': settings.get('workers', 1),
            'reuseport': 'reuseport' if settings.get('workers', 1) > 1 else '',
            'room_size': settings.get('room_size') or 4,
            'nofile': NOFILE, 'connections': NOFILE - 100,
            'modules': '/usr/lib/nginx/modules',
            'user': 'user root;' if os.getuid() == 0 else '',
            **self.names(settings),
        }

        with open(os.path.join(BENCH, self.conf)) as file:
            text = re.sub('@([a-z_]+)@', lambda m: str(names[m[1]]), file.read())

        path = os.path.join(prefix, 'nginx.conf')
        with open(path, 'w') as file:
            file.write(text)

        return [nginx(), '-p', prefix + '/', '-c', path, '-e', 'error.log'], {}

    def version(self):
        out = subprocess.run([nginx(), '-v'], stderr=subprocess.PIPE, text=True)
        return out.stderr.strip().split(': ')[-1]


def nginx():
    return shutil.which('nginx') or '/usr/sbin/nginx'


def module(name):
    """A module of nginx's, installed or unpacked by ./run bench."""
    for root in '/', os.path.join(WORK, 'deb'):
        path = os.path.join(root, 'usr/lib/nginx/modules', name)
        if os.path.exists(path):
            return os.path.dirname(path)
    return None


class NgxGame(Nginx):
    name = 'ngx_game'
    options = {'numbered': 0}   # it fills rooms by itself
    conf = 'ngx_game.conf'
    program = os.path.join(BUILD, 'ngx_game_module.so')
    echo = os.path.join(ROOT, 'examples/echo/echo.lua')

    def prepare(self):
        if not os.path.exists(self.program):
            raise Missing('build/ngx_game_module.so is not built (make module)')

    def names(self, settings):
        return {'module': self.program, 'echo': self.echo}


class NgxGameRaw(NgxGame):
    """With a Lua string for each message, in place of a view."""

    name = 'ngx_game-raw'
    echo = os.path.join(BENCH, 'games/echo_raw.lua')


class NginxLua(Nginx):
    name = 'nginx-lua'
    conf = 'peers/nginx-lua/nginx.conf'
    library = os.path.join(WORK, 'deb/usr/share/lua/5.1')

    def prepare(self):
        if not module('ngx_http_lua_module.so'):
            raise Missing('libnginx-mod-http-lua is not installed')
        if not self.find_library():
            raise Missing('the package lua-nginx-websocket can\'t be had')

    def find_library(self):
        for path in self.library, '/usr/share/lua/5.1':
            if os.path.exists(path + '/nginx/websocket/server.lua'):
                return path
        return None

    def names(self, settings):
        return {'library': self.find_library(),
                'modules': module('ngx_http_lua_module.so')}

    def version(self):
        with open(self.find_library() + '/nginx/websocket/server.lua') as file:
            found = re.search(r"_VERSION = '(.+)'", file.read())
        return 'lua-resty-websocket ' + (found[1] if found else '?')


class Nchan(Nginx):
    name = 'nchan'
    conf = 'peers/nchan/nginx.conf'

    def prepare(self):
        if not module('ngx_nchan_module.so'):
            raise Missing('the package libnginx-mod-nchan can\'t be had')

    def names(self, settings):
        return {'modules': module('ngx_nchan_module.so')}

    def version(self):
        for path in glob.glob(os.path.join(WORK, 'deb/libnginx-mod-nchan_*.deb')):
            return 'nchan ' + re.sub('.*%3a|_.*', '', path[path.rindex('/'):])
        return 'nchan'


class Node(Server):
    """A script of bench/peers/node, in a copy with its packages."""

    script = ''
    package = ''
    folder = os.path.join(WORK, 'node')

    def prepare(self):
        need('node', 'nodejs')
        need('npm', 'npm')

        os.makedirs(self.folder, exist_ok=True)
        for path in glob.glob(BENCH + '/peers/node/*') + [BENCH + '/peers/node/.npmrc']:
            shutil.copy(path, self.folder)

        lock = os.path.join(self.folder, 'package-lock.json')
        done = os.path.join(self.folder, 'node_modules', '.done')

        if not os.path.exists(done) or open(done).read() != open(lock).read():
            quietly(['npm', 'ci', '--no-audit', '--no-fund'], cwd=self.folder)
            shutil.copy(lock, done)

    def command(self, port, settings):
        return (['node', os.path.join(self.folder, self.script), str(port)],
                {'NODE_ENV': 'production'})

    def version(self):
        node = quietly(['node', '--version']).strip()
        found = re.search('"%s": "(.+)"' % self.package,
                          open(self.folder + '/package.json').read())
        return '%s %s, node %s' % (self.package, found[1], node)


class Ws(Node):
    name = 'ws'
    script = 'ws.js'
    package = 'ws'


class Colyseus(Node):
    name = 'colyseus'
    options = {'protocol': 'colyseus'}
    script = 'colyseus.js'
    package = '@colyseus/core'


class Gorilla(Server):
    name = 'gorilla'
    program = os.path.join(WORK, 'gorilla')
    sources = '/usr/share/gocode/src/github.com/gorilla/websocket'

    def prepare(self):
        need('go', 'golang-go')
        if not os.path.isdir(self.sources):
            raise Missing('golang-github-gorilla-websocket-dev is not installed')

        quietly(['go', 'build', '-o', self.program, '.'],
                cwd=BENCH + '/peers/gorilla',
                env={**os.environ, 'GO111MODULE': 'off', 'CGO_ENABLED': '0',
                     'GOPATH': '/usr/share/gocode',
                     'GOCACHE': os.path.join(WORK, 'go-cache')})

    def command(self, port, settings):
        # one core is what it has
        return [self.program, str(port)], {'GOMAXPROCS': '1'}

    def version(self):
        out = subprocess.run(['dpkg-query', '-W', '-f', '${Version}',
                              'golang-github-gorilla-websocket-dev'],
                             stdout=subprocess.PIPE, text=True).stdout
        return 'gorilla/websocket %s, %s' % (
            out, quietly(['go', 'version']).split()[2])


SERVERS = [Floor(), NgxGame(), NgxGameRaw(), Gorilla(), Ws(), NginxLua(), Nchan(),
           Colyseus()]


class Running:
    """A server that runs, on the cores that it was given."""

    def __init__(self, server, cores, settings):
        self.port = free_port()
        command, variables = server.command(self.port, settings)

        os.makedirs(WORK, exist_ok=True)
        self.log = os.path.join(WORK, server.name + '.log')

        with open(self.log, 'w') as log:
            self.process = subprocess.Popen(
                command, cwd=WORK, env={**os.environ, **variables},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, cores))

        self.pid = self.process.pid
        self.wait_for_port()

    def wait_for_port(self):
        for _ in range(200):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                time.sleep(0.1)         # all workers are there
                return
            except OSError:
                time.sleep(0.05)

        self.stop()
        with open(self.log, errors='replace') as log:
            lines = log.read().strip().splitlines() or ['it said nothing']
        raise Missing('did not start: ' + lines[-1])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


next_port = 21000


def free_port():
    """Another one each time, below those that clients are given."""
    global next_port

    while True:
        next_port += 1
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(('127.0.0.1', next_port))
                return next_port
            except OSError:
                pass
