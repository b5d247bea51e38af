import type { Target } from '../../targets/target';
import { ask, type ExamineOptions } from './ask';
import type { Finding } from './finding';
import { judge } from './judge';

/** The doctor: what stands in the way of a true profile in this target, worst first. */
export async function examine(target: Target, options: ExamineOptions): Promise<Finding[]> {
  return judge(await ask(target, options));
}
