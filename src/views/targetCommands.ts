/** “Where should it run?”, and the code of a place that is not on this machine. A bundle of its own. */

import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { codeCopy } from '../common/codeCopy';
import { UserError, describeProblem, errorText, isUserError } from '../common/problem';
import { askCommandLine } from '../editor/askCommandLine';
import type { ProgramChooser } from '../editor/programChooser';
import { kindName, targetIcons, type ChosenTarget, type TargetChooser } from '../editor/targetChooser';
import { quoteCommandLine, splitCommandLine } from '../launch/commandLine';
import { isConfidentPredict } from '../sites/site';
import type { TargetSite } from '../launch/targetSites';
import type { ListedTarget, TargetList } from '../targets/containers/list';
import { asTarget, readPasted, type Pasted } from '../targets/containers/pasted';

export interface TargetContext {
  extensionPath: string;
  targets: TargetChooser;
  chooser: ProgramChooser;
}

interface TargetItem extends vscode.QuickPickItem {
  target?: ListedTarget;
  paste?: true;
}

/** Asks where programs of this workspace are to run; what is then needed to begin follows by itself. */
export async function selectTarget(context: TargetContext): Promise<void> {
  const picked = await pickTarget(context);
  if (picked === undefined) return;
  if (picked === 'paste') return pasteLine(context);
  if (picked.problem) {
    throw new UserError(picked.problem.message, picked.problem.fix ? { fix: picked.problem.fix } : {});
  }
  const { id, kind, label } = picked;
  await context.targets.choose({ id, kind, label });
  // What is open here is not what runs there, or nothing is open.
  const apart =
    kind === 'image' || kind === 'dockerfile' || (kind === 'container' && picked.folder === undefined);
  if (apart) await openContainerCode(context);
}

function pickTarget(context: TargetContext): Promise<ListedTarget | 'paste' | undefined> {
  const pick = vscode.window.createQuickPick<TargetItem>();
  const again: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('refresh'),
    tooltip: vscode.l10n.t('Look again'),
  };
  pick.title = vscode.l10n.t('Where should it run?');
  pick.placeholder = vscode.l10n.t('Remembered for this workspace');
  pick.buttons = [again];
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  const { current } = context.targets;
  let asking: vscode.CancellationTokenSource | undefined;
  const fill = async (): Promise<void> => {
    asking?.cancel();
    const source = (asking = new vscode.CancellationTokenSource());
    pick.busy = true;
    // This machine can be chosen at once; what stood below it would move away from under the pointer.
    if (pick.items.length === 0) {
      pick.items = listItems({ targets: [thisMachine()], problems: [] }, current).slice(0, 1);
    }
    try {
      const list = (await askCommandLine(context.extensionPath, listWords(context), source.token)) as
        TargetList | undefined;
      if (list === undefined || source.token.isCancellationRequested) return;
      pick.items = listItems(list, current);
      pick.activeItems = pick.items.filter(({ target }) => target?.id === current.id);
    } catch (error) {
      const message = isUserError(error) ? error.message : errorText(error);
      pick.items = listItems({ targets: [thisMachine()], problems: [{ message }] }, current);
    }
    pick.busy = false;
  };
  return new Promise((done) => {
    pick.onDidTriggerButton(() => void fill());
    pick.onDidAccept(() => {
      const [item] = pick.selectedItems;
      if (!item?.target && !item?.paste) return; // a sentence about what is missing
      done(item.paste ? 'paste' : item.target);
      pick.hide();
    });
    pick.onDidHide(() => {
      done(undefined);
      asking?.cancel();
      pick.dispose();
    });
    pick.show();
    void fill();
  });
}

function listWords({ targets }: TargetContext): string[] {
  const root = targets.workspaceFolder;
  return ['targets', ...(root === undefined ? ['--no-root'] : ['--root', root]), ...targets.endpoint];
}

function thisMachine(): ListedTarget {
  return { id: 'local', kind: 'local', label: '', detail: '', running: true };
}

function listItems({ targets, problems }: TargetList, current: ChosenTarget): TargetItem[] {
  const items: TargetItem[] = [];
  let last: ListedTarget['kind'] = 'local';
  for (const target of targets) {
    if (target.kind !== last) {
      items.push({ label: groupName(target.kind), kind: vscode.QuickPickItemKind.Separator });
      last = target.kind;
    }
    const chosen = target.id === current.id;
    items.push({
      label: `$(${target.problem ? 'warning' : targetIcons[target.kind]}) ${target.kind === 'local' ? machineName() : target.label}`,
      description: [target.detail, ...(chosen ? [vscode.l10n.t('chosen')] : [])].filter(Boolean).join(' · '),
      ...(target.problem ? { detail: describeProblem(target.problem) } : {}),
      target,
    });
  }
  items.push(
    { label: vscode.l10n.t('other'), kind: vscode.QuickPickItemKind.Separator },
    { label: vscode.l10n.t('$(clippy) Paste a docker run or docker exec line…'), paste: true },
  );
  for (const problem of problems) {
    const [what = '', ...rest] = problem.message.split(/(?<=\.) /);
    items.push({
      label: `$(warning) ${what}`,
      detail: [...rest, problem.fix ?? ''].join(' ').trim(),
      alwaysShow: true,
    });
  }
  return items;
}

/** In a remote window the machine is the one at the other end. */
function machineName(): string {
  switch (vscode.env.remoteName) {
    case undefined:
      return vscode.l10n.t('This machine');
    case 'dev-container':
    case 'attached-container':
      return vscode.l10n.t('This container');
    default:
      return vscode.l10n.t('This machine');
  }
}

function groupName(kind: ListedTarget['kind']): string {
  switch (kind) {
    case 'local':
      return '';
    case 'devcontainer':
      return vscode.l10n.t('dev container of this folder');
    case 'container':
      return vscode.l10n.t('running containers');
    case 'image':
      return vscode.l10n.t('images');
    case 'dockerfile':
      return vscode.l10n.t('Dockerfiles');
    case 'apptainer':
      return vscode.l10n.t('Apptainer images');
  }
}

/** A line that starts something in a container becomes the place and, where it names one, the program. */
async function pasteLine(context: TargetContext): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Command line that starts the container'),
    prompt: vscode.l10n.t(
      'As you would type it in a terminal: docker run …, docker exec …, podman …, docker compose exec …',
    ),
    ignoreFocusOut: true,
    validateInput: (line) => {
      try {
        readPasted(splitCommandLine(line));
        return undefined;
      } catch (error) {
        return isUserError(error) ? [error.message, error.fix].filter(Boolean).join(' ') : errorText(error);
      }
    },
  });
  if (text === undefined) return;
  const pasted = readPasted(splitCommandLine(text));
  const target = targetOf(pasted);
  await context.targets.choose(target);
  if (pasted.command.length > 0 && !pasted.shell) {
    const cwd = context.targets.workspaceFolder ?? homedir();
    await context.chooser.remember(target, { commandLine: quoteCommandLine(pasted.command), cwd });
  }
  // A service, or a file, is looked up when it runs.
  if (/^(container|image):/.test(target.id)) await openContainerCode(context);
}

function targetOf(pasted: Pasted): ChosenTarget {
  const kind = pasted.kind === 'image' ? 'image' : pasted.kind === 'sif' ? 'apptainer' : 'container';
  const target: ChosenTarget = { id: asTarget(pasted), kind, label: pasted.name };
  // docker exec -it NAME says no more than its name does.
  const plain = pasted.kind === 'container' && pasted.prefix.every((word) => !/^(-e|-u|-w|--)/.test(word));
  return plain ? target : { ...target, prefix: pasted.prefix };
}

interface SiteItem extends vscode.QuickPickItem {
  site?: TargetSite;
}

/** Predict calls of the code that the chosen container or image brings along; opens the one that is picked, to be read. */
export async function openContainerCode(context: TargetContext, anew = false): Promise<void> {
  const target = context.targets.current;
  if (!/^(container|image|dockerfile):/.test(target.id)) {
    return selectTarget(context);
  }
  const code = await context.targets.code(target, anew);
  if (!code) return;
  const sites = code.sites.filter((site) => isConfidentPredict(site) && codeCopy(site.file));
  if (sites.length === 0) {
    const choose = vscode.l10n.t('Choose Program');
    const picked = await vscode.window.showInformationMessage(
      vscode.l10n.t(
        '{0} has no console script with a predict call in it. Say what runs there, and its calls are found.',
        target.label,
      ),
      choose,
    );
    if (picked === choose) await vscode.commands.executeCommand('predictscope.chooseProgram');
    return;
  }
  const [only] = sites;
  const site = sites.length === 1 ? only : await pickSite(context, target, sites);
  if (site) await openSite(site);
}

async function pickSite(
  context: TargetContext,
  target: ChosenTarget,
  sites: readonly TargetSite[],
): Promise<TargetSite | undefined> {
  const pick = vscode.window.createQuickPick<SiteItem>();
  pick.title = vscode.l10n.t('Predict calls in {0}', kindName(target.kind, target.label));
  pick.placeholder = vscode.l10n.t('Opens a copy to be read, with a lens to profile it');
  pick.matchOnDescription = true;
  const again: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('refresh'),
    tooltip: vscode.l10n.t('Look again'),
  };
  pick.buttons = [again];
  const items: SiteItem[] = [];
  let last: string | undefined;
  for (const site of sites.toSorted((a, b) => group(a).localeCompare(group(b)))) {
    if (group(site) !== last) {
      items.push({ label: group(site), kind: vscode.QuickPickItemKind.Separator });
      last = group(site);
    }
    items.push({
      label: `$(flame) ${site.callee}`,
      description: `${path.posix.basename(path.posix.dirname(site.there))}/${path.posix.basename(site.there)}:${site.line}`,
      detail: site.there,
      site,
    });
  }
  pick.items = items;
  return new Promise((done) => {
    pick.onDidTriggerButton(() => {
      pick.hide();
      void openContainerCode(context, true);
    });
    pick.onDidAccept(() => {
      done(pick.selectedItems[0]?.site);
      pick.hide();
    });
    pick.onDidHide(() => {
      done(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

function group({ programs }: TargetSite): string {
  return programs[0] ?? vscode.l10n.t('working directory');
}

async function openSite(site: TargetSite): Promise<void> {
  const at = new vscode.Position(site.line - 1, site.column - 1);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(site.file));
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at), preview: false });
}
