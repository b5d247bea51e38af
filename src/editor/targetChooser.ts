import * as vscode from 'vscode';
import { commands } from '../common/ids';
import { Disposables, type Disposable } from '../common/disposables';
import { changes, setting } from '../common/vscode';
import type { TargetSites } from '../launch/targetSites';
import type { ListedTarget } from '../targets/containers/list';
import { askCommandLine } from './askCommandLine';
import { homeFolders, isOwnFolder } from './homeFolder';
import { logDirectory } from './logDirectory';

const memento = 'predictscope.target';

/** Where programs of this workspace run. */
export interface ChosenTarget {
  /** What `--target` takes. */
  id: string;
  kind: ListedTarget['kind'];
  label: string;
  /** Words of a pasted line, before the command that it runs: they say more than the name alone. */
  prefix?: readonly string[];
}

const thisMachine: ChosenTarget = { id: 'local', kind: 'local', label: '' };

export const targetIcons: Record<ListedTarget['kind'], string> = {
  local: 'device-desktop',
  devcontainer: 'vm-active',
  container: 'vm-running',
  image: 'package',
  dockerfile: 'file-code',
  apptainer: 'archive',
};

/** What the code that a place brings along holds. */
export type TargetCode = Pick<TargetSites, 'programs' | 'sites'>;

/** Remembers where to run, shows it in the status bar, and asks such places for their code, once each. */
export class TargetChooser implements Disposable {
  readonly #owned = new Disposables();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  readonly #code = new Map<string, TargetCode>();
  #status: vscode.StatusBarItem | undefined;
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly extensionPath: string,
    private readonly state: vscode.Memento,
  ) {
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (changes(event, 'target')) this.#show();
      }),
    );
    this.#show();
  }

  /** What was chosen in this workspace, else what the settings say. */
  get current(): ChosenTarget {
    return this.state.get<ChosenTarget>(memento) ?? ofSetting(setting('target'));
  }

  async choose(target: ChosenTarget): Promise<void> {
    await this.state.update(memento, target);
    this.#show();
  }

  /** Options of the command line that say where to run and whom to ask there. */
  options({ id, prefix } = this.current): string[] {
    if (id === 'local') return [];
    return [...(prefix ? [] : ['--target', id]), ...this.endpoint];
  }

  /** The folder that is open, if one is: of several the first. */
  get workspaceFolder(): string | undefined {
    const [folder] = homeFolders();
    return folder && !isOwnFolder(folder) ? folder.uri.fsPath : undefined;
  }

  get endpoint(): string[] {
    const endpoint = setting('containers.endpoint');
    return endpoint ? ['--endpoint', endpoint] : [];
  }

  known({ id }: ChosenTarget): TargetCode | undefined {
    return this.#code.get(id);
  }

  /** Console scripts and sites of a container or image, copied here to be read. undefined: cancelled. */
  async code(target: ChosenTarget, anew: boolean): Promise<TargetCode | undefined> {
    const known = this.#code.get(target.id);
    if (known && !anew) return known;
    const [folder] = homeFolders();
    if (!folder) return undefined;
    const code = (await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Looking for predict calls in {0}', target.label),
        cancellable: true,
      },
      (_, token) =>
        askCommandLine(
          this.extensionPath,
          ['sites', '--target', target.id, ...this.endpoint, '--log-dir', logDirectory(folder)],
          token,
        ),
    )) as TargetCode | undefined;
    if (code) this.#code.set(target.id, code);
    return code;
  }

  #show(): void {
    const { kind, label } = this.current;
    this.#changed.fire();
    if (kind === 'local') {
      this.#status?.hide();
      return;
    }
    this.#status ??= this.#owned.add(
      vscode.window.createStatusBarItem('predictscope.target', vscode.StatusBarAlignment.Left, 11),
    );
    this.#status.name = vscode.l10n.t('Predictscope: where it runs');
    this.#status.text = `$(${targetIcons[kind]}) ${label}`;
    this.#status.tooltip = vscode.l10n.t(
      'Predictscope runs programs in {0}. Click to choose another place.',
      kindName(kind, label),
    );
    this.#status.command = commands.selectTarget;
    this.#status.show();
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

/** `the container NAME`. */
export function kindName(kind: ListedTarget['kind'], label: string): string {
  switch (kind) {
    case 'local':
      return vscode.l10n.t('this machine');
    case 'devcontainer':
      return vscode.l10n.t('the dev container {0}', label);
    case 'container':
      return vscode.l10n.t('the container {0}', label);
    case 'image':
      return vscode.l10n.t('the image {0}', label);
    case 'dockerfile':
      return vscode.l10n.t('the image of {0}', label);
    case 'apptainer':
      return vscode.l10n.t('the Apptainer image {0}', label);
  }
}

/** The setting holds what the command line takes. */
function ofSetting(text: string): ChosenTarget {
  const [, kind = '', name = ''] = /^([a-z]+)(?::(.*))?$/s.exec(text.trim()) ?? [];
  if (kind === '' || kind === 'local') return thisMachine;
  const known = kind in targetIcons ? (kind as ListedTarget['kind']) : 'container';
  return { id: text.trim(), kind: known, label: name || (vscode.workspace.name ?? kind) };
}
