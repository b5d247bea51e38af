import { beforeAll, describe, expect, it } from 'vitest';
import {
  applyMarks,
  isMarked,
  markId,
  markPlace,
  markText,
  noMarks,
  withoutMark,
  type Marks,
} from '../../../src/launch/marks';
import type { SiteFinder } from '../../../src/sites/finder';
import { isConfidentPredict, type Site } from '../../../src/sites/site';
import { testFinder } from '../sites/finders';

const file = '/w/pkg/scorer.py';
const text = `from keras import models

model = models.load_model("m.keras")
ask = model.predict


def score(x):
    first = model.predict(x)
    return helper.score_all(ask(first))
`;

let finder: SiteFinder;
let sites: Site[];
let calls: Site[];
beforeAll(async () => {
  finder = await testFinder();
  sites = finder.find(file, text).sites;
  calls = finder.calls(file, text);
});

const id = (callee: string): string => calls.find((call) => call.callee === callee)!.id;

/** Callees of the confident predict sites, and whether all calls had to be listed. */
function confident(marks: Partial<Marks>, where = file): { callees: string[]; listed: boolean } {
  let listed = false;
  const found = applyMarks(sites, { ...noMarks, ...marks }, where, () => {
    listed = true;
    return calls;
  });
  return { callees: found.filter(isConfidentPredict).map((site) => site.callee), listed };
}

describe('the text of a mark', () => {
  it('begins with the id and then says what and where', () => {
    const mark = markText({ id: '3f2a9c0d1b2e4f55', callee: 'model.predict' }, 'pkg\\scorer.py');
    expect(mark).toBe('3f2a9c0d1b2e4f55 model.predict in pkg/scorer.py');
    expect(markId(mark)).toBe('3f2a9c0d1b2e4f55');
    expect(markPlace(mark)).toBe('pkg/scorer.py');
  });

  it('stays short, and may be the id alone', () => {
    const long = markText({ id: '3f2a9c0d1b2e4f55', callee: `(lambdax:${'x'.repeat(200)})` }, 'a b/in c.py');
    expect(long.length).toBeLessThan(100);
    expect(markPlace(long)).toBe('a b/in c.py');
    expect(markId(' 3F2A9C0D1B2E4F55')).toBe('3f2a9c0d1b2e4f55');
    expect(markPlace('3f2a9c0d1b2e4f55')).toBeUndefined();
  });

  it('is found and taken out by id', () => {
    const marks = ['3f2a9c0d1b2e4f55 a in b.py', '0000000000000000'];
    expect(isMarked(marks, '3f2a9c0d1b2e4f55')).toBe(true);
    expect(withoutMark(marks, '3f2a9c0d1b2e4f55')).toEqual(['0000000000000000']);
  });
});

describe('applyMarks', () => {
  it('leaves sites alone without marks', () => {
    expect(applyMarks(sites, noMarks, file, () => calls)).toEqual(sites);
  });

  it('takes a dismissed one out', () => {
    const { callees, listed } = confident({ dismissed: [`${id('model.predict')} whatever`] });
    expect(callees).not.toContain('model.predict');
    expect(listed).toBe(false);
  });

  it('adds calls that are no sites, in source order', () => {
    const added = [
      markText(
        calls.find((c) => c.callee === 'helper.score_all')!,
        'pkg/scorer.py',
      ),
    ];
    const all = applyMarks(sites, { ...noMarks, added }, file, () => calls);
    const mine = all.find((site) => site.callee === 'helper.score_all')!;
    expect(mine).toMatchObject({ kind: 'predict', confidence: 1, line: 9 });
    expect(mine.reason).toMatch(/^Marked as a predict call/);
    expect(all.map((site) => site.line)).toEqual(all.map((site) => site.line).sort((a, b) => a - b));
  });

  it('keeps the reason of a site that was found for something else', () => {
    const site = { ...sites[0]!, kind: 'wrapper' as const, reason: 'It wraps.' };
    const [marked] = applyMarks([site], { ...noMarks, added: [site.id] }, file, () => []);
    expect(marked).toMatchObject({ kind: 'predict', confidence: 1 });
    expect(marked!.reason).toMatch(/^Marked .* It wraps\.$/);
  });

  it('lists the calls of a file only for marks that may mean it', () => {
    const added = [`${id('helper.score_all')} helper.score_all in pkg/other.py`];
    expect(confident({ added }).listed).toBe(false);
    expect(confident({ added }, '/moved/other.py').callees).toContain('helper.score_all');
    expect(confident({ added: [id('helper.score_all')] }).callees).toContain('helper.score_all');
    expect(confident({ added: [id('model.predict')] }).listed).toBe(false);
  });

  it('takes a call that is in both lists as dismissed', () => {
    const both = [id('helper.score_all')];
    expect(confident({ dismissed: both, added: both })).toEqual({
      callees: confident({}).callees,
      listed: false,
    });
  });
});
