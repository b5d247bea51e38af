import type { Answers } from './answers';
import { containerFindings } from './containerRules';
import { cacheFindings } from './cacheRules';
import { clockFindings } from './clockRules';
import { cuptiFindings } from './cuptiRules';
import { bySeverity, type Finding } from './finding';
import { frameworkFindings } from './frameworkRules';
import { gpuFindings } from './gpuRules';
import { gpuStateFindings } from './gpuStateRules';
import { kernelFindings } from './kernelRules';
import { processorFindings } from './processorRules';
import { pythonFindings } from './pythonRules';
import { storeFindings } from './storeRules';

const rules: readonly ((answers: Answers) => Finding[])[] = [
  pythonFindings,
  gpuFindings,
  frameworkFindings,
  kernelFindings,
  cacheFindings,
  cuptiFindings,
  containerFindings,
  storeFindings,
  gpuStateFindings,
  processorFindings,
  clockFindings,
];

/** What the answers mean, worst first. */
export function judge(answers: Answers): Finding[] {
  return bySeverity(rules.flatMap((rule) => rule(answers)));
}
