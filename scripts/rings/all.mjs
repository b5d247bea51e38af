import { check } from './check.mjs';
import { e2e } from './e2e.mjs';
import { host } from './host.mjs';
import { python } from './python.mjs';
import { unit } from './unit.mjs';

/** In the order in which they run: what is quick and narrow comes first. */
export const rings = [check, unit, python, host, e2e];
