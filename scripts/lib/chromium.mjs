// Where the browser for tests and screenshots is, and how to start it without a GPU.
// `node scripts/lib/chromium.mjs` prints the path, or fails when there is none.

import { accessSync, constants, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const uiRequire = createRequire(new URL('../../ui/package.json', import.meta.url));

/** Chromium's flags for software WebGL and no talk of its own with the network. */
const ARGS = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
];

/** playwright-core as the user interface's packages bring it: one lock file for all. */
export function playwright() {
  return uiRequire('playwright-core');
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return !realpathSync(path).endsWith('/snap');
  } catch {
    return false;
  }
}

/** Path of a Chromium: `$CHROMIUM`, one on the PATH, else playwright's own. */
export function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(executable);
  if (onPath) return onPath;
  const own = playwright().chromium.executablePath();
  if (executable(own)) return own;
  throw new Error('no Chromium: run scripts/setup.sh test, or set CHROMIUM to one');
}

/** Starts the browser without a window. */
export function launch() {
  return playwright().chromium.launch({ executablePath: chromiumPath(), headless: true, args: ARGS });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(chromiumPath());
