/** Mouse, wheel and keyboard on the timeline, turned into what they mean. */
import type { TimelineDirection } from '../../src/common/protocol';

export interface Gestures {
  /** Zoom by a factor around a share (0 to 1) of the width. */
  zoom(factor: number, at: number): void;
  /** Pan by a share of the width. */
  pan(share: number): void;
  scroll(pixels: number): void;
  /** A range being dragged out, in pixels from the left; `done` when the button is released. */
  range(x0: number, x1: number, done: boolean): void;
  click(x: number, y: number): void;
  doubleClick(x: number, y: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  /** Arrow keys: to a neighbour of the selected event; returns false when none is selected. */
  neighbour(direction: TimelineDirection): boolean;
  fit(): void;
  focusSelection(): void;
  enter(): void;
  escape(): void;
  search(): void;
}

const zoomStep = 1.25;
const panStep = 0.12;
const rowStep = 48;
/** A press that moves less than this is a click, CSS pixels. */
const dragFrom = 4;

export function listenToWheel(target: HTMLElement, width: () => number, gestures: Gestures): void {
  target.addEventListener(
    'wheel',
    (event) => {
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        // Pinches come as small ctrl+wheel steps, mouse wheels as steps of 100 and more.
        const steps = Math.max(-1.5, Math.min(1.5, (event.deltaY * unit) / 100));
        gestures.zoom(zoomStep ** (steps * 2), share(event, target, width()));
      } else {
        const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
        if (sideways === 0 || (!event.shiftKey && Math.abs(sideways) < Math.abs(event.deltaY))) return;
        event.preventDefault();
        gestures.pan((sideways * unit) / Math.max(1, width()));
      }
    },
    { passive: false },
  );
}

/** `ranges`: a plain drag selects a range (the ruler); else it pans and shift+drag selects. */
export function listenToPointer(target: HTMLElement, ranges: boolean, gestures: Gestures): void {
  let press:
    { x: number; y: number; lastX: number; lastY: number; range: boolean; moved: boolean } | undefined;
  target.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    press = { x, y, lastX: x, lastY: y, range: ranges || event.shiftKey, moved: false };
  });
  target.addEventListener('pointermove', (event) => {
    const { offsetX: x, offsetY: y } = event;
    if (!press) {
      gestures.hover(x, y);
      return;
    }
    if (!press.moved && Math.hypot(x - press.x, y - press.y) < dragFrom) return;
    press.moved = true;
    gestures.leave();
    target.classList.add('dragging');
    if (press.range) gestures.range(press.x, x, false);
    else {
      gestures.pan((press.lastX - x) / Math.max(1, target.clientWidth));
      gestures.scroll(press.lastY - y);
    }
    press.lastX = x;
    press.lastY = y;
  });
  const end = (event: PointerEvent): void => {
    const ended = press;
    press = undefined;
    target.classList.remove('dragging');
    if (!ended || event.type === 'pointercancel') return;
    if (ended.moved && ended.range) gestures.range(ended.x, event.offsetX, true);
    else if (!ended.moved) gestures.click(event.offsetX, event.offsetY);
  };
  target.addEventListener('pointerup', end);
  target.addEventListener('pointercancel', end);
  target.addEventListener('pointerleave', () => {
    gestures.leave();
  });
  target.addEventListener('dblclick', (event) => {
    gestures.doubleClick(event.offsetX, event.offsetY);
  });
}

/** Keys while the timeline has the focus. */
export function listenToKeys(target: HTMLElement, gestures: Gestures): void {
  const actions: Record<string, (event: KeyboardEvent) => void> = {
    w: () => {
      gestures.zoom(1 / zoomStep, 0.5);
    },
    s: () => {
      gestures.zoom(zoomStep, 0.5);
    },
    a: () => {
      gestures.pan(-panStep);
    },
    d: () => {
      gestures.pan(panStep);
    },
    '+': () => {
      gestures.zoom(1 / zoomStep, 0.5);
    },
    '=': () => {
      gestures.zoom(1 / zoomStep, 0.5);
    },
    '-': () => {
      gestures.zoom(zoomStep, 0.5);
    },
    '0': () => {
      gestures.fit();
    },
    f: () => {
      gestures.focusSelection();
    },
    arrowleft: () => {
      if (!gestures.neighbour('previous')) gestures.pan(-panStep);
    },
    arrowright: () => {
      if (!gestures.neighbour('next')) gestures.pan(panStep);
    },
    arrowup: () => {
      if (!gestures.neighbour('parent')) gestures.scroll(-rowStep);
    },
    arrowdown: () => {
      if (!gestures.neighbour('child')) gestures.scroll(rowStep);
    },
    pageup: () => {
      gestures.scroll(-target.clientHeight * 0.9);
    },
    pagedown: () => {
      gestures.scroll(target.clientHeight * 0.9);
    },
    enter: () => {
      gestures.enter();
    },
  };
  target.addEventListener('keydown', (event) => {
    // Everything with a modifier belongs to the editor.
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') gestures.escape();
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest('vscode-text-field, input')) return;
    event.preventDefault();
    gestures.search();
  });
}

function share(event: MouseEvent, target: HTMLElement, width: number): number {
  const x = event.clientX - target.getBoundingClientRect().left;
  return Math.max(0, Math.min(1, x / Math.max(1, width)));
}
