/** Colours from the editor's theme, as numbers for pixels and as CSS for text. */

export type Rgb = readonly [red: number, green: number, blue: number];

export interface Swatch {
  fill: Rgb;
  /** Colour of a label on the fill. */
  text: string;
}

export interface Theme {
  background: Rgb;
  foreground: string;
  muted: string;
  border: string;
  band: string;
  focus: string;
  selection: string;
  match: string;
  font: string;
  highContrast: boolean;
  swatches: Swatch[];
}

// Red is left out: it reads as an error.
const chartTokens = ['blue', 'green', 'orange', 'purple', 'yellow'] as const;

/** Reads the tokens that are in force now. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string, fallback: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const dark =
    !document.body.classList.contains('vscode-light') &&
    !document.body.classList.contains('vscode-high-contrast-light');
  const background = parse(token('editor-background', dark ? '#1e1e1e' : '#ffffff'));
  const foreground = token('editor-foreground', dark ? '#cccccc' : '#3b3b3b');
  const highContrast = document.body.className.includes('vscode-high-contrast');
  const charts = chartTokens.map((name, i) =>
    parse(token(`charts-${name}`, ['#3794ff', '#89d185', '#d18616', '#b180d7', '#cca700'][i]!)),
  );
  // Each colour in three strengths: neighbours of one hue can still be told apart.
  const strengths = highContrast ? [1, 0.75, 0.55] : [0.85, 0.65, 0.48];
  const swatches = strengths.flatMap((strength) =>
    charts.map((chart) => swatch(mix(background, chart, strength))),
  );
  return {
    background,
    foreground,
    muted: token('descriptionForeground', foreground),
    border:
      token('contrastBorder', '') ||
      token('editorRuler-foreground', '') ||
      token('panel-border', '#80808059'),
    band:
      token('sideBarSectionHeader-background', '') || token('editorGroupHeader-tabsBackground', '#80808020'),
    focus: token('focusBorder', '#0078d4'),
    selection: token('editor-selectionBackground', '#264f78'),
    match: token('editor-findMatchHighlightBorder', '') || token('editorWarning-foreground', '#cca700'),
    font: token('font-family', 'sans-serif'),
    highContrast,
    swatches,
  };
}

/** Calls back when the theme changes: VS Code rewrites the tokens on the root and the classes on the body. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
}

/** Whether the user asked for less motion, in the system or in VS Code. */
export function reducedMotion(): boolean {
  return (
    document.body.classList.contains('vscode-reduce-motion') ||
    matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => Math.round(from[i]! + (to[i]! - from[i]!) * share)) as unknown as Rgb;
}

function swatch(fill: Rgb): Swatch {
  // At this luminance black and white contrast equally.
  return { fill, text: luminance(fill) > 0.179 ? '#000000' : '#ffffff' };
}

/** Relative luminance as WCAG defines it. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** Any CSS colour as bytes. */
function parse(colour: string): Rgb {
  if (!probe) return [128, 128, 128];
  probe.fillStyle = '#808080';
  probe.fillStyle = colour;
  probe.clearRect(0, 0, 1, 1);
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return [red ?? 128, green ?? 128, blue ?? 128];
}

/** Which swatch a name gets: the same in every trace. */
export function swatchIndex(name: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 13)) >>> 0) % count;
}
