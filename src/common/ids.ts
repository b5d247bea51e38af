/** Every id that the manifest and the code share, once. A test holds package.json against this file. */

export const commands = {
  profilePredict: 'predictscope.profilePredict',
  chooseProgram: 'predictscope.chooseProgram',
  stopRecording: 'predictscope.stopRecording',
  stopProgram: 'predictscope.stopProgram',
  openTimeline: 'predictscope.openTimeline',
  copyProfilingCommand: 'predictscope.copyProfilingCommand',
  refreshRuns: 'predictscope.refreshRuns',
  deleteRun: 'predictscope.deleteRun',
  showRun: 'predictscope.showRun',
  revealRun: 'predictscope.revealRun',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** Settings by their key below `predictscope.`, with the type that the manifest promises. */
export interface Settings {
  interpreter: string;
  logDirectory: string;
  codeLens: 'predict' | 'all' | 'off';
  hover: boolean;
  warmUpCalls: number;
  tracedCalls: number;
  tracedSeconds: number;
  'sites.include': string[];
  'sites.exclude': string[];
  watch: 'recommended' | 'polling' | 'off';
  keepRuns: number;
  keepGigabytes: number;
}

export const settingKeys = [
  'interpreter',
  'logDirectory',
  'codeLens',
  'hover',
  'warmUpCalls',
  'tracedCalls',
  'tracedSeconds',
  'sites.include',
  'sites.exclude',
  'watch',
  'keepRuns',
  'keepGigabytes',
] as const satisfies readonly (keyof Settings)[];

export const views = { runs: 'predictscope.runs' } as const;
export const customEditors = { timeline: 'predictscope.timeline' } as const;
export const taskType = 'predictscope';

export const contextKeys = {
  running: 'predictscope.running',
  untrusted: 'predictscope.untrusted',
} as const;
