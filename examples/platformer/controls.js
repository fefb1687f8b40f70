// Keyboard and touch: which commands are held down at the moment.

const REPEAT = 1000 / 30;       // ms, as a keyboard repeats
const KEYS = {
    ArrowLeft: 'left', KeyA: 'left',
    ArrowRight: 'right', KeyD: 'right',
    ArrowUp: 'jump', KeyW: 'jump', Space: 'jump',
};


export class Controls {
    // pad: the element with the buttons; send(command) is called at once and
    // again and again while a command is held
    constructor(pad, send) {
        this.pad = pad;
        this.send = send;
        this.held = new Map();      // by key or finger: its command
        this.timer = null;

        addEventListener('keydown', (event) => this.keyDown(event));
        addEventListener('keyup', ({ code }) => this.release(code));
        addEventListener('blur', () => this.releaseAll());
        document.addEventListener('visibilitychange', () => this.releaseAll());

        pad.addEventListener('pointerdown', (event) => this.touch(event));
        pad.addEventListener('contextmenu', (event) => event.preventDefault());
        addEventListener('pointermove', (event) => this.slide(event));
        addEventListener('pointerup', (event) => this.lift(event));
        addEventListener('pointercancel', (event) => this.lift(event));
    }

    keyDown(event) {
        const command = KEYS[event.code];
        const { altKey, ctrlKey, metaKey, target, code, repeat } = event;
        const presses = code === 'Space' && target.closest('a, button');

        if (!command || altKey || ctrlKey || metaKey || presses) {
            return;
        }

        event.preventDefault();

        if (!repeat) {
            this.press(code, command);
        }
    }

    // A finger may slide from one button to the next.
    touch(event) {
        event.preventDefault();

        if (event.target.hasPointerCapture?.(event.pointerId)) {
            event.target.releasePointerCapture(event.pointerId);
        }

        this.press(event.pointerId, this.commandAt(event));
    }

    slide(event) {
        if (this.held.has(event.pointerId)) {
            const command = this.commandAt(event);

            if (command !== this.held.get(event.pointerId)) {
                this.press(event.pointerId, command);
            }
        }
    }

    lift(event) {
        this.release(event.pointerId);
    }

    commandAt({ clientX, clientY }) {
        const button = document.elementFromPoint(clientX, clientY)
                               ?.closest('[data-command]');

        return button?.dataset.command ?? null;
    }

    press(source, command) {
        this.held.set(source, command);
        this.show();

        if (command) {
            this.send(command);
        }

        this.timer ??= setInterval(() => this.repeat(), REPEAT);
    }

    repeat() {
        const commands = new Set(this.held.values());

        // both at once: stand still
        if (commands.has('left') && commands.has('right')) {
            commands.delete('left');
            commands.delete('right');
        }

        commands.delete(null);
        commands.forEach((command) => this.send(command));
    }

    release(source) {
        if (this.held.delete(source)) {
            this.show();
        }

        if (this.held.size === 0) {
            clearInterval(this.timer);
            this.timer = null;
        }
    }

    releaseAll() {
        [...this.held.keys()].forEach((source) => this.release(source));
    }

    show() {
        const commands = [...this.held.values()];

        for (const button of this.pad.children) {
            button.classList.toggle('held',
                                    commands.includes(button.dataset.command));
        }
    }
}
