/** What an import statement binds. */

import { child, type SyntaxNode } from '../tree';
import { partsOf, stringValue, textOf } from './nodes';
import { canonicalModule, isLocalModule } from './packages';

export interface Imported {
  module: string;
  /** Names below the module, none for the module itself. */
  names: string[];
  /** What it is called here; undefined when only the module is named. */
  name: string | undefined;
}

export function importsOf(statement: SyntaxNode, text: string): Imported[] {
  const clause = statement.children.find((each) => /^import_(?:require_)?clause$/.test(each.type));
  const specifier = stringValue(child(statement, 'source') ?? child(clause, 'source'), text);
  if (specifier === undefined) return [];
  const module = canonicalModule(specifier);
  const found: Imported[] = [{ module, names: [], name: undefined }];
  const add = (name: SyntaxNode | undefined, names: string[]): void => {
    if (!name) return;
    const local = textOf(name, text);
    // `import { tf } from './backend'`: many programs choose their backend in one place.
    const isTensorFlow = local === 'tf' && isLocalModule(module);
    found.push(isTensorFlow ? { module: 'tfjs', names: [], name: local } : { module, names, name: local });
  };
  for (const part of clause ? partsOf(clause) : [])
    switch (part.type) {
      case 'identifier':
        add(part, clause!.type === 'import_clause' ? ['default'] : []);
        break;
      case 'namespace_import':
        add(partsOf(part)[0], ['*']);
        break;
      case 'named_imports':
        for (const each of partsOf(part)) {
          const name = child(each, 'name');
          if (name) add(child(each, 'alias') ?? name, [textOf(name, text)]);
        }
        break;
      default:
    }
  return found;
}
