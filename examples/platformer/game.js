// The game's page: ties the connection, the world, the drawing and the
// controls together, and shows the state of it all around the canvas.

import { Connection, fetchRooms } from './connection.js';
import { Controls } from './controls.js';
import { loadProfile } from './profile.js';
import { Scene } from './scene.js';
import { World } from './world.js';

const NEWS_TIME = 3500;         // ms
const LINK_TEXT = { connecting: 'Connecting', open: 'Connected',
                    waiting: 'Offline', ended: 'Offline' };

const $ = (id) => document.getElementById(id);

const profile = loadProfile();
const asked = new URLSearchParams(location.search).get('room');
const world = new World();
const scene = new Scene($('world'));

let connection = null;
let own = null;                 // the id of our player
let seen = {};                  // the players of the last state
let newsTimer = null;
let drawn = [];                 // players of the last frame


// Around the canvas --------------------------------------------------------

function tell(text) {
    $('news').textContent = text;
    $('news').classList.add('shown');
    clearTimeout(newsTimer);
    newsTimer = setTimeout(() => $('news').classList.remove('shown'),
                           NEWS_TIME);
}


function showPlayers(players) {
    const list = Object.entries(players);
    const rank = ([id]) => (id === own ? 0 : 1);

    list.sort((a, b) => rank(a) - rank(b)
                        || String(a[1].name).localeCompare(b[1].name));

    $('count-text').textContent = list.length;
    $('count').setAttribute('aria-label', `Players: ${list.length}`);
    $('players').replaceChildren(...list.map(([id, { name, color }]) => {
        const item = document.createElement('li');
        const dot = document.createElement('span');
        const text = document.createElement('span');

        dot.className = 'dot';
        dot.style.background = color;
        text.textContent = id === own ? `${name} (you)` : name;
        item.dataset.player = id;
        item.append(dot, text);

        return item;
    }));
}


// The veil covers the game while there is none.
function showVeil(title, text, ended = false) {
    const veil = $('veil');

    $('veil-title').textContent = title;
    $('veil-text').textContent = text;
    $('again').hidden = !ended;
    veil.classList.toggle('ended', ended);

    if (veil.hidden) {
        veil.hidden = false;
    }

    if (ended) {
        $('again').focus();
    }
}


function showLink(state, detail) {
    document.documentElement.dataset.link = state;
    $('link').dataset.state = state;
    $('link-text').textContent = LINK_TEXT[state];

    if (state === 'waiting') {
        const wait = Math.max(1, Math.round(detail / 1000));

        showVeil('Connection lost', `Trying again in ${wait} s…`);

    } else if (state === 'connecting') {
        showVeil(drawn.length > 0 ? 'Reconnecting' : 'Connecting',
                 'On the way to the room…');

    } else if (state === 'ended') {
        showVeil('Out of the game', detail, true);
    }
}


function showRoom(found) {
    const name = String(found.metadata?.name ?? `Room ${found.id}`);
    const url = new URL('game.html', location.href);

    url.searchParams.set('room', found.id);
    history.replaceState(null, '', url);
    document.title = `${name} – Platformer`;
    $('room').textContent = name;
    $('room').hidden = false;
    $('share').hidden = false;
    connection.room = found.id;
}


async function share() {
    try {
        if (navigator.share && matchMedia('(pointer: coarse)').matches) {
            await navigator.share({ title: document.title,
                                    url: location.href });

        } else {
            await navigator.clipboard.writeText(location.href);
            tell('Link copied: whoever opens it comes to this room.');
        }

    } catch (error) {
        if (error.name !== 'AbortError') {
            tell(`Share this page's address: ${location.href}`);
        }
    }
}


// The server's messages ----------------------------------------------------

// The list of rooms has the name of ours.
async function findRoom(attempts = 5) {
    let found;

    try {
        const rooms = await fetchRooms();

        found = rooms.find(({ id }) => id === connection.room);

    } catch {
        // the list is a comfort only
    }

    if (found) {
        showRoom(found);

    } else if (attempts > 1) {
        setTimeout(findRoom, 1000, attempts - 1);
    }
}


function announce(players) {
    for (const [id, { name }] of Object.entries(players)) {
        if (!(id in seen) && id !== own) {
            tell(`${name} joined`);
        }
    }

    for (const [id, { name }] of Object.entries(seen)) {
        if (!(id in players)) {
            tell(`${name} left`);
        }
    }
}


function receive({ type, data, message }) {
    if (message) {
        tell(message);
        return;
    }

    const players = data?.players;

    if (!players) {
        return;
    }

    world.add(players, performance.now());

    if (type !== 'updatePosition') {
        announce(players);
    }

    if (type !== 'updatePosition' || !(own in seen)) {
        showPlayers(players);
    }

    if (own in players) {
        $('veil').hidden = true;
    }

    seen = players;
}


// What is there of an old world has nothing to do with a new one.  Whoever is
// back in time is in it already, as it was.
function enterWorld(player, resumed) {
    if (!resumed) {
        seen = {};
        world.clear();
    }

    own = player;
    connection.send({ cmd: 'newplayer', name: profile.name,
                      color: profile.color });
    setTimeout(findRoom, 100);
}


// Frames -------------------------------------------------------------------

function frame(now) {
    const live = document.documentElement.dataset.link === 'open';

    // while the connection is away, the last picture stays
    if (live || drawn.length === 0) {
        drawn = world.sample(now);
    }

    scene.draw(drawn, own, now);
    requestAnimationFrame(frame);
}


// The buttons lie on the ground below the world where there is space for it,
// that is on a phone held upright.
function arrange() {
    const upright = innerHeight > innerWidth * 1.2;

    scene.reserved = !$('pad').hidden && upright ? $('pad').offsetHeight : 0;
}


function showPad() {
    $('pad').hidden = false;
    $('hint').hidden = true;
    arrange();
}


// Start --------------------------------------------------------------------

function command(cmd) {
    $('hint').classList.add('done');
    connection.send({ cmd });
}


function start() {
    connection = new Connection(asked, {
        state: showLink,
        welcome: enterWorld,
        message: receive,
    });

    new Controls($('pad'), command);

    if (matchMedia('(pointer: coarse)').matches) {
        showPad();

    } else {
        $('hint').hidden = false;
        addEventListener('touchstart', showPad, { once: true, passive: true });
    }

    addEventListener('resize', arrange);
    requestAnimationFrame(frame);
}


$('share').onclick = share;
$('count').onclick = () => {
    const list = $('players');

    list.hidden = !list.hidden;
    $('count').setAttribute('aria-expanded', String(!list.hidden));
};

addEventListener('click', ({ target, detail }) => {
    // after a click with the pointer, Space is for jumping again
    if (detail > 0) {
        target.closest('button')?.blur();
    }
});

// An invitation may reach someone who never chose a name.
if (profile.name) {
    start();

} else {
    location.replace(asked ? `./?room=${encodeURIComponent(asked)}` : './');
}

// For the console and for tests: what is on the screen.
globalThis.platformer = { scene, world, players: () => drawn, own: () => own };
