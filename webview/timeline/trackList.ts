/** The column of process and thread names: only what is in sight is in the DOM. */
import { formatCount } from '../../src/common/units';
import { element } from './dom';
import { visibleBlocks, type Block, type Layout } from './layout';
import { strings } from './strings';

/** Height of a name with its padding, CSS pixels. */
const lineHeight = 22;

export class TrackList {
  readonly element = element('div', { class: 'names', role: 'group' });
  readonly #items = new Map<string, HTMLElement>();
  readonly #toggle: (key: string) => void;

  constructor(toggle: (key: string) => void) {
    this.#toggle = toggle;
  }

  /** Shows the blocks between scrollTop and scrollTop + height. */
  update(layout: Layout, scrollTop: number, height: number): void {
    const wanted = new Set<string>();
    let previous: HTMLElement | undefined;
    for (const block of visibleBlocks(layout, scrollTop, scrollTop + height)) {
      wanted.add(block.key);
      let item = this.#items.get(block.key);
      if (!item) {
        item = this.#create(block);
        this.#items.set(block.key, item);
        // In the order of the tracks, so that Tab goes down the list.
        if (previous) previous.after(item);
        else this.element.prepend(item);
      }
      previous = item;
      item.style.transform = `translateY(${block.top - scrollTop}px)`;
      item.style.height = `${block.height}px`;
      // The name of a tall track stays in sight while its rows scroll by.
      const hidden = Math.max(0, Math.min(scrollTop - block.top, block.height - lineHeight));
      if (block.kind === 'track') item.style.paddingTop = `${hidden + 3}px`;
      item.setAttribute('aria-expanded', String(!block.collapsed));
      const name = block.kind === 'process' ? block.name : block.track.thread;
      item.setAttribute('aria-label', block.collapsed ? strings.expand(name) : strings.collapse(name));
    }
    for (const [key, item] of this.#items) {
      if (wanted.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
  }

  clear(): void {
    this.#items.clear();
    this.element.replaceChildren();
  }

  #create(block: Block): HTMLElement {
    const name = block.kind === 'process' ? block.name : block.track.thread;
    const item = element(
      'button',
      { class: `name ${block.kind}`, type: 'button' },
      element('span', { class: 'twisty', 'aria-hidden': 'true' }),
      element('span', { class: 'text' }, name),
    );
    item.title = block.kind === 'process' ? name : `${name}\n${formatCount(block.track.events)} events`;
    const { key } = block;
    item.addEventListener('click', () => {
      this.#toggle(key);
    });
    return item;
  }
}
