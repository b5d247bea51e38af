/** Parts of a call, in the order in which they are shown: a partition of its wall time. */
export const partOrder = [
  'kernel',
  'copy',
  'modelFunction',
  'setUp',
  'tracing',
  'python',
  'wait',
  'unexplained',
] as const;

export type PartName = (typeof partOrder)[number];

const titles: Record<PartName, string> = {
  kernel: 'GPU kernels',
  copy: 'GPU copies',
  modelFunction: 'model function',
  setUp: 'set-up',
  tracing: 'tracing',
  python: 'Python',
  wait: 'waiting',
  unexplained: 'unexplained',
};

const meanings: Record<PartName, string> = {
  kernel: 'kernels running on the device',
  copy: 'copies between host and device',
  modelFunction: 'the compiled model, on the host',
  setUp: 'building and releasing the input pipeline',
  tracing: 'turning Python functions into graphs',
  python: 'Python code in the call, the framework’s too',
  wait: 'the host waiting for the device',
  unexplained: 'no event of the trace names it',
};

export function partTitle(name: PartName): string {
  return titles[name];
}

export function partMeaning(name: PartName): string {
  return meanings[name];
}
