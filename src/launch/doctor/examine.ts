import type { Target } from '../../targets/target';
import { ask, type ExamineOptions } from './ask';
import { bySeverity, type Finding } from './finding';
import { judge } from './judge';

/** The doctor: what stands in the way of a true profile in this target, worst first. */
export async function examine(target: Target, options: ExamineOptions): Promise<Finding[]> {
  const findings = judge(await ask(target, options));
  return bySeverity([...refused(target), ...findings]);
}

/** What the place itself met when it was opened: a GPU that the engine refused, and why. */
function refused({ problems = [] }: Target): Finding[] {
  return problems.map(({ message, fix }, index) => ({
    id: `place-${index}`,
    severity: 'warning',
    title: message.replace(/\.$/, ''),
    detail: '',
    ...(fix ? { fix: { text: fix } } : {}),
  }));
}
