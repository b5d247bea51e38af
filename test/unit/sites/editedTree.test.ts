import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Language, Parser, type Tree } from 'web-tree-sitter';
import { beforeAll, describe, expect, it } from 'vitest';
import { publicWalk, useFunctionsOf, walkTree, type TreeWalk } from '../../../src/sites/cursor';
import { EditedTree, difference } from '../../../src/sites/editedTree';
import { SourceText } from '../../../src/sites/positions';
import { copyTree, nodesBelow, type SyntaxNode } from '../../../src/sites/tree';
import { fixtures, grammar } from './finders';
import { random } from './random';

let parser: Parser;
const files = [
  'spliceai/utils.py',
  'torch/ddp.py',
  'keras/plain.py',
  'other/unicode.py',
  'other/lookalikes.py',
];

beforeAll(async () => {
  const module = { wasmBinary: grammar.runtime };
  await Parser.init(module);
  useFunctionsOf(module);
  parser = new Parser().setLanguage(await Language.load(grammar.python));
});

const read = (file: string): string => readFileSync(join(fixtures, file), 'utf8');

/** One line a node. */
function outline(root: SyntaxNode): string {
  const deep = (node: SyntaxNode): number => (node.parent ? 1 + deep(node.parent) : 0);
  return nodesBelow(root)
    .map((node) =>
      [deep(node), node.type, node.field ?? '', node.start, node.end, node.broken ? 'broken' : ''].join(' '),
    )
    .join('\n');
}

function withParsed<T>(text: string, use: (tree: Tree) => T): T {
  const tree = parser.parse(text)!;
  try {
    return use(tree);
  } finally {
    tree.delete();
  }
}

describe('a walk by the functions of tree-sitter', () => {
  const walked = (walk: TreeWalk): string[] => {
    const seen: string[] = [];
    const say = (): void => {
      seen.push(
        [
          walk.typeId(),
          walk.typeName(),
          walk.isNamed(),
          walk.isMissing(),
          walk.fieldId(),
          walk.start(),
          walk.end(),
        ].join(' '),
      );
    };
    say();
    for (;;) {
      if (walk.gotoFirstChild()) {
        say();
        continue;
      }
      while (!walk.gotoNextSibling()) if (!walk.gotoParent()) return seen;
      say();
    }
  };

  it.each([...files, 'other/broken.py'])('sees in %s what the public cursor sees', (file) => {
    withParsed(read(file), (tree) => {
      const direct = walkTree(tree);
      const seen = walked(direct);
      direct.dispose();
      const cursor = publicWalk(tree.walk());
      expect(seen).toEqual(walked(cursor));
      cursor.dispose();
      expect(seen.length).toBeGreaterThan(20);
    });
  });
});

describe('an edited tree', () => {
  it('is after each of many edits the tree of the new text', () => {
    const pick = random(20260);
    const pieces = [
      '\n',
      'x',
      ' ',
      '    y = model.predict(x)\n',
      '"""',
      '(',
      ')',
      ':',
      '\ndef f(a):\n    return a\n',
      '#',
    ];
    for (const file of files) {
      const tree = new EditedTree(parser, 'module');
      let text = read(file);
      for (let step = 0; step < 60; step++) {
        const change = tree.update(new SourceText(text))!;
        const fresh = withParsed(new SourceText(text).text, (parsed) => copyTree(parsed, 'module', 'none'));
        expect(outline(tree.root), `${file}, edit ${step}`).toBe(outline(fresh.root));
        expect(change.firstError).toBe(fresh.firstError);
        const at = pick(text.length);
        const piece = pieces[pick(pieces.length)]!;
        const removed = pick(3) === 0 ? pick(40) : 0;
        text = text.slice(0, at) + (pick(4) === 0 ? '' : piece) + text.slice(at + removed);
      }
      tree.dispose();
    }
  });

  it('keeps the top-level nodes that an edit does not touch', () => {
    const tree = new EditedTree(parser, 'module');
    const text = 'a = 1\n\ndef f():\n    return 1\n\ndef g():\n    return 2\n';
    tree.update(new SourceText(text));
    const [a, f, g] = tree.root.children;
    const { removed, added } = tree.update(new SourceText(text.replace('return 1', 'return 11')))!;
    expect(removed).toEqual([f]);
    expect(added).toHaveLength(1);
    expect(tree.root.children[0]).toBe(a);
    expect(tree.root.children[2]).toBe(g);
    expect(g!.start).toBe(text.indexOf('def g') + 1);
    tree.dispose();
  });
});

describe('the difference of two texts', () => {
  it.each([
    ['abc', 'abc', undefined],
    ['abc', 'abxc', { start: 2, oldEnd: 2, newEnd: 3 }],
    ['aaa', 'aa', { start: 2, oldEnd: 3, newEnd: 2 }],
    ['', 'x', { start: 0, oldEnd: 0, newEnd: 1 }],
    ['abcd', 'axyd', { start: 1, oldEnd: 3, newEnd: 3 }],
  ])('%j, %j', (old, text, edit) => {
    expect(difference(old, text)).toEqual(edit);
  });
});
