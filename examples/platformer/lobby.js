// The lobby: who you are, which rooms are open, and the way into one.

import { fetchRooms, isFull } from './connection.js';
import { COLORS, cleanName, loadProfile, saveProfile } from './profile.js';
import { Scene, drawFigure } from './scene.js';

const REFRESH = 2000;           // ms
const DOTS = 12;                // colors of players shown of a room
const COLOR = /^(#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{1,20})$/;

const $ = (id) => document.getElementById(id);

const profile = loadProfile();
const invited = new URLSearchParams(location.search).get('room');
const rows = new Map();         // by room id: the parts of its row


function element(tag, className, text) {
    const node = document.createElement(tag);

    node.className = className;
    node.textContent = text ?? '';

    return node;
}


// You ----------------------------------------------------------------------

function drawPreview() {
    const canvas = $('preview');
    const ctx = canvas.getContext('2d');
    const sharp = devicePixelRatio;
    const { clientWidth: width, clientHeight: height } = canvas;

    canvas.width = width * sharp;
    canvas.height = height * sharp;
    ctx.scale(sharp, sharp);
    ctx.fillStyle = '#3a2f6b';
    ctx.beginPath();
    ctx.roundRect(width / 2 - 75, height - 22, 150, 18, [5, 5, 12, 12]);
    ctx.fill();
    ctx.fillStyle = '#5ce0a4';
    ctx.beginPath();
    ctx.roundRect(width / 2 - 77, height - 23, 154, 8, 4);
    ctx.fill();
    ctx.translate(width / 2, height - 22);
    ctx.scale(2, 2);
    drawFigure(ctx, 0, 0, profile.color, {});
}


function offerColors() {
    const known = COLORS.some(({ value }) => value === profile.color);
    const own = { value: profile.color, label: 'Yours' };
    const offers = known ? COLORS : [...COLORS, own];

    for (const { value, label } of offers) {
        const option = element('label', 'color');
        const input = element('input', '');
        const dot = element('span', 'dot');

        input.type = 'radio';
        input.name = 'color';
        input.value = value;
        input.checked = value === profile.color;
        input.setAttribute('aria-label', label);
        dot.style.background = value;
        dot.title = label;
        option.append(input, dot);
        $('colors').append(option);
    }
}


function readForm() {
    profile.name = cleanName($('name').value);
    profile.color = new FormData($('profile')).get('color');
    $('name-error').textContent = '';
    $('name').removeAttribute('aria-invalid');
    drawPreview();
}


function enter(room) {
    readForm();

    if (!profile.name) {
        $('name-error').textContent = 'Please choose a name first.';
        $('name').setAttribute('aria-invalid', 'true');
        $('name').focus();
        return;
    }

    saveProfile(profile);
    location.href = room ? `game.html?room=${encodeURIComponent(room)}`
                         : 'game.html';
}


// Rooms --------------------------------------------------------------------

function addRow(id) {
    const row = {
        item: element('li', 'room'),
        name: element('h3', ''),
        seats: element('p', 'seats'),
        dots: element('div', 'dots'),
        meter: element('div', 'meter'),
        fill: element('div', ''),
        button: element('button', 'enter', 'Enter'),
    };
    const text = element('div', 'room-text');

    row.dots.setAttribute('aria-hidden', 'true');
    row.meter.setAttribute('aria-hidden', 'true');
    row.meter.append(row.fill);
    row.button.type = 'button';
    row.button.onclick = () => enter(id);
    row.item.dataset.room = id;
    text.append(row.name, row.seats, row.dots);
    row.item.append(text, row.button, row.meter);
    rows.set(id, row);

    return row;
}


// Metadata was written by a script and its players: shown as text only.
function showRoom(room) {
    const row = rows.get(room.id) ?? addRow(room.id);
    const name = String(room.metadata?.name ?? `Room ${room.id}`);
    const colors = Array.isArray(room.metadata?.colors)
                   ? room.metadata.colors.slice(0, DOTS) : [];
    const shut = room.locked ? 'Locked' : isFull(room) ? 'Full' : null;

    row.name.textContent = name;
    row.seats.textContent = `${room.players} of ${room.max_players} players`;
    row.dots.replaceChildren(...colors.map((color) => {
        const dot = element('span', 'dot');

        dot.style.background = COLOR.test(color) ? color : 'gray';

        return dot;
    }));
    row.fill.style.width = `${100 * room.players / room.max_players}%`;
    row.button.disabled = shut !== null;
    row.button.textContent = shut ?? 'Enter';
    row.button.setAttribute('aria-label', `${shut ?? 'Enter'}: ${name}`);
    row.item.classList.toggle('invited', room.id === invited);

    return row.item;
}


// Rows are kept and moved as little as possible: a focus stays where it is.
function showRooms(rooms) {
    const order = ({ id, players }) => (id === invited ? -1e6 : -players);
    const sorted = [...rooms].sort((a, b) => order(a) - order(b)
                                             || (a.id < b.id ? -1 : 1));

    for (const [id, { item }] of rows) {
        if (!rooms.some((room) => room.id === id)) {
            item.remove();
            rows.delete(id);
        }
    }

    sorted.map(showRoom).forEach((item, n) => {
        if ($('rooms').children[n] !== item) {
            $('rooms').insertBefore(item, $('rooms').children[n] ?? null);
        }
    });

    const players = rooms.reduce((sum, room) => sum + room.players, 0);

    $('empty').hidden = rooms.length > 0;
    $('summary').textContent = players === 1 ? '1 player online'
                                             : `${players} players online`;
    $('summary').classList.remove('bad');
    $('trouble').hidden = true;
    showInvitation(rooms);
}


function showInvitation(rooms) {
    if (!invited) {
        return;
    }

    const room = rooms.find(({ id }) => id === invited);
    const open = room && !isFull(room);
    const name = room?.metadata?.name ?? 'the room';

    $('play').textContent = open ? `Join ${name}` : 'Quick play';
    $('play').dataset.room = open ? invited : '';
    $('play-note').textContent =
        open ? 'You were invited to this room.'
             : room ? 'The room that you were invited to is full.'
                    : 'The room that you were invited to has closed.';
}


function showTrouble() {
    $('trouble').textContent = 'The game server cannot be reached. '
                               + 'Trying again…';
    $('trouble').hidden = false;
    $('summary').textContent = 'Offline';
    $('summary').classList.add('bad');
}


async function refresh() {
    if (!document.hidden) {
        try {
            showRooms(await fetchRooms());

        } catch {
            showTrouble();
        }
    }

    setTimeout(refresh, REFRESH);
}


// Start --------------------------------------------------------------------

const backdrop = new Scene($('backdrop'));

function drawAll() {
    backdrop.draw([], null, 0, false);
    drawPreview();
}

$('name').value = profile.name;
offerColors();
drawAll();
refresh();

addEventListener('resize', drawAll);
$('profile').addEventListener('input', readForm);
$('profile').noValidate = true;
$('profile').addEventListener('submit', (event) => {
    event.preventDefault();
    enter($('play').dataset.room);
});
