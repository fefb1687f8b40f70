# Copyright (C) ngx_game authors
#
# What is measured: one entry for each load, with the arguments of build/bench/load.

from dataclasses import dataclass, field


@dataclass
class Workload:
    name: str
    title: str
    load: str                   # the generator's workload
    path: str
    options: dict               # the generator's options
    servers: tuple
    unit: str = 'message'       # what cpu_us_per_message counts
    workers: int = 1
    smoke: dict = field(default_factory=dict)   # options of ./run bench smoke

    def scaled(self, **options):
        return Workload(self.name, self.title, self.load, self.path,
                        {**self.options, **options}, self.servers, self.unit,
                        self.workers, self.smoke)


ALL = ('floor', 'ngx_game', 'gorilla', 'ws', 'nginx-lua')
FANOUT = ALL + ('nchan',)
GAME = ALL + ('colyseus',)
OURS = ('ngx_game',)

WORKLOADS = [
    Workload('echo', 'Echo: 100 players, 32 B, one message under way each',
             'echo', '/echo', dict(clients=100, size=32, window=1), ALL),

    Workload('echo-16', 'Echo: 100 players, 32 B, 16 messages under way each',
             'echo', '/echo', dict(clients=100, size=32, window=16), ALL),

    Workload('fanout', 'Fanout: 64 B to 1000 players, 100 times a second',
             'fanout', '/fanout', dict(clients=1000, size=64, rate=100), FANOUT,
             smoke=dict(clients=200, rate=50)),

    Workload('fanout-limit', 'Fanout to 1000 players, ever faster until p99 > 100 ms',
             'fanout', '/fanout', {'clients': 1000, 'size': 64, 'rate': 100,
                                   'max-p99': 100}, FANOUT,
             smoke={'clients': 200, 'rate': 50, 'max-p99': 0}),

    Workload('game', 'Game: 1000 players in rooms of 10, 60 Hz',
             'game', '/game', {'clients': 1000, 'room-size': 10, 'rate': 10},
             GAME, 'update', smoke=dict(clients=100)),

    Workload('game-2000', 'Game: 2000 players in rooms of 10, 60 Hz',
             'game', '/game', {'clients': 2000, 'room-size': 10, 'rate': 10},
             GAME, 'update', smoke=dict(clients=200)),

    Workload('churn', 'Churn: connect, join, leave',
             'churn', '/echo', dict(clients=50), ALL, 'join',
             smoke=dict(clients=10)),

    Workload('idle', 'Idle: 10,000 players who say nothing',
             'idle', '/echo', dict(clients=10000), ALL, 'message',
             smoke=dict(clients=500)),

    Workload('relay', 'Relay: 500 rooms of 2, 64 B to the other one, 1 worker',
             'relay', '/relay', {'clients': 1000, 'room-size': 2, 'size': 64,
                                 'rate': 50}, OURS,
             smoke=dict(clients=100)),

    Workload('relay-2', 'Relay with 2 workers, players spread at random',
             'relay', '/relay', {'clients': 1000, 'room-size': 2, 'size': 64,
                                 'rate': 50}, OURS, workers=2,
             smoke=dict(clients=100)),

    Workload('fanout-2', 'Fanout with 2 workers, players spread at random',
             'fanout', '/fanout', dict(clients=1000, size=64, rate=100), OURS,
             workers=2, smoke=dict(clients=200, rate=50)),

    Workload('game-2', 'Game with 2 workers, players spread at random',
             'game', '/game', {'clients': 1000, 'room-size': 10, 'rate': 10},
             OURS, 'update', workers=2, smoke=dict(clients=100)),

    Workload('rooms-100', 'Rooms: 100 rooms of 4, 20 Hz',
             'rooms', '/rooms', {'rooms': 100, 'room-size': 4, 'clients': 400},
             OURS, 'update'),

    Workload('rooms-1000', 'Rooms: 1000 rooms of 4, 20 Hz',
             'rooms', '/rooms', {'rooms': 1000, 'room-size': 4, 'clients': 4000},
             OURS, 'update', smoke=dict(rooms=200, clients=800)),

    Workload('rooms-10000', 'Rooms: 10,000 rooms of 4, 20 Hz',
             'rooms', '/rooms', {'rooms': 10000, 'room-size': 4,
                                 'clients': 40000},
             OURS, 'update', smoke=dict(rooms=300, clients=1200)),

    Workload('join', 'Joins with 2 workers: one after the other, 400 in all',
             'join', '/join', dict(joins=400), OURS, 'join', workers=2,
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


def fanout(players):
    rate = min(100, 100000 // players)
    return WORKLOADS[2].scaled(clients=players, rate=rate)


def echo(size):
    return WORKLOADS[0].scaled(size=size)


def rooms(count):
    return WORKLOADS[12].scaled(**{'rooms': count, 'clients': 4 * count})


def relay(workers):
    load = WORKLOADS[8].scaled()
    load.workers = workers
    return load


PLOTS = [
    Plot('players', 'Fanout: the cost of a message to one player', 'players',
         (10, 30, 100, 300, 1000, 3000), fanout),
    Plot('size', 'Echo: the cost of a message of a size', 'bytes',
         (32, 128, 512, 2048, 8192, 32768), echo, log=True),
    Plot('rooms', 'Rooms of 4 at 20 Hz: the cost of an update to one player',
         'rooms', (10, 30, 100, 300, 1000, 3000), rooms),
    Plot('workers', 'Relay: the cost of a message to another player', 'workers',
         (1, 2, 4), relay),
]
