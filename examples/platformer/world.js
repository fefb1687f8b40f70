// What the server says of the world, and where everyone is between two ticks.

export const WIDTH = 800;
export const HEIGHT = 400;
export const PLAYER = { width: 20, height: 40 };
export const PLATFORMS = [
    { x: 0, y: 350, width: 800, height: 50 },
    { x: 200, y: 250, width: 100, height: 20 },
    { x: 400, y: 200, width: 100, height: 20 },
    { x: 600, y: 150, width: 100, height: 20 },
];

const TICK = 1000 / 60;         // ms
const DELAY = 3 * TICK;         // we show the past, to have a state after it
const DRIFT = 6 * TICK;         // further off than this is a new start
const KEPT = 12;                // states
const LEAP = 60;                // pixels in a tick: not a movement


const between = (a, b, part) => a + (b - a) * part;


export class World {
    constructor() {
        this.clear();
    }

    clear() {
        this.states = [];
    }

    get players() {
        return this.states.at(-1)?.players ?? {};
    }

    // States are a tick apart, however the network bunches them, so each is
    // put a tick after the last and only pulled gently to when it came.  The
    // server is silent while nobody moves: what comes then starts anew, a tick
    // after where everyone stood.
    add(players, now) {
        const last = this.states.at(-1);
        let time = now;

        if (last) {
            const expected = last.time + TICK;

            if (Math.abs(now - expected) < DRIFT) {
                time = between(expected, now, 0.1);

            } else {
                last.time = now - TICK;
                this.states = [last];
            }
        }

        this.states.push({ time, players });

        if (this.states.length > KEPT) {
            this.states.shift();
        }
    }

    // Everyone as to be drawn now: {id, name, color, x, y, vx, vy, jumping}.
    sample(now) {
        const time = now - DELAY;
        let next = this.states.findIndex((state) => state.time >= time);

        if (next === -1) {
            next = this.states.length - 1;
        }

        const after = this.states[next];
        const before = this.states[next - 1] ?? after;

        if (!after) {
            return [];
        }

        const span = after.time - before.time;
        const part = span > 0
                     ? Math.min(Math.max((time - before.time) / span, 0), 1)
                     : 1;

        return Object.entries(after.players).map(([id, player]) => {
            const past = before.players[id];
            const near = past && Math.hypot(player.x - past.x,
                                            player.y - past.y) < LEAP;
            const from = near ? past : player;

            return {
                id,
                name: String(player.name),
                color: String(player.color),
                x: between(from.x, player.x, part),
                y: between(from.y, player.y, part),
                vx: player.velocityX,
                vy: player.velocityY,
                jumping: player.isJumping,
            };
        });
    }
}
