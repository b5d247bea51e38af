import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../../src/insight/advice';
import type { SiteSummary } from '../../../src/insight/runSummary';

const site = (parts: Record<string, number>, more: Partial<SiteSummary> = {}): SiteSummary =>
  ({
    callee: 'model.predict',
    parts,
    partsTotalNs: Object.values(parts).reduce((a, b) => a + b, 0),
    partsCalls: 20,
    ...more,
  }) as SiteSummary;

describe('adviceFor', () => {
  it('names the share of set-up and tracing when they are most of the call', () => {
    expect(adviceFor(site({ setUp: 60, tracing: 25, modelFunction: 15 }))).toMatch(
      /^85 % of a call is predict’s own set-up/,
    );
  });

  it('says nothing when the model is most of the call', () => {
    expect(adviceFor(site({ setUp: 30, tracing: 19, modelFunction: 51 }))).toBeUndefined();
  });

  it('says nothing without steady calls, without parts, or of another method', () => {
    const parts = { setUp: 90, modelFunction: 10 };
    expect(adviceFor(site(parts, { partsCalls: 1 }))).toBeUndefined();
    expect(adviceFor(site({}))).toBeUndefined();
    expect(adviceFor(site(parts, { callee: 'model.predict_on_batch' }))).toBeUndefined();
  });
});
