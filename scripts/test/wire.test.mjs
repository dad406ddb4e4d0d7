import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wireBreaches } from '../lib/wire.mjs';

const at = (file, text) => wireBreaches(`src-tauri/crates/wall-service/src/${file}`, text);

test('what computes does not name the wire, however it is written', () => {
  for (const line of [
    'use crate::wire::Frame;',
    'use crate::{wall::Wall, wire::PlanStuck};',
    'use crate::{wall::Wall, wire};',
    '    wire::{EditBody, Proposals},',
    '    wire,',
    'fn owners() -> Vec<crate::wire::PlanOwnerLine> {',
    'pub use crate::wire as w;',
  ]) {
    assert.deepEqual(at('wall/follow.rs', `//! Of the wire.\n\n${line}\n`), [3], line);
    assert.deepEqual(at('wall/planning/session.rs', line), [1], line);
    assert.deepEqual(at('import/rows.rs', line), [1], line);
  }
});

test('the interface, the wire and the views may', () => {
  for (const file of ['http/plans.rs', 'http/intake/mod.rs', 'wire/mod.rs', 'wall/views.rs', 'wall/views/mod.rs', 'wall/planning/views/edits.rs']) {
    assert.deepEqual(at(file, 'use crate::wire::Frame;'), [], file);
  }
  assert.deepEqual(at('wall/reviews.rs', 'use crate::wire::Frame;'), [1], 'only a file of that name');
  assert.deepEqual(wireBreaches('src-tauri/src/windows.rs', 'use wall_service::wire::Frame;'), []);
});

test('words about it are no import', () => {
  assert.deepEqual(at('lib.rs', '//! import, HTTP and wire types.\npub mod wire;\n// See crate::wire::ROUTES.\n'), []);
});
