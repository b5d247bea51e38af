import type Dockerode from 'dockerode';
import { UserError } from '../../common/problem';

/**
 * The value of `--gpus` as the engine's API wants it: `all`, `2`, `device=0,1`, `"device=0,1"`,
 * `driver=nvidia,count=1,capabilities=utility`. The form is docker/cli opts/gpus.go; one thing is read
 * more kindly: after `device=`, bare words are more devices (a shell ate the inner quotes, and docker's
 * own answer, "cannot set both Count and DeviceIDs", says nothing about quotes).
 *
 * Throws UserError for a key or a count that docker would refuse too.
 */
export function parseGpus(value: string): Dockerode.DeviceRequest {
  const request: Dockerode.DeviceRequest = { Driver: '', Capabilities: [['gpu']] };
  let last = '';
  for (const field of commaFields(value)) {
    const [, key = '', text = ''] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    const lists = last === 'device' || last === 'capabilities';
    if (!key && lists) {
      if (last === 'device') request.DeviceIDs!.push(field);
      else request.Capabilities![0]!.unshift(field);
      continue;
    }
    last = key;
    if (!key) request.Count = count(field, value);
    else if (key === 'count') request.Count = count(text, value);
    else if (key === 'driver') request.Driver = text;
    else if (key === 'device') request.DeviceIDs = text.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...text.split(','), 'gpu']];
    else if (key !== 'options') {
      throw new UserError(`“${field}” in --gpus ${value} is not understood.`, {
        fix: 'Use --gpus all, --gpus 1 or --gpus device=0.',
      });
    }
  }
  if (request.Count === undefined && !request.DeviceIDs) request.Count = 1;
  return request;
}

function count(text: string, whole: string): number {
  if (text === 'all') return -1;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UserError(`“${text}” in --gpus ${whole} is no number of GPUs.`, {
    fix: 'Use --gpus all, --gpus 1 or --gpus device=0.',
  });
}

/** Fields of one line of comma-separated values: a field in double quotes may hold commas. */
export function commaFields(line: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain = ''] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  return fields;
}
