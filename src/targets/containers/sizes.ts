import { UserError } from '../../common/problem';
import type { Bytes } from '../../common/units';

const powers = 'bkmgtp';

/**
 * `16g`, `64m`, `1.5gb`, `2GiB`, `1048576`: bytes, by 1024 whatever the spelling, as docker's
 * `--shm-size` and `--memory` count (docker/go-units RAMInBytes). Throws UserError for anything else.
 */
export function parseBytes(text: string, option: string): Bytes {
  const match = /^(\d+(?:\.\d+)?) ?(?:([bkmgtp])?i?b?)?$/i.exec(text.trim());
  if (!match) {
    throw new UserError(`“${text}” of ${option} is no size.`, { fix: `Write it as ${option} 16g.` });
  }
  const power = Math.max(0, powers.indexOf((match[2] ?? 'b').toLowerCase()));
  return Math.round(Number(match[1]) * 1024 ** power);
}
