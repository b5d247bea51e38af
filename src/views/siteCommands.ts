import type { Disposable } from '../common/disposables';
import { SourceEdits } from '../editor/sourceEdits';
import { Comparison } from './comparison';
import { insertCalls, removeCalls, type EditContext } from './editCommands';
import { dismissSite, treatAsPredict, whyPredict } from './markCommands';
import { siteMenu } from './siteMenu';

/** What is done with a call rather than with a run. A bundle of its own, loaded by the first such command. */
export class SiteCommands implements Disposable {
  readonly #edits: EditContext;
  readonly #registered: Disposable;

  constructor(private readonly context: Pick<EditContext, 'marked' | 'inserted'>) {
    const comparison = new Comparison();
    this.#registered = comparison.register();
    this.#edits = { ...context, edits: new SourceEdits(context.inserted), comparison };
  }

  siteMenu = (argument: unknown): Promise<void> =>
    siteMenu(this.context.marked, this.context.inserted, argument);
  insertCalls = (argument: unknown): Promise<void> => insertCalls(this.#edits, argument, 'compact');
  insertPlainCalls = (argument: unknown): Promise<void> => insertCalls(this.#edits, argument, 'plain');
  removeCalls = (argument: unknown): Promise<void> => removeCalls(this.#edits, argument);
  dismissSite = (argument: unknown): Promise<void> => dismissSite(this.context.marked, argument);
  treatAsPredict = (argument: unknown): Promise<void> => treatAsPredict(this.context.marked, argument);
  whyPredict = (argument: unknown): Promise<void> => whyPredict(this.context.marked, argument);

  dispose(): void {
    this.#registered.dispose();
  }
}
