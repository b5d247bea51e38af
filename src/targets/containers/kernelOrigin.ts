/**
 * Whether a framework's kernels run on a card as they were compiled, are compiled by the driver when they
 * are first used (minutes, unless CUDA's cache is kept), or do not run at all. undefined when the
 * framework does not say what it was compiled for.
 *
 * `architectures` are `sm_80`, `compute_90`, `gfx90a`; `device` is a compute capability such as 8.6, or a
 * gfx name. Code for sm_XY runs on X.Z with Z ≥ Y; PTX for compute_XY on everything from X.Y on; with a
 * letter behind it (sm_90a) on exactly that (CUDA C++ Programming Guide, Binary and PTX Compatibility).
 */
export function kernelOrigin(
  architectures: readonly string[],
  device: string,
): 'native' | 'compiled-at-first-use' | 'unsupported' | undefined {
  if (architectures.length === 0 || device === '') return undefined;
  if (device.startsWith('gfx')) {
    const bare = device.split(':')[0];
    return architectures.some((one) => one.split(':')[0] === bare) ? 'native' : 'unsupported';
  }
  const own = capability(device.replace('.', ''));
  if (!own) return undefined;
  let compiled = false;
  for (const one of architectures) {
    const [, form = 'sm', digits = '', letter = ''] =
      /^(?:(sm|compute)_)?(\d+\.?\d+)([a-z]?)$/.exec(one) ?? [];
    const made = capability(digits.replace('.', ''));
    if (!made) continue;
    const same = made.major === own.major;
    if (letter === 'a') {
      if (same && made.minor === own.minor) return 'native';
    } else if (form === 'sm') {
      if (same && made.minor <= own.minor) return 'native';
    } else if (made.major < own.major || (same && made.minor <= own.minor)) compiled = true;
  }
  return compiled ? 'compiled-at-first-use' : 'unsupported';
}

/** The last digit is the minor version: 86, 100. */
function capability(digits: string): { major: number; minor: number } | undefined {
  if (!/^\d{2,}$/.test(digits)) return undefined;
  return { major: Number(digits.slice(0, -1)), minor: Number(digits.slice(-1)) };
}
