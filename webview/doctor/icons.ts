/** A shape of its own for each kind: colour alone tells nothing to many. */
import type { DoctorFinding } from '../../src/common/protocol';

export type Kind = DoctorFinding['severity'] | 'unknown';

const circle = 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z';

const shapes: Record<Kind, string> = {
  problem: `${circle} M5.5 5.5l5 5 M10.5 5.5l-5 5`,
  warning: 'M8 2L1.5 14h13z M8 6.5v3.5 M8 11.5v1',
  note: `${circle} M8 7v4.5 M8 4.3v1.2`,
  unknown: `${circle} M6.2 6.2a1.9 1.9 0 1 1 2.6 1.9c-.6.3-.8.6-.8 1.3 M8 11v1`,
  ok: 'M2.5 8.5l3.5 3.5l7.5-8',
};

export function icon(kind: Kind, name: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', name);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shapes[kind]);
  svg.append(path);
  return svg;
}
