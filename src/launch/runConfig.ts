import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  configFormat,
  type ConfigFile,
  type ConfigSite,
  type RunConfig,
  type RunOptions,
} from '../runs/runRecord';
import { PathMap } from '../common/pathMap';
import { moduleName } from '../sites/identity';
import type { Site } from '../sites/site';

/**
 * `config.json` for these sites, in the given order; files are hashed as they lie on disk, and named as the
 * program's machine names them.
 */
export async function buildRunConfig(
  sites: readonly Site[],
  options: RunOptions,
  root?: string,
  paths = new PathMap([]),
): Promise<RunConfig> {
  const files = new Map<string, ConfigFile>();
  let index = 0;
  for (const site of sites) {
    let entry = files.get(site.file);
    if (!entry) {
      const sha256 = createHash('sha256')
        .update(await readFile(site.file))
        .digest('hex');
      entry = {
        file: paths.toTarget(site.file),
        sha256,
        module: moduleName(site.file, existsSync),
        sites: [],
      };
      files.set(site.file, entry);
    }
    entry.sites.push(configSite(site, index++));
  }
  return {
    format: configFormat,
    files: [...files.values()],
    options,
    ...(root ? { root: paths.toTarget(root) } : {}),
    ...(paths.pairs.length > 0 ? { paths: paths.pairs } : {}),
  };
}

function configSite(site: Site, index: number): ConfigSite {
  return {
    index,
    id: site.id,
    line: site.line,
    column: site.column,
    utf8Column: site.runtime.utf8Column,
    endLine: site.endLine,
    endUtf8Column: site.runtime.endUtf8Column,
    qualname: site.runtime.qualname,
    callee: site.runtime.callee,
    ordinal: site.runtime.ordinal,
    framework: site.framework,
  };
}
