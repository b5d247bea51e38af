import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { codeCopy, shownPath } from '../../../src/common/codeCopy';

const runs = mkdtempSync(path.join(tmpdir(), 'predictscope-copy-'));
afterAll(() => rmSync(runs, { recursive: true }));

describe('a copy of a container’s code', () => {
  it('is shown by its image and its path there', () => {
    mkdirSync(path.join(runs, '.code/0123456789ab'), { recursive: true });
    writeFileSync(path.join(runs, '.code/0123456789ab/.image'), 'lab/app\n');
    const file = path.join(runs, '.code/0123456789ab/usr/lib/app/main.py');
    expect(codeCopy(file)).toEqual({ image: 'lab/app', there: '/usr/lib/app/main.py' });
    expect(shownPath(file)).toBe('lab/app:/usr/lib/app/main.py');
  });

  it('has its digest where nobody wrote a name', () => {
    expect(shownPath('/x/.code/aaaaaaaaaaaa/m.py')).toBe('aaaaaaaaaaaa:/m.py');
  });

  it('is no file of the user’s', () => {
    for (const file of ['/x/main.py', '/x/.code/main.py', '/x/.code/my-notes12/main.py']) {
      expect(codeCopy(file)).toBeUndefined();
      expect(shownPath(file)).toBe(file);
    }
  });
});
