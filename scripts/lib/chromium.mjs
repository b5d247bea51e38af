// The browser of the editor tests.
import { findBrowser } from './system.mjs';

/**
 * No look-ups outside, and text and colours that are the same on every machine.
 */
export const CHROMIUM_ARGS = [
  '--no-sandbox', // Tests may run as root, where Chromium refuses its sandbox.
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-sync',
  // The software compositor: drawing through WebGL in software takes ten times as long, and nothing here needs it.
  '--disable-gpu',
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
];

/**
 * @param {string} [wrapper] a script that is started in place of Chromium and starts it
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launchChromium(wrapper) {
  // Imported late: the set-up uses its neighbours before node_modules exists.
  const { chromium } = await import('playwright-core');
  const executablePath = wrapper ?? findBrowser();
  if (!executablePath) throw new Error('No Chromium found; npm test installs one or says how.');
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS });
}
