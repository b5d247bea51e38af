/** Facts that the parts of a file contribute to the whole, and lose again when a part is edited. */

import type { SyntaxNode } from '../tree';

/**
 * Lists by name, to which each top-level node of a file contributes. A list is in source order. What is read is
 * told to `onRead`, so that one knows whose answers depend on it.
 */
export class SharedLists<T> {
  readonly #lists = new Map<string, Map<SyntaxNode, T[]>>();
  readonly #keysOf = new Map<SyntaxNode, Set<string>>();
  /** Lists put together of several parts, until one of these changes. */
  readonly #joined = new Map<string, readonly T[]>();

  /**
   * `prefix` tells the names of one kind of fact from those of another. With `asSet` only what is in a list counts,
   * and not how often, where, and by which part.
   */
  constructor(
    private readonly prefix: string,
    private readonly onRead: (key: string) => void,
    readonly asSet = false,
  ) {}

  add(part: SyntaxNode, name: string, value: T): void {
    let parts = this.#lists.get(name);
    if (!parts) this.#lists.set(name, (parts = new Map<SyntaxNode, T[]>()));
    const list = parts.get(part);
    if (list) list.push(value);
    else parts.set(part, [value]);
    this.#joined.delete(name);
    let keys = this.#keysOf.get(part);
    if (!keys) this.#keysOf.set(part, (keys = new Set()));
    keys.add(name);
  }

  /** Everything under a name, in source order; undefined when nothing is. */
  get(name: string): readonly T[] | undefined {
    this.onRead(this.prefix + name);
    const parts = this.#lists.get(name);
    if (!parts) return undefined;
    if (parts.size === 1) return parts.values().next().value;
    let joined = this.#joined.get(name);
    if (!joined) {
      joined = [...parts].sort(([a], [b]) => a.start - b.start).flatMap(([, list]) => list);
      this.#joined.set(name, joined);
    }
    return joined;
  }

  /** What a part contributes under a name, unread. */
  ofPart(part: SyntaxNode, name: string): readonly T[] | undefined {
    return this.#lists.get(name)?.get(part);
  }

  /** Takes back what a part has contributed. */
  remove(part: SyntaxNode): void {
    for (const name of this.#keysOf.get(part) ?? []) {
      const parts = this.#lists.get(name)!;
      parts.delete(part);
      this.#joined.delete(name);
      if (parts.size === 0) this.#lists.delete(name);
    }
    this.#keysOf.delete(part);
  }

  /**
   * What a part contributes, by the keys that `onRead` is told; of what is a set, what no part but those of `among`
   * contributes too.
   */
  *contributionsOf(
    part: SyntaxNode,
    among: ReadonlySet<SyntaxNode>,
  ): Generator<[key: string, values: readonly T[]]> {
    for (const name of this.#keysOf.get(part) ?? []) {
      const parts = this.#lists.get(name)!;
      const values = parts.get(part)!;
      if (!this.asSet) {
        yield [this.prefix + name, values];
        continue;
      }
      const own = values.filter((value) => !isElsewhere(parts, value, among));
      if (own.length > 0) yield [this.prefix + name, own];
    }
  }
}

function isElsewhere<T>(
  parts: ReadonlyMap<SyntaxNode, T[]>,
  value: T,
  among: ReadonlySet<SyntaxNode>,
): boolean {
  for (const [part, values] of parts) if (!among.has(part) && values.includes(value)) return true;
  return false;
}
