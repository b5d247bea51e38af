import { check } from './check.mjs';
import { containers } from './containers.mjs';
import { e2e } from './e2e.mjs';
import { host } from './host.mjs';
import { python } from './python.mjs';
import { unit } from './unit.mjs';

/** In the order in which they run: what is quick and narrow comes first. */
export const rings = [check, unit, python, containers, host, e2e];
