// The invariants of docs/ARCHITECTURE.md that a machine can check: who may depend on whom, who may import what.
// Prints every breach with its place; notices (long files) do not fail.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closure, workspace } from './lib/cargo.mjs';
import { colorBreaches } from './lib/colors.mjs';
import { isKeyless, keyBreaches, OWN_KEYS } from './lib/keys.mjs';
import { sqlBreaches } from './lib/sql.mjs';
import { wireBreaches } from './lib/wire.mjs';
import { writeBreaches } from './lib/writes.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** Crate → crates it must not reach, directly or through others. */
const FORBIDDEN = {
  'wall-core': ['tokio', 'async-std', 'sqlx', 'axum', 'hyper', 'reqwest', 'ureq', 'tauri', 'ts-rs', 'wall-store', 'wall-service', 'wall-render'],
  'wall-store': ['tauri', 'axum', 'wall-service', 'wall-render'],
  'wall-service': ['tauri', 'webkit2gtk', 'gtk', 'wall-render'],
  'wall-render': ['tauri', 'sqlx', 'axum', 'wall-store', 'wall-service'],
};
/** Where windows are known, and nowhere else. */
const SHELL = 'gridwall';
const LONG_FILE_LINES = 500;
/** The one place in the crates that asks the system for the time. */
const CLOCK = 'src-tauri/crates/wall-service/src/wall/clock.rs';

const breaches = [];
const notices = [];

function dependencies() {
  const found = workspace();
  const name = (id) => found.packages.get(id).name;
  for (const [crate, banned] of Object.entries(FORBIDDEN)) {
    const member = found.members.get(crate);
    if (!member) {
      breaches.push(`no crate ${crate} in the workspace`);
      continue;
    }
    const asker = closure(found, member.id);
    for (const id of asker.keys()) {
      if (!banned.includes(name(id))) continue;
      const path = [];
      for (let at = id; at; at = asker.get(at)) path.unshift(name(at));
      breaches.push(`${crate} must not depend on ${name(id)}: ${path.join(' → ')}`);
    }
  }
  for (const [crate, { dependencies: direct }] of found.members) {
    if (crate !== SHELL && direct.some((dep) => dep.name === 'tauri' || dep.name.startsWith('tauri-'))) {
      breaches.push(`only ${SHELL} may name tauri, ${crate} does`);
    }
  }
  const programs = new Map();
  for (const [crate, { targets }] of found.members) {
    for (const target of targets.filter(({ kind }) => kind.includes('bin'))) {
      if (programs.has(target.name)) breaches.push(`two programs named ${target.name}: in ${programs.get(target.name)} and ${crate}`);
      programs.set(target.name, crate);
    }
    for (const target of targets.filter(({ kind }) => kind.includes('lib'))) {
      const first = readFileSync(target.src_path, 'utf8').split('\n', 1)[0];
      if (!first.startsWith('//! ')) breaches.push(`${crate}: the first line of ${target.src_path} must say what the crate is`);
    }
  }
}

function tracked(...patterns) {
  const text = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns], { encoding: 'utf8' });
  return text.split('\0').filter((path) => path && existsSync(path));
}

function imports() {
  for (const path of tracked('ui/src/*.ts', 'ui/src/*.vue')) {
    if (path === 'ui/src/host/tauri.ts') continue;
    readFileSync(path, 'utf8').split('\n').forEach((line, at) => {
      if (/['"]@tauri-apps\//.test(line)) breaches.push(`${path}:${at + 1}: only ui/src/host/tauri.ts may import @tauri-apps`);
    });
  }
  // The wall talks to no network but its own: no address of a font, tile or script server in what is shipped.
  for (const path of tracked('ui/src/*', 'ui/index.html')) {
    readFileSync(path, 'utf8').split('\n').forEach((line, at) => {
      if (/(src|href|url|import|fetch)\s*[=(:]?\s*['"(]?\s*['"]?https?:\/\/(?!www\.w3\.org|127\.0\.0\.1|localhost)/.test(line)) {
        breaches.push(`${path}:${at + 1}: loads from the network`);
      }
    });
  }
}

/** Time enters as an argument: a hidden clock would break `--now`, replay and questions about the past. */
function clocks() {
  for (const path of tracked('src-tauri/crates/*/src/*.rs')) {
    if (path === CLOCK) continue;
    readFileSync(path, 'utf8').split('\n').forEach((line, at) => {
      if (/\b(SystemTime|Timestamp|Zoned|Utc|Local)::now\(/.test(line)) breaches.push(`${path}:${at + 1}: only ${CLOCK} may ask for the time`);
      if (path.startsWith('src-tauri/crates/wall-core/') && /\bInstant::now\(|\basync fn\b|\bstd::net\b/.test(line)) {
        breaches.push(`${path}:${at + 1}: wall-core has no clock, no network, no async`);
      }
    });
  }
}

/** What computes is not bound to what a page reads: the wire is made at the edge, of what was computed. */
function wires() {
  for (const path of tracked('src-tauri/crates/wall-service/src/*.rs')) {
    for (const line of wireBreaches(path, readFileSync(path, 'utf8'))) {
      breaches.push(`${path}:${line}: only http/, wire/ and views of wall-service may name the wire`);
    }
  }
}

/** Who may, the time of recording and the audit log are settled in one place. */
function doors() {
  for (const path of [...tracked('src-tauri/crates/wall-service/src/*.rs'), ...tracked('src-tauri/src/*.rs')]) {
    for (const line of writeBreaches(path, readFileSync(path, 'utf8'))) {
      breaches.push(`${path}:${line}: only wall/write.rs opens a transaction: ask Wall::write, or the Keeper where there is no wall`);
    }
  }
}

/** Two databases, each statement written once: what only one of them understands stands at the waist. */
function statements() {
  for (const path of tracked('src-tauri/crates/wall-store/src/*.rs')) {
    for (const [line, what] of sqlBreaches(path, readFileSync(path, 'utf8'))) breaches.push(`${path}:${line}: ${what}`);
  }
}

/** One sheet of colours: what the wall looks like is decided there. */
function colors() {
  for (const path of tracked('ui/src/*')) {
    for (const line of colorBreaches(path, readFileSync(path, 'utf8'))) breaches.push(`${path}:${line}: only ui/src/style/tokens.css writes a colour down`);
  }
}

/** One ear for the keyboard: a key is bound where its action stands, or it would be told of nowhere. */
function keyboard() {
  for (const path of tracked('ui/src/*.ts', 'ui/src/*.vue')) {
    const text = readFileSync(path, 'utf8');
    for (const line of keyBreaches(path, text)) breaches.push(`${path}:${line}: only ui/src/actions/ listens to the keyboard; keys of a widget need a reason in scripts/lib/keys.mjs`);
    if (path in OWN_KEYS && isKeyless(text)) breaches.push(`${path}: has no keys of its own any more: off the list of scripts/lib/keys.mjs`);
  }
  for (const path of Object.keys(OWN_KEYS)) if (!existsSync(path)) breaches.push(`${path}: is gone: off the list of scripts/lib/keys.mjs`);
}

function files() {
  for (const path of tracked('*.rs', '*.ts', '*.vue', '*.mjs', '*.sh')) {
    const text = readFileSync(path, 'utf8');
    if (path.endsWith('.rs') && /#\[ignore/.test(text)) breaches.push(`${path}: an ignored test proves nothing`);
    const lines = text.split('\n').length;
    if (lines > LONG_FILE_LINES && !path.startsWith('ui/src/wire/')) notices.push(`${path}: ${lines} lines`);
  }
}

dependencies();
imports();
clocks();
wires();
doors();
statements();
colors();
keyboard();
files();
for (const line of notices) console.log(`notice: long file, look at it twice: ${line}`);
for (const line of breaches) console.log(`breach: ${line}`);
console.log(breaches.length === 0 ? 'invariants hold' : `${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;
