import * as vscode from 'vscode';
import type { Settings } from './ids';

/** The one typed way to a setting. */
export function setting<K extends keyof Settings>(key: K, scope?: vscode.ConfigurationScope): Settings[K] {
  // The manifest has a default for every key, held against `Settings` by a test.
  return vscode.workspace.getConfiguration('predictscope', scope).get<Settings[K]>(key)!;
}

/** True when the change touches the setting. */
export function changes(event: vscode.ConfigurationChangeEvent, key: keyof Settings): boolean {
  return event.affectsConfiguration(`predictscope.${key}`);
}
