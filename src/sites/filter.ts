import picomatch from 'picomatch';

/**
 * Whether a path, relative to the root, is among the files to search: it matches one of the `include`
 * globs and none of the `exclude` globs (picomatch syntax, as in VS Code's own settings).
 */
export function pathFilter(
  include: readonly string[],
  exclude: readonly string[],
): (relative: string) => boolean {
  const options = { dot: true };
  const included = include.length === 0 ? () => true : picomatch([...include], options);
  const excluded = picomatch([...exclude], options);
  return (relative) => {
    const path = relative.replaceAll('\\', '/');
    return included(path) && !excluded(path);
  };
}
