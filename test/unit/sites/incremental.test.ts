import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { readCorpus } from '../../corpus/corpus';
import { testFinder } from './finders';
import { random } from './random';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});
afterAll(() => finder.dispose());

/** What people type, paste and delete. */
const pieces = [
  ...['\n', ' ', 'x', '#', '"""', ')', 'model', ' = net'],
  '\nmodel = keras.models.load_model("m.keras")\n',
  '\nimport torch\n',
  '\ndef predict(x):\n    return model(x)\n',
  '    y = model.predict(x)\n',
  '\nwith torch.no_grad():\n    out = net(batch)\n',
  '    loss.backward()\n',
];

describe('a file that is followed', () => {
  it('has after each edit the sites that its text has by itself', () => {
    const pick = random(411);
    const snippets = readCorpus('own').filter(({ file }) => file.endsWith('.py'));
    for (let round = 0; round < 25; round++) {
      // Two in one: what one says about a name holds for the other too.
      const [a, b] = [snippets[pick(snippets.length)]!, snippets[pick(snippets.length)]!];
      let text = `${a.text}\n${b.text}`;
      const opened = finder.open('/p/main.py');
      for (let step = 0; step < 15; step++) {
        const followed = opened.update(text);
        expect(followed, `${a.name} and ${b.name}, edit ${step}`).toEqual(finder.find('/p/main.py', text));
        const at = pick(text.length);
        const removed = pick(3) === 0 ? pick(60) : 0;
        text = text.slice(0, at) + pieces[pick(pieces.length)]! + text.slice(at + removed);
      }
      opened.dispose();
    }
  });
});
