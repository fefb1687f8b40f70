// The way to the server: the list of rooms over HTTP, the game over a
// WebSocket that comes back by itself after a failure: as the same player, if
// it is back in time, and also if the page was reloaded.

const GAME = '/platformer';
const PROTOCOL = 'ngx-game.v1+json';
const KEPT = 'platformer.resume';   // in the tab's storage, over a reload

const FIRST_DELAY = 500;        // ms, doubled with each failure
const LAST_DELAY = 8000;
const OPEN_TIMEOUT = 8000;      // ms for a handshake
const REFUSALS = 4;             // handshakes that fail while all looks well
const BACKLOG = 4096;           // bytes not sent yet: no more commands


export async function fetchRooms(signal) {
    const response = await fetch(`${GAME}?rooms`, {
        headers: { Accept: 'application/json' },
        cache: 'no-store',
        signal: signal ?? AbortSignal.timeout(OPEN_TIMEOUT),
    });

    if (!response.ok) {
        throw new Error(`status ${response.status}`);
    }

    return (await response.json()).rooms;
}


export function isFull(room) {
    return room.locked || room.players >= room.max_players;
}


// handlers: welcome(player, resumed), message(value), and state(name, detail) with
//   "connecting", "open",
//   "waiting", detail: ms until the next attempt,
//   "ended",   detail: a sentence for the player; there is no next attempt.
export class Connection {
    constructor(room, handlers) {
        this.room = room;           // id, or null: any
        this.handlers = handlers;
        this.socket = null;
        this.timer = null;
        this.entered = false;       // were we ever let in?
        this.token = null;          // to come back with, good for one use
        this.seen = 0;              // messages of the game so far
        this.failures = 0;
        this.refusals = 0;
        this.wake = () => this.timer !== null && this.attempt();

        addEventListener('online', this.wake);
        addEventListener('pagehide', (event) => this.hide(event));
        addEventListener('pageshow', ({ persisted }) => {
            if (persisted) {
                location.reload();
            }
        });

        this.recall();
        this.connect();
    }

    // A browser may keep a page that was left, with its connection, for the
    // way back: its player would stand around until then.  Otherwise it closes
    // the connection with 1001, and the page may be back in a moment.
    hide({ persisted }) {
        if (persisted) {
            this.leave();

        } else if (this.token) {
            sessionStorage.setItem(KEPT, JSON.stringify(
                { token: this.token, seen: this.seen }));
        }
    }

    recall() {
        const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');

        sessionStorage.removeItem(KEPT);
        this.token = kept?.token ?? null;
        this.seen = kept?.seen ?? 0;
    }

    leave() {
        clearTimeout(this.timer);
        this.timer = null;

        if (this.socket) {
            this.socket.onclose = null;
            this.socket.close(1000);
        }
    }

    connect() {
        const url = new URL(GAME, location.href);

        url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

        if (this.token) {
            url.searchParams.set('resume', this.token);
            url.searchParams.set('seen', this.seen);

        } else if (this.room) {
            url.searchParams.set('room', this.room);
        }

        const socket = new WebSocket(url, PROTOCOL);
        const patience = setTimeout(() => socket.close(), OPEN_TIMEOUT);
        let opened = false;

        this.socket = socket;
        this.handlers.state('connecting');

        socket.onopen = () => {
            clearTimeout(patience);
            opened = true;
            this.entered = true;
            this.refusals = 0;
            this.handlers.state('open');
        };

        socket.onmessage = ({ data }) => {
            this.failures = 0;

            if (data[0] === '!') {
                this.said(JSON.parse(data.slice(1)));

            } else {
                this.seen++;
                this.handlers.message(JSON.parse(data));
            }
        };

        socket.onclose = (event) => {
            clearTimeout(patience);
            this.socket = null;
            this.closed(opened, event);
        };
    }

    // what the server itself says; more may come with later versions
    said({ type, room, player, token, resumed, seen }) {
        if (type === 'welcome') {
            this.room = room;
            this.token = token ?? null;
            this.seen = seen;
            this.handlers.welcome(player, resumed);
        }
    }

    // 1000: the script closed the room; 4000 and up: it turned the player out.
    // All other codes are accidents and restarts, after which we come back.
    closed(opened, { code, reason }) {
        if (opened && (code === 1000 || code >= 4000)) {
            this.end(reason || 'The game is over: the room was closed.');
            return;
        }

        if (!opened) {
            this.refusals++;
        }

        this.retry();
    }

    retry() {
        const delay = Math.min(FIRST_DELAY * 2 ** this.failures, LAST_DELAY)
                      * (0.8 + 0.4 * Math.random());

        this.failures++;
        this.timer = setTimeout(() => this.attempt(), delay);
        this.handlers.state('waiting', delay);
    }

    // A browser does not tell why a handshake failed, but the list of rooms
    // tells whether the server is there and what became of the room.
    async attempt() {
        clearTimeout(this.timer);
        this.timer = null;
        this.handlers.state('connecting');

        let rooms;

        try {
            rooms = await fetchRooms();

        } catch {
            this.retry();
            return;
        }

        // the server is there, but does not take it
        if (this.refusals > 1) {
            this.token = null;
        }

        const room = rooms.find(({ id }) => id === this.room);
        const lost = this.room && !this.token && (!room || isFull(room));

        if (lost && !this.entered) {
            this.end(room ? 'This room is full.' : 'This room has closed.');

        } else if (this.refusals >= REFUSALS) {
            this.end('The server does not let you in. '
                     + 'It may be full, or this address may not be allowed.');

        } else {
            // whoever was inside and finds the room gone plays on in another
            this.room = lost ? null : this.room;
            this.connect();
        }
    }

    end(sentence) {
        removeEventListener('online', this.wake);
        this.handlers.state('ended', sentence);
    }

    send(command) {
        if (this.socket?.readyState === WebSocket.OPEN
            && this.socket.bufferedAmount < BACKLOG)
        {
            this.socket.send(JSON.stringify(command));
        }
    }
}
