/** Objects of classes that a file imports from where nobody can look. */

import { child, type SyntaxNode } from '../tree';
import type { Evidence } from './evidence';
import { frameworkOfModule } from './frameworks';
import { textOf, unwrap } from './nodes';

/** Whether a name or an attribute is set to what such a class makes: `self.encoder = Encoder(size).to(device)`. */
export function isOfUnseenClass(
  receiver: SyntaxNode,
  evidence: Evidence,
  isWanted: (name: string) => boolean = isNameOfClass,
): boolean {
  const inner = unwrap(receiver);
  const { bindings, text } = evidence;
  const sources =
    inner.type === 'identifier'
      ? bindings.find(textOf(inner, text), inner)?.bindings.map(({ source }) => source)
      : inner.type === 'attribute'
        ? bindings.attributes.get(textOf(child(inner, 'attribute')!, text))
        : undefined;
  return (sources ?? []).some(
    (source) =>
      source.from === 'expression' &&
      source.path.length === 0 &&
      isMadeByClass(source.node, evidence, isWanted),
  );
}

/** `Encoder`, `CNN_Encoder`; constants are all in capitals. */
function isNameOfClass(name: string): boolean {
  return /^_?[A-Z]\w*[a-z]/.test(name);
}

function isMadeByClass(node: SyntaxNode, evidence: Evidence, isWanted: (name: string) => boolean): boolean {
  let made = unwrap(node);
  // What a chain of calls begins with: `Net(size).to(device).eval()`.
  for (;;) {
    const callee = made.type === 'call' ? child(made, 'function') : undefined;
    if (!callee) return false;
    const object = callee.type === 'attribute' ? unwrap(child(callee, 'object')!) : undefined;
    if (object?.type === 'call') {
      made = object;
      continue;
    }
    const value = evidence.evaluate(callee);
    if (value?.kind !== 'import' || frameworkOfModule(value.path) !== undefined) return false;
    const name = value.path.split('.').at(-1) ?? '';
    return isNameOfClass(name) && isWanted(name) && evidence.outside(value.path) === undefined;
  }
}
