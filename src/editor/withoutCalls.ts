/** What a text might look like without profiler calls that were changed by hand: a proposal to compare with. */

const ourLine = /^\s*(?:exec\("# Written by Predictscope|_predictscope_\w+\s*[=(]|.*[#/]\s*predictscope\s*$)/;

const wrap = /_predictscope_e\(\s*_predictscope_b\([^()]*\)\s*,\s*/;

export function withoutCalls(text: string): string {
  const lines = text.split(/(?<=\n)/).filter((line) => !ourLine.test(line.replace(/[\r\n]+$/, '')));
  let rest = lines.join('');
  for (let found = wrap.exec(rest); found; found = wrap.exec(rest)) {
    const inner = found.index + found[0].length;
    const end = closing(rest, inner);
    rest = rest.slice(0, found.index) + rest.slice(inner, end) + rest.slice(end + 1);
  }
  return rest;
}

/** Where the bracket closes in which `from` is; the end of the text when it does not. */
function closing(text: string, from: number): number {
  let depth = 0;
  const tokens = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#.*|[()[\]{}]/g;
  tokens.lastIndex = from;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    if ('([{'.includes(token[0])) depth++;
    else if (')]}'.includes(token[0]) && depth-- === 0) return token.index;
  }
  return text.length;
}
