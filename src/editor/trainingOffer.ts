import path from 'node:path';
import * as vscode from 'vscode';
import { setting } from '../common/vscode';
import { isConfidentPredict, isConfidentTraining, type Site } from '../sites/site';
import { fileUri } from './documents';

const memento = 'predictscope.trainingOffer';

/** Offers the lens on training steps, once in a workspace, where a file trains and has nothing else to profile. */
export class TrainingOffer {
  constructor(private readonly state: vscode.Memento) {}

  readonly consider = (document: vscode.TextDocument, sites: readonly Site[]): void => {
    if (this.state.get(memento) !== undefined || setting('trainingLens', fileUri(document))) return;
    const trains = sites.some(isConfidentTraining);
    // Only for what the user looks at: lenses are asked for files in the background too.
    const seen = vscode.window.visibleTextEditors.some((editor) => editor.document === document);
    if (!trains || !seen || sites.some(isConfidentPredict)) return;
    void this.#offer(document);
  };

  async #offer(document: vscode.TextDocument): Promise<void> {
    // At once: the lenses are asked for again while the question stands.
    await this.state.update(memento, 'asked');
    const yes = vscode.l10n.t('Show Lens');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t(
        '{0} trains a model and has no predict call. Show a “Profile training step” lens on training steps?',
        path.basename(fileUri(document).fsPath),
      ),
      yes,
      vscode.l10n.t('No'),
    );
    await this.state.update(memento, answer === yes ? 'yes' : 'no');
    if (answer !== yes) return;
    await vscode.workspace
      .getConfiguration('predictscope', fileUri(document))
      .update('trainingLens', true, vscode.ConfigurationTarget.Workspace);
  }
}
