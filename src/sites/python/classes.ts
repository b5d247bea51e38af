/** What a class of the file is, by what it derives from and what it defines. */

import type { Evidence } from './evidence';
import { roleOfBase, type Role } from './frameworks';
import { isLossName, isModelClassName } from './names';
import type { ClassInfo } from './values';

export function roleOfClass(of: ClassInfo, evidence: Evidence): Role | undefined {
  for (const base of of.bases) {
    const value = evidence.evaluate(base);
    const role =
      value?.kind === 'class'
        ? evidence.roleOf(value.of)
        : value?.kind === 'import'
          ? roleOfBase(value.path)
          : undefined;
    if (role) return role.is === 'model' && isLossName(of.name) ? { is: 'other' } : role;
  }
  // A base from another file, but the shape of a module: `forward` in a file that imports torch.
  if (of.bases.length === 0 || isLossName(of.name)) return undefined;
  if (of.methods.has('forward') && evidence.frameworks.has('torch'))
    return { is: 'model', framework: 'torch' };
  const keras = evidence.frameworks.has('keras') || evidence.frameworks.has('tensorflow');
  if (of.methods.has('call') && keras && isModelClassName(of.name))
    return { is: 'model', framework: 'keras' };
  return undefined;
}
