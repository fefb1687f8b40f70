# Copyright (C) ngx_game authors
#
# How long a join takes when the worker that the player is connected to has the
# room, and when another one has it.  Every answer says which worker gave it
# (X-Worker), and the worker that answered the first join has the room.

import base64
import os
import socket
import time


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def handshake(s, path, more=''):
    """Returns the headers of the answer and the microseconds until it came."""
    key = base64.b64encode(os.urandom(16)).decode()
    request = ('GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
               'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
               'Sec-WebSocket-Key: %s\r\n%s\r\n' % (path, key, more)).encode()

    begin = time.perf_counter_ns()
    s.sendall(request)
    answer = s.recv(4096)
    while answer and b'\r\n\r\n' not in answer:
        answer += s.recv(4096)
    end = time.perf_counter_ns()

    lines = answer.decode('latin-1').split('\r\n')
    if ' 101 ' not in lines[0]:
        raise OSError('the join was refused: ' + lines[0])

    headers = dict(line.lower().split(': ', 1) for line in lines[1:] if ': ' in line)
    return headers, (end - begin) / 1000


def join(port, path):
    """Returns the socket and what handshake() does."""
    s = socket.create_connection(('127.0.0.1', port), 5)
    time.sleep(0.002)                   # it has been accepted
    return s, *handshake(s, path)


def measure(port, count):
    """Two results: of joins of the room's own worker, and of others."""
    first, headers, _ = join(port, '/join')
    owner, room = headers['x-worker'], headers['x-room']
    times = {True: [], False: []}

    for _ in range(count):
        s, headers, taken = join(port, '/join?room=' + room)
        times[headers['x-worker'] == owner].append(taken)
        s.close()

    first.close()

    return [{'case': case, 'joins': len(values), 'errors': 0,
             'latency_us': {'p50': percentile(values, .5),
                            'p99': percentile(values, .99),
                            'max': max(values)}}
            for case, values in (('local', times[True]), ('remote', times[False]))
            if values]
