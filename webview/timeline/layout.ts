/** Where the tracks and their rows are on the vertical axis, in CSS pixels. */
import type { TimelineTrack } from '../../src/common/protocol';

export const rowHeight = 16;
const processHeight = 24;
const trackGap = 6;
const leastTrack = 18;

export interface ProcessBlock {
  kind: 'process';
  key: string;
  name: string;
  top: number;
  height: number;
  collapsed: boolean;
}

export interface TrackBlock {
  kind: 'track';
  key: string;
  track: TimelineTrack;
  top: number;
  height: number;
  /** Rows that are shown: one when it is collapsed. */
  rows: number;
  collapsed: boolean;
}

export type Block = ProcessBlock | TrackBlock;

export interface Layout {
  blocks: Block[];
  height: number;
}

/** Stacks processes and tracks in their order; what is in `collapsed` shows one row, or none of a process. */
export function layOut(tracks: TimelineTrack[], collapsed: ReadonlySet<string>): Layout {
  const blocks: Block[] = [];
  let top = 0;
  let process: ProcessBlock | undefined;
  for (const track of tracks) {
    if (process?.name !== track.process) {
      const key = `process ${track.process}`;
      process = {
        kind: 'process',
        key,
        name: track.process,
        top,
        height: processHeight,
        collapsed: collapsed.has(key),
      };
      blocks.push(process);
      top += processHeight;
    }
    if (process.collapsed) continue;
    const key = `track ${track.process} ${track.index}`;
    const rows = collapsed.has(key) ? Math.min(1, track.depth) : track.depth;
    const height = Math.max(leastTrack, rows * rowHeight) + trackGap;
    blocks.push({ kind: 'track', key, track, top, height, rows, collapsed: collapsed.has(key) });
    top += height;
  }
  return { blocks, height: top };
}

/** Top of a row within its block. */
export function rowTop(block: TrackBlock, depth: number): number {
  return block.top + trackGap / 2 + depth * rowHeight;
}

/** Blocks that touch [top, bottom). */
export function visibleBlocks({ blocks }: Layout, top: number, bottom: number): Block[] {
  let from = 0;
  let to = blocks.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (blocks[middle]!.top + blocks[middle]!.height <= top) from = middle + 1;
    else to = middle;
  }
  let end = from;
  while (end < blocks.length && blocks[end]!.top < bottom) end++;
  return blocks.slice(from, end);
}

export interface RowRef {
  track: number;
  depth: number;
  top: number;
}

/** Rows that touch [top, bottom). */
export function visibleRows(layout: Layout, top: number, bottom: number): RowRef[] {
  const rows: RowRef[] = [];
  for (const block of visibleBlocks(layout, top, bottom)) {
    if (block.kind !== 'track') continue;
    const first = Math.max(0, Math.floor((top - rowTop(block, 0)) / rowHeight));
    for (let depth = first; depth < block.rows && rowTop(block, depth) < bottom; depth++) {
      rows.push({ track: block.track.index, depth, top: rowTop(block, depth) });
    }
  }
  return rows;
}

/** The row at a height, or undefined between rows. */
export function rowAt(layout: Layout, y: number): RowRef | undefined {
  return visibleRows(layout, y, y + 1).find((row) => y >= row.top && y < row.top + rowHeight);
}

/** The block of a track, if its process is not collapsed. */
export function blockOf(layout: Layout, track: number): TrackBlock | undefined {
  return layout.blocks.find(
    (block): block is TrackBlock => block.kind === 'track' && block.track.index === track,
  );
}

/** Where to scroll to so that a row is in sight with some rows around it; where it is if it is. */
export function scrollFor(block: TrackBlock, depth: number, scrollTop: number, height: number): number {
  const top = rowTop(block, depth);
  if (top < scrollTop) return top - 2 * rowHeight;
  return top + rowHeight > scrollTop + height ? top + 3 * rowHeight - height : scrollTop;
}
