// Draws the world on a canvas: sky, hills, platforms, players.  It knows
// nothing of the network; times are milliseconds.

import { PLATFORMS, PLAYER, WIDTH } from './world.js';

const GROUND = PLATFORMS[0].y;
const TALL = 380;               // pixels of the world's height worth seeing
const NARROW = 310;             // pixels of its width at least on a phone
const SHARP = 3;                // device pixels per pixel at most

const INK = '#1b1840';
const SKY = [[0, '#1d2260'], [0.4, '#5c4a9c'], [0.68, '#d97a9e'],
             [0.86, '#ffb07c'], [1, '#ffd9a0']];
const HILLS = [
    { color: '#8a5a9e', height: 120, wave: 0.0061, follow: 0.15 },
    { color: '#5d4489', height: 78, wave: 0.0093, follow: 0.35 },
    { color: '#3d3270', height: 40, wave: 0.0147, follow: 0.6 },
];
const CLOUDS = [
    { x: 0.08, y: 0.16, size: 1.1, speed: 5 },
    { x: 0.38, y: 0.09, size: 0.8, speed: 3.2 },
    { x: 0.66, y: 0.24, size: 1.3, speed: 6 },
    { x: 0.9, y: 0.12, size: 0.7, speed: 2.6 },
];

const still = matchMedia('(prefers-reduced-motion: reduce)');

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);


// The same "random" numbers in each frame: 0 to 1 for a whole number.
function noise(n) {
    const value = Math.sin(n * 127.1 + 11.7) * 43758.5453;

    return value - Math.floor(value);
}


function box(ctx, x, y, width, height, radius) {
    ctx.beginPath();
    ctx.roundRect(x, y, width, height, radius);
}


function eyes(ctx, facing, top) {
    for (const side of [-1, 1]) {
        ctx.fillStyle = '#fff';
        ctx.beginPath();
        ctx.ellipse(side * 4.2 + facing * 2.2, top + 11, 3.3, 4, 0, 0, 7);
        ctx.fill();
        ctx.strokeStyle = 'rgb(27 24 64 / 45%)';
        ctx.lineWidth = 0.8;
        ctx.stroke();

        ctx.fillStyle = INK;
        ctx.beginPath();
        ctx.arc(side * 4.2 + facing * 3.5, top + 11.6, 1.9, 0, 7);
        ctx.fill();
    }
}


// A player, with (x, y) the middle of its soles.  `pose`: facing -1, 0 or 1;
// stride, the phase of its walk in radians or null; stretch, 1 at rest.
export function drawFigure(ctx, x, y, color, pose) {
    const { width, height } = PLAYER;
    const { facing = 0, stride = null, stretch = 1 } = pose;
    const top = -height;

    ctx.save();
    ctx.translate(x, y);
    ctx.scale(1 / Math.sqrt(stretch), stretch);

    // feet
    ctx.fillStyle = INK;

    for (const side of [-1, 1]) {
        const phase = stride === null ? 0 : Math.sin(stride + side * 1.57);
        const lift = Math.max(0, phase) * 3;

        box(ctx, side * 4.5 - 4 + facing * 1.5 + phase * 1.6, -5 - lift,
            8, 5, 2.5);
        ctx.fill();
    }

    // body, with light from the sun on its right
    box(ctx, -width / 2, top, width, height - 3, [10, 10, 7, 7]);
    ctx.fillStyle = color;
    ctx.fill();
    ctx.save();
    ctx.clip();
    ctx.fillStyle = 'rgb(27 24 64 / 22%)';
    ctx.fillRect(-width / 2, top, 4, height);
    ctx.fillStyle = 'rgb(255 255 255 / 28%)';
    ctx.fillRect(width / 2 - 3, top, 3, height);
    ctx.restore();
    ctx.strokeStyle = 'rgb(27 24 64 / 55%)';
    ctx.lineWidth = 1.2;
    ctx.stroke();

    eyes(ctx, facing, top);
    ctx.restore();
}


function drawGrass(ctx, x, y, width, seed) {
    ctx.fillStyle = '#2f9e7a';
    box(ctx, x - 1, y, width + 2, 8, 4);
    ctx.fill();
    ctx.fillStyle = '#5ce0a4';
    box(ctx, x - 1, y, width + 2, 5, [4, 4, 2, 2]);
    ctx.fill();

    ctx.fillStyle = '#2f9e7a';

    for (let at = 6, n = seed; at < width - 8; at += 9 + noise(n++) * 14) {
        box(ctx, x + at, y + 6, 4, 3 + noise(n) * 4, [0, 0, 2, 2]);
        ctx.fill();
    }
}


function drawLedge(ctx, { x, y, width, height }, seed) {
    const earth = ctx.createLinearGradient(0, y, 0, y + height);

    earth.addColorStop(0, '#5a4690');
    earth.addColorStop(1, '#3a2f6b');
    ctx.fillStyle = earth;
    box(ctx, x, y, width, height, [5, 5, 10, 10]);
    ctx.fill();

    ctx.fillStyle = 'rgb(255 255 255 / 9%)';

    for (let n = 0; n < 4; n++) {
        box(ctx, x + 8 + n * 24 + noise(seed + n) * 8, y + 11, 9, 4, 2);
        ctx.fill();
    }

    drawGrass(ctx, x, y, width, seed);
}


function drawGround(ctx, left, right, bottom) {
    const earth = ctx.createLinearGradient(0, GROUND, 0, bottom);

    earth.addColorStop(0, '#4b3b80');
    earth.addColorStop(Math.min(1, 60 / (bottom - GROUND)), '#2f2759');
    earth.addColorStop(1, '#1f1a42');
    ctx.fillStyle = earth;
    ctx.fillRect(left, GROUND, right - left, bottom - GROUND);

    ctx.fillStyle = 'rgb(255 255 255 / 7%)';

    for (let n = Math.floor(left / 46); n * 46 < right; n++) {
        const depth = 16 + noise(n) * (bottom - GROUND - 26);

        box(ctx, n * 46 + noise(n + 50) * 30, GROUND + depth,
            9 + noise(n + 9) * 12, 5, 2.5);
        ctx.fill();
    }

    drawGrass(ctx, left, GROUND, right - left, Math.floor(left / 46));
}


// Where the world ends, on a screen that is wider: whoever walks against it
// shall see why.  side: -1 at the left, 1 at the right.
function drawWall(ctx, x, outside, top, side) {
    if ((outside - x) * side <= 0) {
        return;
    }

    ctx.fillStyle = '#2f2759';
    ctx.fillRect(Math.min(x, outside), top, Math.abs(outside - x),
                 GROUND - top);
    ctx.fillStyle = '#5a4690';

    for (let y = GROUND - 22, n = 3; y > top - 22; y -= 24, n++) {
        const width = 7 + noise(n) * 6;

        box(ctx, side > 0 ? x : x - width, y, width, 20, 4);
        ctx.fill();
    }
}


export class Scene {
    constructor(canvas) {
        this.canvas = canvas;
        this.ctx = canvas.getContext('2d');
        this.looks = new Map();     // by player id: how it moved of late
        this.dust = [];
        this.camera = null;
        this.reserved = 0;          // pixels below the world, for buttons
        this.before = 0;
    }

    // The world's pixels to the page's: (x - left) * scale, (y - top) * scale.
    fit(focus) {
        const { width, height } = this;
        const seen = clamp(width * 0.9, NARROW, WIDTH);
        const room = Math.max(height - this.reserved, 120);
        const scale = Math.min(room / TALL, width / seen);
        const across = width / scale;
        const up = room / scale;
        const slack = WIDTH - across;
        const aim = slack <= 0 ? slack / 2
                               : clamp(focus - across / 2, 0, slack);

        this.camera ??= aim;
        this.camera += (aim - this.camera) * (still.matches ? 1 : 0.14);

        if (slack <= 0) {
            this.camera = aim;
        }

        return {
            scale,
            left: this.camera,
            top: GROUND + clamp((up - TALL) * 0.3 + 25, 25, 90) - up,
            right: this.camera + across,
        };
    }

    resize() {
        const { clientWidth, clientHeight } = this.canvas;
        const sharp = clamp(devicePixelRatio, 1, SHARP);
        const width = Math.round(clientWidth * sharp);
        const height = Math.round(clientHeight * sharp);

        if (width === this.canvas.width && height === this.canvas.height) {
            return;
        }

        this.canvas.width = width;
        this.canvas.height = height;
        this.width = clientWidth;
        this.height = clientHeight;
        this.sharp = sharp;
        this.sky = null;
        this.camera = null;
    }

    // The parts of the sky that never move are painted once per size.
    paintSky(horizon) {
        const sky = new OffscreenCanvas(this.canvas.width, this.canvas.height);
        const ctx = sky.getContext('2d');
        const dusk = ctx.createLinearGradient(0, 0, 0, horizon);
        const x = this.width * 0.72;
        const y = horizon - Math.min(110, horizon * 0.28);
        const glow = ctx.createRadialGradient(x, y, 10, x, y, 260);

        ctx.scale(this.sharp, this.sharp);

        for (const [stop, color] of SKY) {
            dusk.addColorStop(stop, color);
        }

        ctx.fillStyle = dusk;
        ctx.fillRect(0, 0, this.width, this.height);

        ctx.fillStyle = '#fff';

        for (let n = 0; n < 60; n++) {
            ctx.globalAlpha = 0.15 + noise(n + 200) * 0.5;
            ctx.fillRect(noise(n) * this.width,
                         noise(n + 100) * horizon * 0.42, 1.6, 1.6);
        }

        ctx.globalAlpha = 1;
        glow.addColorStop(0, 'rgb(255 236 190 / 75%)');
        glow.addColorStop(1, 'rgb(255 200 150 / 0%)');
        ctx.fillStyle = glow;
        ctx.fillRect(0, 0, this.width, this.height);
        ctx.fillStyle = '#fff0cf';
        ctx.beginPath();
        ctx.arc(x, y, 38, 0, 7);
        ctx.fill();

        return sky;
    }

    drawClouds(now, horizon) {
        const { ctx } = this;
        const seconds = still.matches ? 0 : now / 1000;

        ctx.fillStyle = 'rgb(255 226 226 / 22%)';

        for (const { x, y, size, speed } of CLOUDS) {
            const span = this.width + 300;
            const at = (x * span + seconds * speed) % span - 150;
            const high = 40 + y * horizon;

            box(ctx, at, high, 130 * size, 22 * size, 11 * size);
            ctx.fill();
            box(ctx, at + 26 * size, high - 13 * size, 66 * size, 30 * size,
                15 * size);
            ctx.fill();
        }
    }

    drawHills(view, horizon) {
        const { ctx } = this;

        HILLS.forEach(({ color, height, wave, follow }, layer) => {
            const shift = view.left * follow * view.scale + layer * 500;

            ctx.fillStyle = color;
            ctx.beginPath();
            ctx.moveTo(0, this.height);

            for (let x = 0; x <= this.width + 8; x += 8) {
                const at = (x + shift) * wave;
                const rise = 0.62 + 0.38 * Math.sin(at)
                             + 0.16 * Math.sin(at * 2.7 + layer);

                ctx.lineTo(x, horizon - height * rise);
            }

            ctx.lineTo(this.width + 8, this.height);
            ctx.fill();
        });
    }

    // How a figure looks follows from how it moved since the last frame.
    look(player, seconds) {
        const fresh = { facing: 0, stride: 0, stretch: 1, fall: 0, air: false };
        const look = this.looks.get(player.id) ?? fresh;
        const walks = Math.abs(player.vx) > 0.4;
        const air = player.jumping || player.vy !== 0;
        let aim = 1;

        this.looks.set(player.id, look);

        if (walks) {
            look.facing = Math.sign(player.vx);
            look.stride += seconds * 17;
        }

        if (air) {
            aim = 1 + clamp(Math.abs(player.vy) * 0.018, 0, 0.16);
            look.fall = player.vy;

        } else if (look.air) {
            look.stretch = 1 - clamp(look.fall * 0.035, 0.06, 0.28);
            this.puff(player);
        }

        look.air = air;
        look.stretch += (aim - look.stretch) * Math.min(1, seconds * 14);

        return {
            facing: look.facing,
            stride: walks && !air ? look.stride : null,
            stretch: still.matches ? 1 : look.stretch,
        };
    }

    puff({ x, y }) {
        if (still.matches) {
            return;
        }

        for (let n = 0; n < 6; n++) {
            this.dust.push({
                x: x + PLAYER.width / 2, y: y + PLAYER.height - 2,
                vx: (n - 2.5) * 26, vy: -12 - Math.random() * 22, age: 0,
            });
        }
    }

    drawDust(seconds) {
        const { ctx } = this;

        this.dust = this.dust.filter((grain) => grain.age < 0.45);

        for (const grain of this.dust) {
            grain.age += seconds;
            grain.x += grain.vx * seconds;
            grain.y += grain.vy * seconds;
            ctx.fillStyle = `rgb(255 235 215 / ${0.5 - grain.age})`;
            ctx.beginPath();
            ctx.arc(grain.x, grain.y, 2 + grain.age * 7, 0, 7);
            ctx.fill();
        }
    }

    // Names keep one size on the screen, so they are drawn in its pixels.  The
    // name of a player beyond the edge stays at the edge, and points there.
    drawName(player, view, own) {
        const { ctx } = this;
        const size = clamp(11 * view.scale, 12, 16);
        const x = (player.x + PLAYER.width / 2 - view.left) * view.scale;
        const y = (player.y - view.top) * view.scale - 9;
        const text = x < 0 ? `‹ ${player.name}`
                           : x > this.width ? `${player.name} ›` : player.name;

        ctx.font = `600 ${size}px system-ui, sans-serif`;

        const width = ctx.measureText(text).width + 14;
        const left = clamp(x - width / 2, 4, this.width - width - 4);

        ctx.fillStyle = own ? '#fff6e3' : 'rgb(22 19 54 / 68%)';
        box(ctx, left, y - size - 7, width, size + 7, (size + 7) / 2);
        ctx.fill();

        if (own) {
            ctx.beginPath();
            ctx.moveTo(x - 5, y - 1);
            ctx.lineTo(x + 5, y - 1);
            ctx.lineTo(x, y + 5);
            ctx.fill();
        }

        ctx.fillStyle = own ? INK : '#fff';
        ctx.textAlign = 'center';
        ctx.textBaseline = 'middle';
        ctx.fillText(text, left + width / 2, y - size / 2 - 3);
    }

    drawFigures(players, seconds) {
        const { ctx } = this;

        for (const id of this.looks.keys()) {
            if (!players.some((player) => player.id === id)) {
                this.looks.delete(id);
            }
        }

        this.drawDust(seconds);

        for (const player of players) {
            drawFigure(ctx, player.x + PLAYER.width / 2,
                       player.y + PLAYER.height, player.color,
                       this.look(player, seconds));
        }
    }

    // players as World.sample() gives them; own: the id of ours, or null.
    // Without platforms it is a backdrop.
    draw(players, own, now, platforms = true) {
        const { ctx } = this;
        const seconds = clamp((now - this.before) / 1000, 0, 0.1);

        this.before = now;
        this.resize();

        const me = players.find(({ id }) => id === own) ?? players[0];
        const view = this.fit((me?.x ?? WIDTH / 2) + PLAYER.width / 2);
        const horizon = (GROUND - view.top) * view.scale;
        const bottom = view.top + this.height / view.scale;

        this.sky ??= this.paintSky(horizon);
        this.view = view;

        ctx.setTransform(1, 0, 0, 1, 0, 0);
        ctx.drawImage(this.sky, 0, 0);
        ctx.scale(this.sharp, this.sharp);
        this.drawClouds(now, horizon);
        this.drawHills(view, horizon);

        ctx.save();
        ctx.scale(view.scale, view.scale);
        ctx.translate(-view.left, -view.top);

        if (platforms) {
            drawWall(ctx, 0, view.left, view.top, -1);
            drawWall(ctx, WIDTH, view.right, view.top, 1);
            PLATFORMS.slice(1).forEach((ledge, n) => drawLedge(ctx, ledge, n));
        }

        drawGround(ctx, view.left, view.right, bottom);
        this.drawFigures(players, seconds);
        ctx.restore();

        // one's own name is on top of all others
        players.filter((player) => player !== me || me.id !== own)
               .forEach((player) => this.drawName(player, view, false));

        if (me?.id === own && own) {
            this.drawName(me, view, true);
        }
    }
}
