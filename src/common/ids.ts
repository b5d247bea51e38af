/** Every id that the manifest and the code share, once. A test holds package.json against this file. */

export const commands = {
  profilePredict: 'predictscope.profilePredict',
  chooseProgram: 'predictscope.chooseProgram',
  captureNow: 'predictscope.captureNow',
  stopRecording: 'predictscope.stopRecording',
  stopProgram: 'predictscope.stopProgram',
  openTimeline: 'predictscope.openTimeline',
  copyProfilingCommand: 'predictscope.copyProfilingCommand',
  selectTarget: 'predictscope.selectTarget',
  openContainerCode: 'predictscope.openContainerCode',
  refreshRuns: 'predictscope.refreshRuns',
  deleteRun: 'predictscope.deleteRun',
  showRun: 'predictscope.showRun',
  revealRun: 'predictscope.revealRun',
  renameRun: 'predictscope.renameRun',
  pinRun: 'predictscope.pinRun',
  unpinRun: 'predictscope.unpinRun',
  compareRuns: 'predictscope.compareRuns',
  exportReport: 'predictscope.exportReport',
  siteMenu: 'predictscope.siteMenu',
  insertCalls: 'predictscope.insertCalls',
  insertPlainCalls: 'predictscope.insertPlainCalls',
  removeCalls: 'predictscope.removeCalls',
  dismissSite: 'predictscope.dismissSite',
  treatAsPredict: 'predictscope.treatAsPredict',
  whyPredict: 'predictscope.whyPredict',
  doctor: 'predictscope.doctor',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** Settings by their key below `predictscope.`, with the type that the manifest promises. */
export interface Settings {
  interpreter: string;
  logDirectory: string;
  codeLens: 'predict' | 'training' | 'all' | 'off';
  trainingLens: boolean;
  hover: boolean;
  lineHeat: 'off' | 'gutter' | 'inline' | 'ruler';
  warmUpCalls: number;
  tracedCalls: number;
  tracedSeconds: number;
  'sampler.intervalMs': number;
  'sites.include': string[];
  'sites.exclude': string[];
  'sites.dismissed': string[];
  'sites.added': string[];
  target: string;
  'containers.endpoint': string;
  watch: 'recommended' | 'polling' | 'off';
  keepRuns: number;
  keepGigabytes: number;
}

export const settingKeys = [
  'interpreter',
  'logDirectory',
  'codeLens',
  'trainingLens',
  'hover',
  'lineHeat',
  'warmUpCalls',
  'tracedCalls',
  'tracedSeconds',
  'sampler.intervalMs',
  'sites.include',
  'sites.exclude',
  'sites.dismissed',
  'sites.added',
  'target',
  'containers.endpoint',
  'watch',
  'keepRuns',
  'keepGigabytes',
] as const satisfies readonly (keyof Settings)[];

export const views = { runs: 'predictscope.runs' } as const;
export const customEditors = { timeline: 'predictscope.timeline' } as const;
export const submenus = { editor: 'predictscope.editor' } as const;
export const taskType = 'predictscope';

export const contextKeys = {
  running: 'predictscope.running',
  untrusted: 'predictscope.untrusted',
} as const;
