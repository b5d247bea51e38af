import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError, isUserError, describeProblem, errorText } from './common/problem';
import { attachCommand } from './cli/attachCommand';
import { captureCommand } from './cli/captureCommand';
import { compareCommand } from './cli/compareCommand';
import { doctorCommand } from './cli/doctorCommand';
import { editCommand } from './cli/editCommand';
import { usage, version } from './cli/help';
import { profileCommand } from './cli/profileCommand';
import { reportCommand } from './cli/reportCommand';
import { sitesCommand } from './cli/sitesCommand';
import { summarizeCommand } from './cli/summarizeCommand';
import { targetSitesCommand } from './cli/targetSitesCommand';
import { targetsCommand } from './cli/targetsCommand';

/** Where things lie: the bundle is in dist/, the runtime in media/ beside it. */
const here = path.resolve(__dirname, '..');

const later = new Set(['sweep', 'mcp']);

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...args] = argv;
  switch (command) {
    case 'sites':
      return args.some((word) => /^--target(=|$)/.test(word))
        ? targetSitesCommand(args, here)
        : sitesCommand(args, here);
    case 'profile':
      return profileCommand(args, here);
    case 'targets':
      return targetsCommand(args);
    case 'summarize':
      return summarizeCommand(args);
    case 'compare':
      return compareCommand(args);
    case 'report':
      return reportCommand(args);
    case 'attach':
      return attachCommand(args, here);
    case 'capture':
      return captureCommand(args);
    case 'doctor':
      return doctorCommand(args, here);
    case 'insert':
    case 'remove':
      return editCommand(command, args, here);
    case undefined:
    case 'help':
    case '-h':
    case '--help':
      process.stdout.write(usage);
      if (command === undefined) process.exitCode = 2;
      return;
    case '--version':
      process.stdout.write(`${await version(here)}\n`);
      return;
    default:
      if (later.has(command)) throw new UserError(`predictscope ${command} is not part of this version yet.`);
      if (await exists(command)) return summarizeCommand(argv);
      throw new UserError(`predictscope has no command ${command}.`, { fix: 'See predictscope --help.' });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const fix = isUserError(error) ? error.fix : undefined;
  const message = isUserError(error)
    ? error.message
    : `Unexpected: ${error instanceof Error ? error.stack : errorText(error)}`;
  process.stderr.write(`predictscope: ${describeProblem({ message, ...(fix ? { fix } : {}) })}\n`);
  // `profile` tells a failed start from every exit code that a program is likely to have; for the source edit
  // 1 means that something was refused or left.
  process.exitCode = ['profile', 'insert', 'remove', 'doctor'].includes(process.argv[2] ?? '') ? 125 : 1;
});
