/** Answers about paths: the tables are long, and the same few paths are asked for again and again. */

/** Beyond these all is asked anew: enough for any one project. */
const most = 5000;

/** A function of a path that remembers what it answered. */
export function remembered<T>(ask: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    if (known.has(path)) return known.get(path)!;
    const answer = ask(path);
    if (known.size >= most) known.clear();
    known.set(path, answer);
    return answer;
  };
}
