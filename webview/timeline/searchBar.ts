/** The search box: hits, where we are among them, previous and next. */
import type { TimelineHit } from '../../src/common/protocol';
import { formatCount } from '../../src/common/units';
import { button, setDisabled, textField, type Field } from '../common/controls';
import { element } from './dom';
import { strings } from './strings';

/** Typing pauses this long before the search runs, ms. */
const pause = 150;

export class SearchBar {
  readonly element: HTMLElement;
  readonly #field: Field;
  readonly #count = element('span', { class: 'hits', 'aria-live': 'polite' });
  readonly #previous: HTMLElement;
  readonly #next: HTMLElement;
  readonly #search: (text: string) => void;
  readonly #go: (hit: TimelineHit) => void;
  readonly #leave: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #total = 0;
  hits: TimelineHit[] = [];
  /** Index of the hit that is shown, -1 for none. */
  current = -1;

  constructor(search: (text: string) => void, go: (hit: TimelineHit) => void, leave: () => void) {
    this.#search = search;
    this.#go = go;
    this.#leave = leave;
    this.#field = textField(strings.search, (text) => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#search(text);
      }, pause);
    });
    this.#previous = button({
      text: '↑',
      label: strings.previousHit,
      appearance: 'icon',
      onClick: () => {
        this.step(-1);
      },
    });
    this.#next = button({
      text: '↓',
      label: strings.nextHit,
      appearance: 'icon',
      onClick: () => {
        this.step(1);
      },
    });
    this.element = element('search', { class: 'search' });
    this.element.append(this.#field.element, this.#count, this.#previous, this.#next);
    this.element.addEventListener('keydown', (event) => {
      this.#key(event);
    });
    this.show(0, []);
  }

  get text(): string {
    return this.#field.value;
  }

  set text(text: string) {
    this.#field.value = text;
  }

  focus(): void {
    this.#field.focus();
  }

  /** Shows a search's result; the count covers more than the hits that were sent. */
  show(total: number, hits: TimelineHit[]): void {
    this.hits = hits;
    this.#total = total;
    this.current = -1;
    this.#update();
  }

  step(by: 1 | -1): void {
    const { length } = this.hits;
    if (length === 0) return;
    this.current = this.current < 0 ? (by > 0 ? 0 : length - 1) : (this.current + by + length) % length;
    this.#update();
    this.#go(this.hits[this.current]!);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Enter' && event.target === this.#field.element) {
      event.preventDefault();
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(this.#timer);
      this.text = '';
      this.#search('');
      this.#leave();
    }
  }

  #update(): void {
    const none = this.hits.length === 0;
    const typed = this.text.trim() !== '';
    this.#count.textContent = none
      ? typed
        ? strings.noHits
        : ''
      : strings.hits(this.current + 1, formatCount(this.#total));
    setDisabled(this.#previous, none);
    setDisabled(this.#next, none);
  }
}
