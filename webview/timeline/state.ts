/** The visible range of time and how gestures change it. Pure functions over ticks. */
import type { Ticks } from '../../src/common/units';

export interface TimeRange {
  t0: Ticks;
  t1: Ticks;
}

/** What survives a hidden webview. */
export interface SavedState {
  spanTicks: Ticks;
  view: TimeRange;
  scrollTop: number;
  event: number | undefined;
  range: TimeRange | undefined;
  search: string;
  collapsed: string[];
}

/** Share of the trace's length that stays free at either side when it is fitted. */
const margin = 0.01;

/** The whole trace with a little air. */
export function fit(span: Ticks): TimeRange {
  const length = Math.max(1, span);
  return { t0: -length * margin, t1: length * (1 + margin) };
}

/** Narrowest and widest useful view. */
function limits(span: Ticks): { least: number; most: number } {
  const whole = fit(span);
  return { least: Math.min(20, whole.t1 - whole.t0), most: whole.t1 - whole.t0 };
}

/** Keeps a range within the trace and within the zoom limits. */
export function clampRange({ t0, t1 }: TimeRange, span: Ticks): TimeRange {
  const { least, most } = limits(span);
  const whole = fit(span);
  const length = Math.min(most, Math.max(least, t1 - t0));
  const start = Math.min(
    whole.t1 - length,
    Math.max(whole.t0, t1 - t0 === length ? t0 : (t0 + t1 - length) / 2),
  );
  return { t0: start, t1: start + length };
}

/** Zooms so that `at` stays where it is; a factor below 1 zooms in. */
export function zoom(view: TimeRange, at: Ticks, factor: number, span: Ticks): TimeRange {
  const { least, most } = limits(span);
  const length = Math.min(most, Math.max(least, (view.t1 - view.t0) * factor));
  const share = (at - view.t0) / (view.t1 - view.t0);
  return clampRange({ t0: at - share * length, t1: at + (1 - share) * length }, span);
}

/** Moves by a share of the view's width. */
export function pan(view: TimeRange, share: number, span: Ticks): TimeRange {
  const shift = (view.t1 - view.t0) * share;
  return clampRange({ t0: view.t0 + shift, t1: view.t1 + shift }, span);
}

/** A view in which a range fills most of the width. */
export function around({ t0, t1 }: TimeRange, span: Ticks): TimeRange {
  const air = Math.max(10, (t1 - t0) * 0.1);
  return clampRange({ t0: t0 - air, t1: t1 + air }, span);
}

/** A view of the same width that shows a range, moved only if it is not in sight. */
export function reveal(view: TimeRange, { t0, t1 }: TimeRange, span: Ticks): TimeRange {
  const length = view.t1 - view.t0;
  if (t1 - t0 > length) return t1 < view.t0 || t0 > view.t1 ? around({ t0, t1 }, span) : view;
  if (t0 >= view.t0 && t1 <= view.t1) return view;
  const middle = (t0 + t1) / 2;
  return clampRange({ t0: middle - length / 2, t1: middle + length / 2 }, span);
}
