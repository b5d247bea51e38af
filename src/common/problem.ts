/** A sentence for the user: what is wrong and where, and what to do about it when we know. */
export interface Problem {
  message: string;
  fix?: string;
  /** Byte offset in the file that the problem was found in. */
  offset?: number;
}

/** An error whose message is meant for the user as it stands. */
export class UserError extends Error {
  readonly fix: string | undefined;

  constructor(message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.fix = options.fix;
  }
}

/** By its name: a bundle that is loaded later has a class of its own. */
export function isUserError(error: unknown): error is UserError {
  return error instanceof Error && error.name === 'UserError';
}

/** One line for logs and reports: message, then the fix. */
export function describeProblem(problem: Problem): string {
  return problem.fix ? `${problem.message} ${problem.fix}` : problem.message;
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
