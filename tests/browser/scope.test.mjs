// Somebody is for one community: the screen says so, tickets elsewhere are shown as to a viewer with words, and what concerns
// everything is greyed with words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, page, signIn, stand, wall } from './stage.mjs';

stand({ closes: 2 });

const ask = (path, query = {}) => page.evaluate(([p, q]) => window.__gridwall.wall.host.get(p, q), [path, query]);
/** Opens a ticket by its number, as somebody does who was told it. */
const open = async (ticket) => {
  await page.keyboard.press('/');
  await at('search-input').fill(ticket.external_id);
  await at('search-hit').filter({ hasText: ticket.external_id }).first().click();
  await at('ticket-card').filter({ hasText: ticket.external_id }).waitFor();
};

let community;
let elsewhere;

test('another scope ends the session, and whoever signs in again sees it beside the name', async () => {
  await signIn('planner', '规划员');
  const areas = (await ask('api/v1/areas', { level: 'community' })).features.map((f) => f.properties);
  [community, elsewhere] = areas;
  const { sessions_ended: ended } = wall.command(['user', 'scope', 'planner', '--scope', community.code]);
  assert.equal(ended, 1);
  await eventually('the session ends', async () => (await at('account').innerText()).includes('规划员') === false);
  await page.keyboard.press('Escape');
  await signIn('planner', '规划员');
  await at('who-scope').filter({ hasText: community.name }).waitFor();
  await page.keyboard.press('u');
  await at('scope').filter({ hasText: community.name }).waitFor();
  await page.keyboard.press('Escape');
  const { scope, can } = await ask('api/v1/session');
  assert.deepEqual([scope.divisions.map((d) => d.code), can.plan, can.publish], [[community.code], true, false]);
});

test('a ticket elsewhere is shown as to a viewer, with words; one within as it is written', async () => {
  const of = async (area) => (await ask('api/v1/ticket-list', { set: 'open', area: `community:${area.code}`, limit: '50' })).lines.map((l) => l.ticket);
  const cards = async (area) => Promise.all((await of(area)).slice(0, 12).map((t) => ask('api/v1/ticket-card', { id: String(t.id) })));
  const plain = (list) => list.find((card) => !card.withheld);
  const [mine, theirs] = [plain(await cards(community)), plain(await cards(elsewhere))];
  assert.deepEqual([mine.outside_scope ?? false, theirs.outside_scope, theirs.address, theirs.description], [false, true, '', '']);
  await open(theirs.ticket);
  await at('outside-scope').filter({ hasText: '不在您的范围内' }).waitFor();
  await open(mine.ticket);
  assert.equal(await at('outside-scope').count(), 0);
});
