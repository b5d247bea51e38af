/** Random Python files, as unpleasant as they come: every statement that can hold a call, in every layout. */

/** A small seeded generator of numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

const calls: readonly string[] = [
  'm.predict(x)',
  'm.predict(x)',
  'self.models[0].predict(x, batch_size=alpha)',
  'super().predict(x)',
  'm.predict(\n  x,\n      y,  # ünï "note\n)',
  'm.predict(\nx)',
  '(m\n  .predict(x))',
  'm.predict("é# predictscope", """a\n  b\n# predictscope\n""")',
  'm.predict(*a, **k)',
  'm.predict(v for v in w)',
  'm.predict(m.predict(x), m.predict (y))',
  'm.predict(x)(y).predict(z)',
  'm.predict(x)[0].b',
  'f"{m.predict(x)} {{}} 🐍 {m.predict(y)!r:>{w}}"',
  'f"""{m.predict(x)\n}"""',
  'f"{m.predict(x)=}"',
  '(q := m.predict(x))',
  '(lambda z: m.predict(z))',
  '[m.predict(v) for v in m.predict(w) if m.predict(v)]',
  '{m.predict(v): 1 for v in w}',
  '(m.predict(x) if c else d)',
  'm.predict \\\n   (x)',
  'a + \\\n m.predict(x)',
  '"_predictscope_e(_predictscope_b(1), m.predict(x))"',
  "'''\ntry:  # predictscope\n    _predictscope_on = m.predict(x)  # predictscope\n'''",
  'ä.predict(ö, 名=x)',
  'm.predict(x, y,)',
  'm.predict(  # predictscope\n  x)',
];

const headers: readonly string[] = [
  '',
  '',
  '#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n',
  '"""Docstring.\n\nimport this\n"""\n',
  '# -*- coding: utf-8 -*-\n"doc"\nfrom __future__ import annotations\n\nimport os\n',
  'import os\nimport sys\n',
  'import os; import sys\n',
  'import os; z = 1\n',
  'from a import (\n  b,  # c\n  d)\n\n\n# more\nimport e as f \\\n , g\n',
  'import os \\\n\n',
  '\n\n# comment\n\nimport os  # predictscope\nx = 1\nimport sys\n',
  '"doc"; import os\n',
  'from __future__ import division; x = m.predict(1)\n',
  'try:\n    import a\nexcept ImportError:\n    a = None\n',
  '\fimport os\n',
];

const odd: readonly string[] = [
  '# predictscope',
  '#predictscope_e(_predictscope_b(1), x)',
  '',
  '   ',
  '\t',
  '\f',
];

/** One file. Names in it are `word_N`, each once, so that an edit can name its place. */
export function randomFile(random: Random): string {
  const unit = random.pick(['    ', '    ', '  ', '\t', ' ', '        ']);
  const lines: string[] = [];
  let words = 0;
  const word = (): string => `word_${words++}`;
  const add = (depth: number, code: string): void => {
    if (random.chance(0.12)) {
      const comment = random.pick(odd);
      lines.push(random.chance(0.5) ? comment : `${unit.repeat(random.below(depth + 2))}# ${word()} ünï`);
    }
    const tail = random.pick(['', '', '', '  # predictscope', ' # type: ignore', '\t']);
    const multi = code.split('\n');
    lines.push(unit.repeat(depth) + multi.join('\n') + (code.endsWith(':') && tail === '\t' ? '' : tail));
  };
  const call = (): string => (random.chance(0.7) ? random.pick(calls) : word());

  const simple = (inFunction: boolean): string => {
    const shapes = [
      () => `${word()} = ${call()}`,
      () => `${word()} += ${call()}`,
      () => call(),
      () => `print(${call()}, ${call()})`,
      () => `assert ${call()}, ${call()}`,
      () => `${word()} = ${call()}; ${word()} = ${call()}`,
      () => `${word()}: int = ${call()}; pass;`,
      () => `del x[${call()}]`,
      () => `x[${call()}], y = ${call()}, 1`,
      () => (inFunction ? `return ${call()}` : 'pass'),
      () => (inFunction ? `yield ${call()}` : 'pass'),
      () => `if ${call()}: ${word()} = ${call()}`,
      () => `for ${word()} in ${call()}: ${call()}; pass`,
      () => `while ${call()}: break`,
      () => `with ${call()} as h: ${call()}`,
      () => `def ${word()}(): return ${call()}`,
      () => `class ${word()}: y = ${call()}`,
    ];
    return random.pick(shapes)();
  };

  const block = (depth: number, inFunction: boolean): void => {
    const count = 1 + random.below(2);
    for (let i = 0; i < count; i++) statement(depth, inFunction);
  };

  const statement = (depth: number, inFunction: boolean): void => {
    if (depth >= 4 || lines.length > 12 || random.chance(0.55)) {
      add(depth, simple(inFunction));
      return;
    }
    switch (random.below(10)) {
      case 0:
        add(depth, `if ${call()}:`);
        block(depth + 1, inFunction);
        if (random.chance(0.4)) {
          add(depth, `elif ${call()}:`);
          block(depth + 1, inFunction);
        }
        if (random.chance(0.4)) {
          add(depth, 'else:');
          block(depth + 1, inFunction);
        }
        return;
      case 1:
        add(depth, `for i in ${call()}:`);
        block(depth + 1, inFunction);
        return;
      case 2:
        add(depth, `while ${call()}:`);
        block(depth + 1, inFunction);
        return;
      case 3:
        add(depth, `with ${call()} as h, ${call()}:`);
        block(depth + 1, inFunction);
        return;
      case 4:
        add(depth, 'try:');
        block(depth + 1, inFunction);
        add(depth, random.chance(0.5) ? `except (${call()}, Error):` : 'finally:');
        block(depth + 1, inFunction);
        return;
      case 5:
        if (random.chance(0.3)) add(depth, `@decorated(${call()})`);
        add(depth, `def ${word()}(self, a=${call()}):`);
        block(depth + 1, true);
        return;
      case 6:
        add(depth, `async def ${word()}(self):`);
        add(depth + 1, `${word()} = await m.predict(x)`);
        add(depth + 1, 'return [await (m.predict(x)) async for x in m.predict(y)]');
        return;
      case 7:
        add(depth, `class ${word()}(Base):`);
        block(depth + 1, false);
        return;
      case 8:
        add(depth, `match ${call()}:`);
        add(depth + 1, `case Point(x=0) if ${call()}:`);
        block(depth + 2, inFunction);
        return;
      default:
        add(depth, `def ${word()}():`);
        add(depth + 1, '"""Docstring: m.predict(x)  # predictscope"""');
        block(depth + 1, true);
    }
  };

  block(0, false);
  if (random.chance(0.7)) block(0, false);
  if (random.chance(0.04))
    lines.splice(random.below(lines.length + 1), 0, random.pick(['def (:', ')', 'x = = 1', '"']));
  let text = random.pick(headers) + lines.join('\n');
  if (random.chance(0.8)) text += '\n';
  if (random.chance(0.1)) text += '\n\n   ';
  const ending = random.pick(['\n', '\n', '\r\n', '\r', 'mixed']);
  if (ending !== '\n')
    text = text.replace(/\n/g, () => (ending === 'mixed' ? random.pick(['\n', '\r\n', '\r']) : ending));
  return random.chance(0.15) ? `\uFEFF${text}` : text;
}
