// Who the player is: a name and a color.  They are kept for this tab, so that
// two tabs can be two players, and for the next visit.

const KEY = 'platformer.profile';

export const NAME_MAX = 16;

export const COLORS = [
    { value: '#ff5d73', label: 'Coral' },
    { value: '#ff9f1c', label: 'Tangerine' },
    { value: '#ffe14d', label: 'Sunshine' },
    { value: '#2fd08c', label: 'Mint' },
    { value: '#4cc9f0', label: 'Sky' },
    { value: '#4d7cff', label: 'Ocean' },
    { value: '#b06cff', label: 'Violet' },
    { value: '#f5f3ff', label: 'Snow' },
];


// Storage may be switched off or full: the game goes on without.
function read(storage) {
    try {
        return JSON.parse(globalThis[storage].getItem(KEY));

    } catch {
        return null;
    }
}


function write(storage, profile) {
    try {
        globalThis[storage].setItem(KEY, JSON.stringify(profile));

    } catch {
        // nothing to do about it
    }
}


// The same rule as the server's: what it would refuse is not sent.
export function cleanName(text) {
    const clean = String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
                              .replace(/\s+/gu, ' ')
                              .trim();

    return [...clean].slice(0, NAME_MAX).join('').trim();
}


export function loadProfile() {
    const saved = read('sessionStorage') ?? read('localStorage') ?? {};
    const random = COLORS[Math.floor(Math.random() * COLORS.length)].value;

    return {
        name: cleanName(saved.name ?? ''),
        color: /^#[0-9a-f]{6}$/.test(saved.color) ? saved.color : random,
    };
}


export function saveProfile(profile) {
    write('sessionStorage', profile);
    write('localStorage', profile);
}
