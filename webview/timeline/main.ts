/** Entry of the timeline's webview: puts the page together and listens to the host. */
import type { ToTimeline } from '../../src/common/protocol';
import { Timeline } from './app';
import { Host } from './host';
import { buildShell, showFailure, showProgress } from './shell';

const root = document.getElementById('app') ?? document.body.appendChild(document.createElement('main'));
const shell = buildShell(root);
const page = document.documentElement.dataset;

const host = new Host(receive);
const timeline = new Timeline(host, shell);
page.state = 'loading';
showProgress(shell, '', 0);
host.send({ type: 'ready' });

function receive(message: ToTimeline): void {
  if (message.type === 'progress') {
    // Another panel of the same file may open it again; ours keeps its picture.
    if (page.state === 'loading') showProgress(shell, message.file, message.fraction);
  } else if (message.type === 'opened') timeline.open(message);
  else if (message.type === 'failed') {
    page.state = 'failed';
    showFailure(shell, message.message, message.fix, () => {
      page.state = 'loading';
      showProgress(shell, '', 0);
      host.send({ type: 'reopen' });
    });
  }
}
