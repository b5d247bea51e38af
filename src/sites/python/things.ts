import type { Framework } from '../site';
import type { Context } from './context';
import { effectOf, effectOfValue } from './effects';
import type { Evidence } from './evidence';
import type { Made, Methods } from './made';
import { isPlainBase } from './classes';
import type { Role } from './roles';
import { container, type ClassInfo, type Effect, type Origin, type Value } from './values';

/** `what` is what one has by the name; `gives` what calling it gives. */
export type Thing =
  | { is: 'value' | 'function'; of: Held }
  /** `own`: the methods that it defines itself. */
  | { is: 'class'; role: Role; own: readonly string[] }
  /** A class that is no module, as far as one sees. */
  | ({ is: 'plain' } & Surface)
  /** A function that calls a model inside and gives back what it says. */
  | { is: 'wrapper'; framework: Framework }
  /** It is imported from elsewhere again. */
  | { is: 'import'; path: string }
  /** Seen, and nothing of these: its name is not to be guessed from. */
  | { is: 'other' }
  /** There, but what it gives does not show. */
  | { is: 'unseen' };

/** What objects of a class of the project show. */
interface Surface {
  /** What they hold. */
  members: ReadonlyMap<string, Held>;
  /** The methods that the project gives them: what these run is found where they do. */
  own: readonly string[];
  /** A base cannot be seen, which may give them more. */
  open: boolean;
}

/** A value without the nodes of the file that it comes from. */
export type Held =
  | {
      is: 'model';
      framework: Framework;
      confidence: number;
      callable: boolean;
      own?: readonly string[] | undefined;
      methods?: Methods | undefined;
      gives?: ReadonlyMap<string, Made> | undefined;
    }
  | { is: 'session'; framework: Framework; confidence: number }
  | { is: 'compiled'; framework: Framework; name: string; effect: Effect }
  | { is: 'estimator'; framework: Framework }
  | ({ is: 'object' } & Surface)
  | { is: 'many'; of: Held };

/** What the file of this evidence offers under a name. */
export function offered(name: string, evidence: Evidence, context: Context): Thing | undefined {
  const value = evidence.exported(name);
  if (!value) return undefined;
  switch (value.kind) {
    case 'import':
      return { is: 'import', path: value.path };
    case 'class': {
      const role = evidence.roleOf(value.of);
      if (role && role.is !== 'other') return { is: 'class', role, own: ownOf(value.of) };
      return { is: 'plain', ...surfaceOf(value.of, evidence) };
    }
    case 'function':
      return ofFunction(value.node, evidence, context);
    default: {
      const of = held(value, evidence);
      return of ? { is: 'value', of } : { is: value.kind === 'other' ? 'other' : 'unseen' };
    }
  }
}

function ofFunction(node: Parameters<typeof effectOf>[0], evidence: Evidence, context: Context): Thing {
  const given = evidence.returned(node);
  const of = given && held(given, evidence);
  if (of) return { is: 'function', of };
  const { runs } = effectOf(node, evidence);
  if (runs && !context.tracing.isTraced(node)) return { is: 'wrapper', framework: runs };
  return { is: given?.kind === 'other' ? 'other' : 'unseen' };
}

/** Methods that a class of the project defines itself: what they run is found where they do. */
export function ownOf(of: ClassInfo): string[] {
  return [...of.methods.keys()].filter((name) => !name.startsWith('__'));
}

/** What the objects of a class of this file show, by its own text and that of its bases. */
function surfaceOf(of: ClassInfo, evidence: Evidence): Surface {
  const names = new Set<string>();
  const members = new Map<string, Held>();
  const own = new Set<string>();
  let open = false;
  const seen = new Set<ClassInfo>();
  const pending = [of];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const name of next.attributes.keys()) names.add(name);
    for (const name of ownOf(next)) own.add(name);
    for (const base of next.bases) {
      const value = evidence.evaluate(base);
      const thing = value?.kind === 'import' ? evidence.outside(value.path) : undefined;
      if (value?.kind === 'class') pending.push(value.of);
      else if (thing?.is === 'plain') {
        for (const [name, what] of thing.members) members.set(name, what);
        for (const name of thing.own) own.add(name);
        open ||= thing.open;
      } else open ||= !isPlainBase(base, value, evidence);
    }
  }
  for (const name of names) {
    const value = evidence.member(of, name);
    const what = value && held(value, evidence);
    if (what) members.set(name, what);
  }
  return { members, own: [...own], open };
}

function held(value: Value, evidence: Evidence): Held | undefined {
  switch (value.kind) {
    case 'model':
      return {
        is: 'model',
        framework: value.framework,
        confidence: value.confidence,
        callable: value.callable,
        own: value.own ?? (value.of && ownOf(value.of)),
        methods: value.methods,
        gives: value.gives,
      };
    case 'session':
      return { is: 'session', framework: value.framework, confidence: value.confidence };
    case 'compiled':
      return {
        is: 'compiled',
        framework: value.framework,
        name: value.name,
        effect: effectOfValue(value, evidence),
      };
    case 'estimator':
      return { is: 'estimator', framework: value.framework };
    case 'container': {
      const of = value.element && held(value.element, evidence);
      return of && { is: 'many', of };
    }
    case 'tuple':
      return value.whole && held(value.whole, evidence);
    case 'instance':
      // A node of a tree holds nodes.
      return evidence.guarded(value.of.bases, () => ({
        is: 'object' as const,
        ...surfaceOf(value.of, evidence),
      }));
    case 'object':
      return value.of;
    default:
      return undefined;
  }
}

/** What a name holds that is imported from this path. */
export function imported(path: string, evidence: Evidence): Value {
  const thing = evidence.outside(path);
  return thing?.is === 'value' ? valueOf(thing.of, path, 'defined by') : { kind: 'import', path };
}

/** What calling an imported thing gives. */
export function madeByThing(thing: Thing, path: string): Value | undefined {
  if (thing.is === 'function') return valueOf(thing.of, path, 'loaded by');
  if (thing.is === 'plain') return valueOf({ ...thing, is: 'object' }, path, 'built by');
  if (thing.is !== 'class') return undefined;
  const { role, own } = thing;
  switch (role.is) {
    case 'model':
      return valueOf(
        { is: 'model', framework: role.framework, confidence: 0.95, callable: true, own },
        path,
        'built by',
      );
    case 'estimator':
      return valueOf({ is: 'estimator', framework: role.framework }, path, 'built by');
    case 'layer':
      return { kind: 'layer', framework: role.framework };
    case 'trainer':
      return {
        kind: 'trainer',
        framework: role.framework,
        origin: { how: 'built by', by: path, at: undefined },
      };
    case 'loss':
    case 'other':
      return { kind: 'other', what: 'no model' };
  }
}

export function roleOfThing(thing: Thing | undefined): Role | undefined {
  return thing?.is === 'class' ? thing.role : undefined;
}

export function valueOf(of: Held, path: string, how: Origin['how']): Value {
  const origin: Origin = { how, by: `${path.split('.').at(-1)} of ${moduleOf(path)}`, at: undefined };
  switch (of.is) {
    case 'model': {
      const { framework, confidence, callable, own, methods, gives } = of;
      return { kind: 'model', framework, confidence, callable, origin, own, methods, gives };
    }
    case 'session':
      return { kind: 'session', framework: of.framework, confidence: of.confidence, origin };
    case 'compiled':
      return {
        kind: 'compiled',
        framework: of.framework,
        name: of.name,
        body: undefined,
        effect: of.effect,
        origin,
      };
    case 'object':
      return {
        kind: 'object',
        of,
        member: (name) => {
          const member = of.members.get(name);
          return member && valueOf(member, path, 'built by');
        },
      };
    case 'estimator':
      return { kind: 'estimator', framework: of.framework, origin };
    case 'many':
      return container(valueOf(of.of, path, how));
  }
}

/** `util.inference` of `util.inference.forward`; the dots of a relative import stay. */
export function moduleOf(path: string): string {
  return path.replace(/\.?[^.]+$/, '') || path;
}
