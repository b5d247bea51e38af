import type { ProbedNode, TargetProbe } from '../../targets/containers/gpuProbe';
import { failed, type Answers, type Failed, type FrameworkAnswer, type PlaceAnswer } from './answers';

const tooOld: Failed = { failed: 'The interpreter is older than Python 3.7 and was not asked.' };

/** One answer of doctorprobe.py, or why there is none. */
export function placePart<K extends keyof PlaceAnswer>(answers: Answers, key: K): PlaceAnswer[K] | Failed {
  const { place = tooOld } = answers;
  if (failed(place)) return place;
  return key in place ? place[key] : { failed: 'The probe did not answer' };
}

/** One answer of targetprobe.py, or why there is none. */
export function probePart<K extends Section>(answers: Answers, key: K): NonNullable<TargetProbe[K]> | Failed {
  const { probe = tooOld } = answers;
  if (failed(probe)) return probe;
  return probe[key] ?? { failed: probe.unanswered[key] ?? 'The probe did not answer' };
}

type Section = Exclude<keyof TargetProbe, 'format' | 'unanswered'>;

/** Frameworks that could be imported. */
export function workingFrameworks({ frameworks }: Answers): [name: string, answer: FrameworkAnswer][] {
  return Object.entries(frameworks).filter((entry): entry is [string, FrameworkAnswer] => !failed(entry[1]));
}

export function environment(answers: Answers): Readonly<Record<string, string>> {
  const found = placePart(answers, 'environment');
  return failed(found) ? {} : found;
}

/** Device files by which programs reach a GPU; those of the driver as a whole are none. */
export function gpuNodes(answers: Answers): ProbedNode[] {
  const devices = probePart(answers, 'nodes');
  return failed(devices) ? [] : devices.filter(({ path }) => /^\/dev\/(nvidia\d+|kfd|dxg)$/.test(path));
}

export function hasNvidia(answers: Answers): boolean {
  return nvidiaCards(answers).length > 0 || gpuNodes(answers).some(({ path }) => !path.endsWith('kfd'));
}

/** Rows of nvidia-smi; [] where it did not answer. */
export function nvidiaCards(answers: Answers): Record<string, string>[] {
  const cards = placePart(answers, 'gpus');
  return failed(cards) ? [] : cards;
}

export function driverVersion(answers: Answers): string | undefined {
  const nvidia = probePart(answers, 'nvidia');
  return (failed(nvidia) ? null : nvidia.driverVersion) ?? nvidiaCards(answers)[0]?.driver_version;
}

/** Up to which CUDA the driver goes. */
export function driverCuda(answers: Answers): string | undefined {
  const found = placePart(answers, 'driverCuda');
  return failed(found) ? undefined : found;
}

export function hasGpu(answers: Answers): boolean {
  return hasNvidia(answers) || gpuNodes(answers).length > 0;
}

/** Whether the target is a container of an engine that we asked. */
export function inContainer(answers: Answers): boolean {
  return answers.container !== undefined;
}

/** The name that people know. */
export function frameworkName(name: string): string {
  const names: Record<string, string> = {
    torch: 'PyTorch',
    tensorflow: 'TensorFlow',
    jax: 'JAX',
    onnxruntime: 'ONNX Runtime',
  };
  return names[name] ?? name;
}

/** A word of a command line, quoted where a shell would split it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
