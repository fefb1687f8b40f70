# Copyright (C) ngx_game authors
#
# How many rooms a worker holds.  Their players are more than it may have files
# open, so they connect in waves, and who loses the connection keeps the seat:
# at last all rooms are full, and the players of the last wave are connected.

import json
import socket
import struct
import time
import urllib.request

from joins import handshake

RESET = struct.pack('ii', 1, 0)         # SO_LINGER: close() resets


def connect(port, path):
    s = socket.create_connection(('127.0.0.1', port), 5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    handshake(s, path, 'Sec-WebSocket-Protocol: ngx-game.v1+json\r\n')
    return s


def worker(port):
    with urllib.request.urlopen('http://127.0.0.1:%d/status' % port) as answer:
        return json.load(answer)['workers'][0]


def cpu_us(pid):
    """What a process and its children have taken."""
    with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
        pids = [pid] + [int(child) for child in file.read().split()]

    taken = 0
    for pid in pids:
        with open('/proc/%d/schedstat' % pid) as file:
            taken += int(file.read().split()[0]) / 1000
    return taken


def measure(port, pid, options):
    players = options['clients'] * options['waves']
    rooms = players // options['room-size']
    waves = []

    for _ in range(options['waves']):
        for s in waves.pop() if waves else []:
            s.close()
        waves.append([connect(port, '/held') for _ in range(options['clients'])])

    time.sleep(options['warmup'])
    begin, before, used = time.monotonic(), worker(port), cpu_us(pid)
    time.sleep(options['seconds'])
    used, after, end = cpu_us(pid) - used, worker(port), time.monotonic()

    for s in waves.pop():
        s.close()

    ticks = after['ticks']['run'] - before['ticks']['run']
    missed = after['ticks']['missed'] - before['ticks']['missed']
    right = after['rooms'] == rooms and after['players'] == players

    return {'clients': options['clients'], 'players': after['players'],
            'away': after['away'], 'rooms': after['rooms'], 'errors': int(not right),
            'told': [] if right else ['%d rooms with %d players'
                                      % (after['rooms'], after['players'])],
            'hz': ticks / rooms / (end - begin), 'missed': missed,
            'cpu_us_per_tick': used / ticks, 'cpu_share': used / (end - begin) / 1e6}
