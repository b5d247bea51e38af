import { formatBytes } from '../../common/units';
import { failed, type Answers, type PlaceAnswer } from './answers';
import { devcontainerLine, notKnown, type Finding, type Fix } from './finding';
import { compiledOnTheSpot } from './kernelRules';
import { environment, frameworkName, hasNvidia, placePart } from './place';

type Cache = Exclude<PlaceAnswer['cudaCache'], { failed: string }>;

/** Whether what the driver compiles for the card is kept: without it every start compiles anew. */
export function cacheFindings(answers: Answers): Finding[] {
  if (!hasNvidia(answers)) return [];
  const cache = placePart(answers, 'cudaCache');
  if (failed(cache)) return [notKnown('cuda-cache', 'Cache of compiled kernels', cache.failed)];
  return [finding(answers, cache)];
}

function finding(answers: Answers, cache: Cache): Finding {
  const id = 'cuda-cache';
  const compiled = compiledOnTheSpot(answers).map(frameworkName);
  const severity = compiled.length > 0 ? 'warning' : 'note';
  const cost =
    compiled.length > 0
      ? `The driver compiles kernels of ${compiled.join(' and ')} for this card, and does so again in every run that starts without them.`
      : 'No framework that was asked needs it for this card.';
  if (environment(answers).CUDA_CACHE_DISABLE === '1') {
    return {
      id,
      severity,
      title: 'Compiled kernels are not kept: CUDA_CACHE_DISABLE is 1',
      detail: cost,
      fix: { text: 'Take the variable out.', command: 'unset CUDA_CACHE_DISABLE' },
    };
  }
  if (!cache.writable) {
    return {
      id,
      severity,
      title: 'Compiled kernels are not kept: their folder cannot be written',
      detail: `${cache.path} may not be written by this user. ${cost}`,
      fix: keptFix(answers),
    };
  }
  const { container } = answers;
  const ownLayer = cache.mount === null || cache.mount.type === 'overlay' || cache.mount.point === '/';
  if (container && !failed(container) && ownLayer) {
    return {
      id,
      severity: container.thrownAway ? severity : 'note',
      title: container.thrownAway
        ? 'Compiled kernels are thrown away with the container'
        : 'Compiled kernels are kept only as long as the container',
      detail: `${cache.path} lies in the container itself (${formatBytes(cache.bytes)} now). ${cost}`,
      fix: keptFix(answers),
    };
  }
  return (
    full(answers, cache) ?? {
      id,
      severity: 'ok',
      title: 'Compiled kernels are kept',
      detail: `${cache.path}, ${cache.exists ? formatBytes(cache.bytes) : 'not made yet'}.`,
    }
  );
}

function full(answers: Answers, cache: Cache): Finding | undefined {
  // 1 GiB on 64-bit systems since driver 525; older ones have 256 MiB.
  const limit = Number(environment(answers).CUDA_CACHE_MAXSIZE ?? 2 ** 30);
  if (!(cache.bytes > 0.9 * limit)) return undefined;
  return {
    id: 'cuda-cache',
    severity: 'warning',
    title: 'The cache of compiled kernels is full',
    detail: `${cache.path} holds ${formatBytes(cache.bytes)} of ${formatBytes(limit)}: what was compiled first is dropped and compiled again.`,
    fix: { text: 'Let it grow to 4 GiB.', command: 'export CUDA_CACHE_MAXSIZE=4294967296' },
  };
}

function keptFix({ container }: Answers): Fix {
  if (!container) {
    return {
      text: 'Name a folder that this user may write.',
      command: 'export CUDA_CACHE_PATH="$HOME/.cache/nv"',
    };
  }
  return {
    text: 'Keep it in a folder that outlives the container, such as the workspace: start it with CUDA_CACHE_PATH set.',
    command: '--env=CUDA_CACHE_PATH=/cuda-cache --volume=cuda-cache:/cuda-cache',
    // The workspace is a mount that the container's user owns already; .predictscope is not committed.
    devcontainer: devcontainerLine(
      ['containerEnv', 'CUDA_CACHE_PATH'],
      '${containerWorkspaceFolder}/.predictscope/cuda-cache',
    ),
  };
}
