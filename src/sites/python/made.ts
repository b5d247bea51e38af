/** What the public names of the frameworks give when they are called: models, sessions, estimators and others. */

import { canonicalPath } from './frameworks';
import { otherRules } from './madeOthers';
import { tensorFlowRules } from './madeTensorFlow';
import { torchRules } from './madeTorch';
import type { Made, Rule } from './making';
import { remembered } from './remembered';

export { compiledGraph, type Made, type Methods } from './making';

/** The first pattern that matches the canonical path decides. */
const rules: readonly Rule[] = [...tensorFlowRules, ...torchRules, ...otherRules];

export const madeBy = remembered((path): Made | undefined => {
  const canonical = canonicalPath(path);
  return rules.find(([pattern]) => pattern.test(canonical))?.[1];
});
