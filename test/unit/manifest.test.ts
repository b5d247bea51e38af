import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as ids from '../../src/common/ids';
import { ensureBuilt, root } from './cli/cli';

interface Property {
  type: string;
  default: unknown;
  enum?: string[];
  items?: { type: string };
  scope: string;
}

interface Manifest {
  engines: { vscode: string };
  devDependencies: Record<string, string>;
  activationEvents: string[];
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; title: string; category?: string; icon?: string; enablement?: string }[];
    menus: Record<string, ({ command: string; when?: string } | { submenu: string; when?: string })[]>;
    submenus: { id: string }[];
    views: Record<string, { id: string }[]>;
    viewsContainers: Record<string, { id: string; icon: string }[]>;
    viewsWelcome: { view: string; contents: string; when?: string }[];
    customEditors: { viewType: string }[];
    taskDefinitions: { type: string }[];
    colors: { id: string }[];
    configuration: { properties: Record<string, Property> };
  };
  icon: string;
}

const text = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const manifestText = text('package.json');
const manifest = JSON.parse(manifestText) as Manifest;
const { contributes } = manifest;
const strings = JSON.parse(text('package.nls.json')) as Record<string, string>;

/** What the manifest must say for each type of `Settings`; the compiler holds this table against it. */
type Declared<T> = [T] extends [boolean]
  ? 'boolean'
  : [T] extends [number]
    ? 'number' | 'integer'
    : [T] extends [string[]]
      ? 'array of string'
      : string extends T
        ? 'string'
        : readonly T[];
const declared: { readonly [K in keyof ids.Settings]: Declared<ids.Settings[K]> } = {
  interpreter: 'string',
  logDirectory: 'string',
  codeLens: ['predict', 'training', 'all', 'off'],
  trainingLens: 'boolean',
  hover: 'boolean',
  lineHeat: ['off', 'gutter', 'inline', 'ruler'],
  warmUpCalls: 'integer',
  tracedCalls: 'integer',
  tracedSeconds: 'number',
  'sampler.intervalMs': 'number',
  'sites.include': 'array of string',
  'sites.exclude': 'array of string',
  'sites.dismissed': 'array of string',
  'sites.added': 'array of string',
  target: 'string',
  'containers.endpoint': 'string',
  watch: ['recommended', 'polling', 'off'],
  keepRuns: 'integer',
  keepGigabytes: 'number',
};

describe('package.json and common/ids.ts name the same', () => {
  it('commands', () => {
    expect(contributes.commands.map((c) => c.command).sort()).toEqual(Object.values(ids.commands).sort());
    for (const [key, id] of Object.entries(ids.commands)) expect(id).toBe(`predictscope.${key}`);
    const known = new Set<string>(Object.values(ids.commands));
    for (const items of Object.values(contributes.menus)) {
      for (const item of items) {
        if ('command' in item) expect(known).toContain(item.command);
        else expect(Object.values(ids.submenus)).toContain(item.submenu);
      }
    }
    const links = [
      ...Object.values(strings)
        .join('\n')
        .matchAll(/\(command:(predictscope\.\w+)/g),
    ];
    for (const [, command] of links) expect(known).toContain(command);
  });

  it('settings, their types and defaults', () => {
    const { properties } = contributes.configuration;
    const keys = ids.settingKeys.map((key) => `predictscope.${key}`);
    expect(Object.keys(properties).sort()).toEqual([...keys].sort());
    expect([...ids.settingKeys].sort()).toEqual(Object.keys(declared).sort());
    for (const key of ids.settingKeys) {
      const property = properties[`predictscope.${key}`]!;
      const wanted: string | readonly string[] = declared[key];
      const kind =
        property.enum ?? (property.items ? `${property.type} of ${property.items.type}` : property.type);
      expect(kind, key).toEqual(wanted);
      const value = property.default;
      if (property.enum) expect(property.enum, key).toContain(value);
      else if (property.type === 'array') expect(value, key).toBeInstanceOf(Array);
      else if (property.type === 'integer') expect(value, key).toSatisfy(Number.isInteger);
      else expect(typeof value, key).toBe(property.type);
    }
  });

  it('views, submenus, custom editors and the task type', () => {
    expect(contributes.submenus.map((menu) => menu.id)).toEqual(Object.values(ids.submenus));
    expect(Object.values(contributes.views).flat().map((view) => view.id)).toEqual(Object.values(ids.views)); // prettier-ignore
    expect(contributes.customEditors.map((editor) => editor.viewType)).toEqual(
      Object.values(ids.customEditors),
    );
    expect(contributes.taskDefinitions.map((task) => task.type)).toEqual([ids.taskType]);
    for (const { view } of contributes.viewsWelcome) expect(Object.values(ids.views)).toContain(view);
  });

  it('context keys', () => {
    const clauses = [
      ...Object.values(contributes.menus).flat(),
      ...contributes.viewsWelcome,
      ...contributes.commands.map(({ enablement }) => ({ when: enablement })),
    ].flatMap(({ when }) => (when === undefined ? [] : [when]));
    const views = new Set<string>(Object.values(ids.views));
    const used = clauses.flatMap((clause) =>
      [...clause.matchAll(/predictscope\.\w+/g)].map(([name]) => name),
    );
    const keys = new Set(used.filter((name) => !views.has(name)));
    expect([...keys].sort()).toEqual(Object.values(ids.contextKeys).sort());
  });

  it('texts: each placeholder has one, and none is left over', () => {
    const used = new Set([...manifestText.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!));
    expect([...used].sort()).toEqual(Object.keys(strings).sort());
    for (const [key, value] of Object.entries(strings)) expect(value.trim(), key).not.toBe('');
  });
});

describe('the manifest', () => {
  it('gives every command a category and a title of its own', () => {
    for (const { command, category } of contributes.commands) expect(category, command).toBe('Predictscope');
    expect(new Set(contributes.commands.map((c) => c.title)).size).toBe(contributes.commands.length);
  });

  it('does not start with the window', () => {
    for (const event of manifest.activationEvents) expect(event).toMatch(/^on(Language|TaskType):/);
  });

  it('promises the interface of VS Code that is compiled against', () => {
    expect(manifest.engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode']}`);
  });

  it('keeps an untrusted workspace from saying what to run, where to write and whom to talk to', () => {
    const risky = Object.keys(contributes.configuration.properties).filter((key) =>
      /interpreter|directory|target|endpoint|command|image|path|executable/i.test(key),
    );
    expect(risky.length).toBeGreaterThanOrEqual(2);
    expect([...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort()).toEqual(
      expect.arrayContaining(risky),
    );
    for (const key of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      expect(Object.keys(contributes.configuration.properties)).toContain(key);
    }
  });

  it('names pictures that exist', () => {
    const icons = Object.values(contributes.viewsContainers).flat().map(({ icon }) => icon); // prettier-ignore
    for (const icon of [manifest.icon, ...icons]) expect(existsSync(path.join(root, icon)), icon).toBe(true);
  });
});

describe('the house', () => {
  /** Sources below a folder, by their path from the root. */
  const sources = (folder: string): string[] =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);

  /** What a file imports: packages by name, our own files by their path from the root. */
  const imports = (file: string): string[] =>
    [...text(file).matchAll(/(?:^|[^.\w])(?:from|import)\s*\(?\s*'([^']+)'/gm)].map(([, name]) =>
      name!.startsWith('.') ? path.posix.join(path.posix.dirname(file), name!) : name!,
    );

  it('has the top level that the card draws', () => {
    for (const name of [
      'package.json',
      'src',
      'webview',
      'media',
      'test',
      '.vscodeignore',
      'tsconfig.json',
    ]) {
      expect(existsSync(path.join(root, name)), name).toBe(true);
    }
  });

  it('uses the packages that the card gives', () => {
    expect(sources('src').flatMap(imports)).toContain('chokidar');
    expect(sources('webview').flatMap(imports)).toContain('@vscode/webview-ui-toolkit');
  });

  const rooms = ['sites', 'instrument', 'targets', 'runs', 'trace', 'insight', 'launch'];
  /** The last ones: they may import from any room. */
  const edge = /^src\/(extension|cli)\.ts$|^src\/(editor|views|cli)\//;
  /** Room to the right that a file may look into, and why. */
  const exceptions: Record<string, { file: string; why: string }> = {
    'src/runs/processReader.ts': {
      file: 'src/trace/formats/calls',
      why: 'the design puts the only decoder of records among the readers of formats; it imports nothing but common',
    },
    'src/runs/sampleReader.ts': {
      file: 'src/trace/formats/samples',
      why: 'as above, for samples',
    },
    'src/runs/foldedReader.ts': {
      file: 'src/trace/formats/folded',
      why: 'as above, for calls that were only counted',
    },
  };

  it('imports in one direction', () => {
    const wrong: string[] = [];
    const excused = new Set<string>();
    for (const file of sources('src').filter((name) => !edge.test(name))) {
      const room = file.split('/')[1]!;
      for (const target of imports(file).filter((name) => name.startsWith('src/'))) {
        const to = target.split('/')[1]!;
        const allowed = to === 'common' || to === room || (rooms.includes(room) && rooms.includes(to) && rooms.indexOf(to) < rooms.indexOf(room)); // prettier-ignore
        if (exceptions[file]?.file === target) excused.add(file);
        else if (!allowed) wrong.push(`${file} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
    expect([...excused].sort()).toEqual(Object.keys(exceptions).sort());
    expect(imports('src/trace/formats/calls.ts')).toEqual(['src/common/problem']);
  });

  it('shares only the protocol with the webviews', () => {
    const ours = sources('webview').flatMap(imports).filter((name) => name.startsWith('src/')); // prettier-ignore
    expect(new Set(ours.filter((name) => name !== 'src/common/units'))).toEqual(
      new Set(['src/common/protocol']),
    );
  });

  it('touches VS Code only where it may', () => {
    const allowed = /^src\/(editor|views)\/|^src\/extension\.ts$|\/vscode\.ts$/;
    const found = sources('src').filter((file) => imports(file).includes('vscode'));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((file) => !allowed.test(file))).toEqual([]);
    expect(sources('webview').filter((file) => imports(file).includes('vscode'))).toEqual([]);
  });
});

describe('the bundles', () => {
  beforeAll(ensureBuilt);

  it.each(['cli', 'traceWorker'])('%s holds no vscode', (name) => {
    const { inputs } = JSON.parse(text(`dist/meta/${name}.json`)) as {
      inputs: Record<string, { imports: { path: string }[] }>;
    };
    expect(Object.keys(inputs).length).toBeGreaterThan(3);
    const all = Object.values(inputs).flatMap((input) => input.imports.map((each) => each.path));
    expect(all.filter((file) => file === 'vscode' || file.endsWith('/vscode.ts'))).toEqual([]);
  });
});
