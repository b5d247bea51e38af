/** What the names in an XSpace say about an event: its category, and what kind of line it is on. */
import type { TrackKind } from '../builder';

const derivedLines =
  /^(Steps|XLA Modules|XLA Ops|XLA TraceMe|Async XLA Ops|Framework Ops|Framework Name Scope|TensorFlow Ops|TensorFlow Name Scope|Source code|Launch Stats|Host Offload Ops|_counters_)$/;

/** A device's lines are streams, except those that the profiler derived from them. */
export function trackKind(plane: string, line: string): TrackKind {
  if (!plane.startsWith('/device:')) return 'thread';
  // On TPUs the XLA lines are the recording itself, there are no streams below them.
  if (plane.startsWith('/device:TPU'))
    return line === 'Steps' || line === 'XLA Modules' ? 'derived' : 'stream';
  return derivedLines.test(line) ? 'derived' : 'stream';
}

/** Category of an event: op, tf.data, python, kernel, memcpy, memset or runtime. */
export function categorize(name: string, plane: string): string {
  if (plane.startsWith('/device:')) {
    if (/^memcpy/i.test(name)) return 'memcpy';
    if (/^memset/i.test(name)) return 'memset';
    return 'kernel';
  }
  if (name.startsWith('$')) return 'python';
  if (name.startsWith('Iterator::')) return 'tf.data';
  return isOp(name) ? 'op' : 'runtime';
}

/** `layer/op:Type`, as TensorFlow names an executed op; `Class::Method` is not one. */
export function isOp(name: string): boolean {
  const colon = name.lastIndexOf(':');
  return colon > 0 && name[colon - 1] !== ':' && /^[A-Za-z_]\w*$/.test(name.slice(colon + 1));
}
