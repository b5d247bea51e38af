import { formatBytes } from '../../common/units';
import type { Answers } from './answers';
import { notKnown, sentence, type Finding } from './finding';
import { shellWord } from './place';

const tooLittle = 100e6;
const little = 1e9;

/** Names of file systems whose files lie elsewhere, as the recorder tells them (media/python/predictscope/store.py). */
const network =
  /^(nfs|cifs|smb|lustre|gpfs|beegfs|ceph|9p|virtiofs|drvfs|fuse|glusterfs|afs|orangefs|prl_fs|vboxsf|osxfs|grpcfuse)/;

/** Where runs are kept. */
export function storeFindings({ store }: Answers): Finding[] {
  const { directory, refused, freeBytes, type } = store;
  if (refused !== undefined) {
    return [
      {
        id: 'log-directory',
        severity: 'problem',
        title: 'The log directory cannot be written',
        detail: `${directory}: ${sentence(refused)}`,
        fix: { text: 'Choose another one: --log-dir DIR, or predictscope.logDirectory in the settings.' },
      },
    ];
  }
  const findings: Finding[] = [
    { id: 'log-directory', severity: 'ok', title: 'The log directory can be written', detail: directory },
    space(directory, freeBytes),
  ];
  if (type === undefined)
    findings.push(notKnown('store', 'Kind of the log directory’s file system', 'The system does not say'));
  else if (network.test(type)) {
    findings.push({
      id: 'store',
      severity: 'note',
      title: `The log directory is on a shared file system (${type})`,
      detail:
        'Records are then written call by call instead of into mapped memory, which costs each call some microseconds more.',
      fix: {
        text: 'For very short calls, name a folder on a disk of this machine: --log-dir DIR, or predictscope.logDirectory.',
      },
    });
  } else
    findings.push({
      id: 'store',
      severity: 'ok',
      title: `The log directory is on ${type}`,
      detail: 'Calls are recorded in mapped memory.',
    });
  return findings;
}

function space(directory: string, freeBytes: number | undefined): Finding {
  const id = 'log-space';
  if (freeBytes === undefined) return notKnown(id, 'Space for the log directory', 'The system does not say');
  const severity = freeBytes < tooLittle ? 'problem' : freeBytes < little ? 'warning' : 'ok';
  return {
    id,
    severity,
    title: `${formatBytes(freeBytes)} free for runs`,
    detail: 'A traced run takes some megabytes; one of many calls up to 128 MB a process.',
    ...(severity === 'ok'
      ? {}
      : {
          fix: {
            text: 'Remove old runs, or choose another place with --log-dir.',
            command: `du -sh ${shellWord(directory)}`,
          },
        }),
  };
}
