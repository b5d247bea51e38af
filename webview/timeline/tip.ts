/** The tooltip under the mouse: name and duration of what is drawn there, without asking the host. */
import { formatDuration, formatShare } from '../../src/common/units';
import type { Wide } from './rasteriser';
import type { TimeRange } from './state';
import { strings } from './strings';

/** Text for an event or a cluster; an event that reaches out of the view has no length to tell. */
export function tipText(wide: Wide, name: string, view: TimeRange, tickPs: number): string {
  if (wide.busyShare < 0.98) return `${strings.merged(name)}\n${strings.busy(formatShare(wide.busyShare))}`;
  const whole = wide.t0 > view.t0 && wide.t1 < view.t1;
  return whole ? `${name}\n${formatDuration(((wide.t1 - wide.t0) * tickPs) / 1000)}` : name;
}

/** Shows the tip below a point (CSS pixels within the stage), or above it where there is no room. */
export function showTip(tip: HTMLElement, text: string, x: number, y: number, stage: HTMLElement): void {
  tip.textContent = text;
  tip.hidden = false;
  const below = y + 20;
  const left = Math.max(0, Math.min(x + 12, stage.clientWidth - tip.offsetWidth - 4));
  tip.style.left = `${left}px`;
  tip.style.top = `${below + tip.offsetHeight > stage.clientHeight ? y - tip.offsetHeight - 8 : below}px`;
}
