/** Answers about paths and names: the tables are long, and the same few are asked for again and again. */

/** Beyond these all is asked anew: enough for any one project. */
const most = 5000;

/** A function of a path or name that remembers what it answered. */
export function remembered<T>(ask: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (known.has(text)) return known.get(text)!;
    const answer = ask(text);
    if (known.size >= most) known.clear();
    known.set(text, answer);
    return answer;
  };
}
