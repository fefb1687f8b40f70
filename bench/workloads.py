# Copyright (C) ngx_game authors
#
# What is measured: one entry for each load, with the arguments of build/bench/load.

from dataclasses import dataclass, field, replace


@dataclass
class Workload:
    name: str
    title: str
    load: str                   # the generator's workload
    path: str
    options: dict               # the generator's options
    servers: tuple              # "NAME" or "NAME:WORKERS"
    unit: str = 'message'       # what cpu_us_per_message counts
    ticks: int = 0              # of a room for each message: the cost is theirs
    smoke: dict = field(default_factory=dict)   # options of ./run bench smoke

    def scaled(self, **options):
        return replace(self, options={**self.options, **options})


ALL = ('floor', 'ngx_game', 'gorilla', 'ws', 'nginx-lua')
RAW = ('ngx_game-raw',)
OURS = ('floor', 'ngx_game')
TWO = ('ngx_game:2',)           # its players are spread at random over them

FANOUT = dict(clients=1000, size=64, rate=100)
RELAY = {'clients': 1000, 'room-size': 2, 'size': 64, 'rate': 50}

# A compiler at run time is still busy with a game's code in its second second;
# and of 2 s a delay of 20 ms would be the 99th percentile.
GAME = {'clients': 1000, 'room-size': 10, 'rate': 10, 'warmup': 2.5, 'seconds': 4}

WORKLOADS = [
    Workload('echo', 'Echo: 100 players, 32 B, one message under way each',
             'echo', '/echo', dict(clients=100, size=32, window=1), ALL + RAW),

    Workload('echo-16', 'Echo: 100 players, 32 B, 16 messages under way each',
             'echo', '/echo', dict(clients=100, size=32, window=16), ALL + RAW),

    Workload('fanout', 'Fanout: 64 B to 1000 players, 100 times a second',
             'fanout', '/fanout', FANOUT, ALL + ('nchan',) + TWO,
             smoke=dict(clients=200, rate=50)),

    Workload('fanout-limit', 'Fanout to 1000 players, ever faster until p99 > 100 ms',
             'fanout', '/fanout',
             {**FANOUT, 'max-p99': 100, 'warmup': .5, 'seconds': 1},
             ALL + ('nchan',), smoke=dict(clients=50, warmup=.05, seconds=.1)),

    Workload('game', 'Game: 1000 players in rooms of 10, 60 Hz',
             'game', '/game', GAME, ALL + ('colyseus',) + TWO, 'update',
             smoke=dict(clients=100)),

    # where neither is busy: what is late is late of itself
    Workload('game-500', 'Game: 500 players in rooms of 10, 60 Hz',
             'game', '/game', {**GAME, 'clients': 500}, OURS, 'update',
             smoke=dict(clients=50)),

    Workload('game-2000', 'Game: 2000 players in rooms of 10, 60 Hz',
             'game', '/game', {**GAME, 'clients': 2000}, ALL + ('colyseus',),
             'update', smoke=dict(clients=200)),

    Workload('churn', 'Churn: connect, join, one echo, leave',
             'churn', '/echo', dict(clients=32), ALL, 'join',
             smoke=dict(clients=10)),

    Workload('idle', 'Idle: 10,000 players who say nothing',
             'idle', '/echo', dict(clients=10000), ALL,
             smoke=dict(clients=500)),

    Workload('relay', 'Relay: 500 rooms of 2, 64 B to the other one',
             'relay', '/relay', RELAY, OURS + TWO, smoke=dict(clients=100)),

    Workload('rooms-100', 'Rooms: 100 rooms of 4, 20 Hz',
             'rooms', '/rooms', {'rooms': 100, 'room-size': 4}, OURS, 'update'),

    Workload('rooms-1000', 'Rooms: 1000 rooms of 4, 20 Hz',
             'rooms', '/rooms', {'rooms': 1000, 'room-size': 4}, OURS, 'update',
             smoke=dict(rooms=200)),

    # at 20 Hz this would be 200,000 updates a second, too many for one core
    # with more sockets the kernel would be what is measured
    *(Workload('ticks-%d' % rooms,
               'Ticks: {:,} rooms of 1, 20 Hz, an update a second'.format(rooms),
               'rooms', '/ticks', {'rooms': rooms, 'room-size': 1, 'tick': 1},
               ('ngx_game',), 'tick', ticks=20,
               smoke=dict(rooms=rooms // 50 + 10, seconds=2))
      for rooms in (100, 1000, 10000)),

    # 40,000 sockets are more than a process may have open on many machines
    Workload('held', 'Held: 10,000 full rooms of 4, 20 Hz, 1 of 4 connected',
             'held', '/held', {'clients': 10000, 'waves': 4, 'room-size': 4},
             ('ngx_game',), 'tick', smoke=dict(clients=100)),

    Workload('join', 'Joins of a room, one after the other, 2 workers',
             'join', '/join', dict(joins=400), TWO, 'join',
             smoke=dict(joins=40)),
]


# How the cost grows: each plot is a load at some values of one option.

@dataclass
class Plot:
    name: str
    title: str
    axis: str
    values: tuple
    load: object                # value -> Workload
    log: bool = False           # the vertical axis


def load(name, **options):
    return next(w for w in WORKLOADS if w.name == name).scaled(**options)


def of_players(players):
    return load('fanout', clients=players, rate=min(100, 100000 // players))


def of_size(size):
    return load('echo', size=size)


def of_rooms(count):
    return load('rooms-100', rooms=count)


def of_workers(workers):
    return replace(load('relay'), servers=('ngx_game:%d' % workers,))


PLOTS = [
    Plot('players', 'Fanout: the cost of a message to one player', 'players',
         (10, 30, 100, 300, 1000, 3000), of_players),
    Plot('size', 'Echo: the cost of a message of a size', 'bytes',
         (32, 128, 512, 2048, 8192, 32768), of_size, log=True),
    Plot('rooms', 'Rooms of 4 at 20 Hz: the cost of an update to one player',
         'rooms', (10, 30, 100, 300, 1000), of_rooms),
    Plot('workers', 'Relay: the cost of a message to another player', 'workers',
         (1, 2, 4), of_workers),
]
