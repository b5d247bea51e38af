/** The line of the user's source that defines a layer, where the source leaves no doubt about it. */
import { readFile, stat } from 'node:fs/promises';
import type { Nanoseconds } from '../common/units';
import type { ModulesRecord } from '../runs/processRecords';
import { keptSource } from '../runs/sources';
import type { RunSummary } from './runSummary';
import type { UserFiles } from './userLines';

/** Time of one layer over the traced calls of a site. */
export interface LayerSummary {
  /** Path from the model on, as the framework names it; empty for what no layer names. */
  layer: string;
  /** Class of a PyTorch module, else null. */
  kind: string | null;
  /** Of the part `modelFunction`: those of all layers add up to it. */
  hostNs: Nanoseconds;
  /** Of the part `python`. */
  pythonNs: Nanoseconds;
  deviceNs: Nanoseconds;
  ops: number;
  /** Where the user's source defines it. */
  file?: string;
  line?: number;
}

const largestSource = 1 << 20;

/** Gives lines to the layers of all sites; reads the files that define modules, and those with sites. */
export async function linkLayers(
  summary: RunSummary,
  modules: ModulesRecord['rows'],
  files: UserFiles,
): Promise<void> {
  const layers = summary.sites.flatMap((site) => site.layers);
  if (layers.length === 0) return;
  const texts = new Map<string, Promise<string[]>>();
  const lines = (file: string): Promise<string[]> => {
    let known = texts.get(file);
    if (!known) texts.set(file, (known = readLines(summary.run.directory, file)));
    return known;
  };
  const sources = new Set([
    ...summary.sites.map(({ file }) => file),
    ...summary.hotLines.map(({ file }) => file),
  ]);
  const classes = new Map(modules.map(([at, kind, file, line]) => [at, { kind, file, line }]));
  for (const layer of layers) {
    const found =
      layer.kind === null
        ? await kerasLine(layer.layer, sources, lines)
        : await moduleLine(layer, classes, files, lines);
    if (found) Object.assign(layer, found);
  }
}

interface Place {
  file: string;
  line: number;
}

/**
 * A Keras layer: the one line that gives it this name, else the one line that makes a layer of this class. Keras
 * names a layer after its class in snake case, with a number from the second on.
 */
async function kerasLine(
  layer: string,
  sources: ReadonlySet<string>,
  lines: (file: string) => Promise<string[]>,
): Promise<Place | undefined> {
  const name = layer.split('/').pop() ?? '';
  const plain = name.replace(/(_\d+)+$/, '');
  if (plain === '') return undefined;
  const named: Place[] = [];
  const made: Place[] = [];
  const names = new RegExp(`\\bname\\s*=\\s*f?["']${escaped(plain)}(_\\d+)*["']`);
  for (const file of sources) {
    for (const [index, text] of (await lines(file)).entries()) {
      const code = text.replace(/#.*$/, '');
      if (names.test(code)) named.push({ file, line: index + 1 });
      for (const [, called] of code.matchAll(/\b([A-Z]\w*)\s*\(/g)) {
        if (snakeCase(called!) === plain) made.push({ file, line: index + 1 });
      }
    }
  }
  if (named.length === 1) return named[0];
  return named.length === 0 && made.length === 1 ? made[0] : undefined;
}

/** A module of PyTorch: where the class of the nearest module around it that the user wrote sets the attribute. */
async function moduleLine(
  { layer, kind }: LayerSummary,
  classes: ReadonlyMap<string, { kind: string; file: string; line: number }>,
  files: UserFiles,
  lines: (file: string) => Promise<string[]>,
): Promise<Place | undefined> {
  const own = classes.get(layer);
  const names = layer === '.' ? [] : layer.split('.');
  for (let length = names.length - 1; length >= 0; length--) {
    const around = classes.get(names.slice(0, length).join('.') || '.');
    if (!around) continue;
    const file = files.shown({ path: around.file, real: around.file });
    if (file === undefined) break;
    const attribute = names[length]!;
    const text = await lines(file);
    const sets = new RegExp(
      `\\bself\\.${escaped(attribute)}\\s*(:[^=]+)?=[^=]|add_module\\(\\s*["']${escaped(attribute)}["']`,
    );
    for (let i = around.line - 1; i < text.length; i++) {
      if (i >= around.line && /^\s*class\s/.test(text[i]!)) break;
      if (sets.test(text[i]!)) return { file, line: i + 1 };
    }
    break;
  }
  // The module itself is the user's: its class stands for it.
  if (own?.kind !== kind) return undefined;
  const file = files.shown({ path: own.file, real: own.file });
  return file === undefined ? undefined : { file, line: own.line };
}

async function readLines(directory: string, file: string): Promise<string[]> {
  const kept = await keptSource(directory, file);
  if (kept !== undefined) return kept.split(/\r\n|\r|\n/);
  try {
    if ((await stat(file)).size > largestSource) return [];
    return (await readFile(file, 'utf8')).split(/\r\n|\r|\n/);
  } catch {
    return []; // the run is from another machine, or the file is gone
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** As keras.src.utils.naming.to_snake_case: `GlobalAveragePooling1D` is `global_average_pooling1d`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
