/** What a class of the file is, by what it derives from and what it defines. */

import type { Framework } from '../site';
import { child, nodesBelow, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { isLossName, isModelClassName, isPreprocessingName, isTargetName } from './names';
import { parametersOf, textOf } from './nodes';
import { roleOfBase, type Role } from './roles';
import { roleOfThing } from './things';
import type { ClassInfo, Value } from './values';

export function roleOfClass(of: ClassInfo, evidence: Evidence): Role | undefined {
  let others = 0;
  for (const base of of.bases) {
    const value = evidence.evaluate(base);
    const role =
      value?.kind === 'class'
        ? evidence.roleOf(value.of)
        : value?.kind === 'import'
          ? (roleOfBase(value.path) ?? roleOfThing(evidence.outside(value.path)))
          : undefined;
    // `class Net(ABC, nn.Module)`
    if (role?.is === 'other' || isPlainName(base, evidence)) others++;
    else if (role) return role.is === 'model' ? refined(of, role.framework, evidence) : role;
  }
  if (others > 0 && others === of.bases.length) return { is: 'other' };
  // A base from another file, but the shape of a module: `forward` in a file that imports torch.
  if (of.bases.length === 0 || isLossName(of.name)) return undefined;
  if (of.methods.has('forward') && evidence.frameworks.has('torch')) return refined(of, 'torch', evidence);
  const keras = evidence.frameworks.has('keras') || evidence.frameworks.has('tensorflow');
  if (of.methods.has('call') && keras && isModelClassName(of.name))
    return { is: 'model', framework: 'keras' };
  return undefined;
}

/** Whether nothing that runs a model comes of a base: `value` is what it holds. */
export function isPlainBase(base: SyntaxNode, value: Value | undefined, evidence: Evidence): boolean {
  if (isPlainName(base, evidence)) return true;
  return value?.kind === 'import' && roleOfBase(value.path)?.is === 'other';
}

/** Python's own classes. */
function isPlainName(base: SyntaxNode, { text, bindings }: Evidence): boolean {
  const name = textOf(base, text);
  return (
    /^(?:object|dict|list|str|tuple|set|int|float|Exception|\w+Error)$/.test(name) && !bindings.atTop(name)
  );
}

/** Losses and functions without weights are modules too, and no models. */
function refined(of: ClassInfo, framework: Framework, evidence: Evidence): Role {
  const role: Role = { is: 'model', framework };
  if (isLossName(of.name)) return { is: 'loss' };
  const forward = of.methods.get('forward') ?? of.methods.get('__call__');
  if (framework !== 'torch' || !forward) return role;
  const required = parametersOf(forward, evidence.text)
    .slice(1)
    .filter((each) => !each.fallback);
  if (hasParts(of, evidence)) return role;
  if (required.length >= 2 && required.some((each) => isTargetName(each.name))) return { is: 'loss' };
  return isHelperName(of.name) && isPlainModule(of, evidence) ? { is: 'layer', framework } : role;
}

/** Has layers or weights of its own, as far as one can see. */
function hasParts(of: ClassInfo, evidence: Evidence): boolean {
  for (const [name, sources] of of.attributes)
    for (const source of sources) {
      if (source.from !== 'expression') continue;
      const value = evidence.source(source, name);
      if (value?.kind === 'layer' || value?.kind === 'model') return true;
      if (value?.kind === 'container' && value.element) return true;
      if (/\bParameter\(/.test(textOf(source.node, evidence.text))) return true;
    }
  return false;
}

/** A step before, after or within a model, by its name. */
function isHelperName(name: string): boolean {
  return (
    isPreprocessingName(name) ||
    /(?:Swish|Mish|GELU|ReLU|Activation|Flatten|View|Reshape|Permute|Transpose|Lambda|Identity|Norm|Noise|Pad(?:ding)?|Pool(?:ing)?|Upsample|Downsample|Mask|Softmax|Sigmoid|Clamp|Concat)\d*d?$/i.test(
      name,
    )
  );
}

/** A module that keeps nothing but numbers and calls nothing of its own: an activation, a resizing. */
function isPlainModule(of: ClassInfo, evidence: Evidence): boolean {
  const base = of.bases[0];
  const value = base && evidence.evaluate(base);
  if (of.bases.length !== 1 || value?.kind !== 'import' || !value.path.endsWith('.nn.Module')) return false;
  for (const sources of of.attributes.values())
    for (const source of sources)
      if (source.from !== 'expression' || callsSomething(source.node)) return false;
  for (const method of of.methods.values()) {
    const self = parametersOf(method, evidence.text)[0]?.name;
    for (const node of nodesBelow(method)) {
      const callee = node.type === 'call' ? child(node, 'function') : undefined;
      if (callee?.type === 'subscript') return false;
      if (callee?.type !== 'attribute' || textOf(child(callee, 'object')!, evidence.text) !== self) continue;
      const name = textOf(child(callee, 'attribute')!, evidence.text);
      // `self.add_module(...)`, `self.register_parameter(...)`, a part that was handed in.
      if (!of.methods.has(name)) return false;
    }
  }
  return true;
}

function callsSomething(node: SyntaxNode): boolean {
  return nodesBelow(node).some((each) => each.type === 'call');
}
