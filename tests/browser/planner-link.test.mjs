// The drawing table when the server dies and comes back, and when the network crawls: what is in hand stays, what could not be
// asked is said and never shown as nothing, nothing is sent into a lost link, and everything takes up where it was. Two people
// at one draft see each other. Every wait is for a state, with a bound.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { PATIENCE_MS, openPage } from './page.mjs';
import { at, browser, eventually, onScreen, opened, page, signIn, stand, wall } from './stage.mjs';

/** The reviewer's page. */
let second;
let plan;

const planState = (on = page) => on.evaluate(() => {
  const { state, plan: summary } = window.__gridwall.planner.planner;
  return { head: state.head, busy: state.busy, refusal: state.refusal, conflict: state.conflict, problem: state.problem?.code ?? null, plan: summary.value, plans: state.plans.map((one) => one.name), others: state.others, cells: [...state.cells.values()] };
});
const set = (change) => page.evaluate((to) => void Object.assign(window.__gridwall.planner.planner.state, to), change);
const points = () => page.evaluate(() => window.__gridwall.planner.hand.view.points);
const describe = (on, face, name) => on.evaluate(([f, n]) => window.__gridwall.planner.planner.edit({ kind: 'describe', face: f, code: null, name: n, cell_kind: null, community_code: null }), [face, name]);
const look = async (face) => {
  await page.evaluate((one) => window.__gridwall.planner.planner.zoomToFace(one), face);
  await page.waitForFunction(() => !window.__gridwall.planner.map.isMoving() && window.__gridwall.planner.map.loaded(), null, { timeout: PATIENCE_MS });
};
const connection = (wanted) => page.waitForFunction((one) => window.__gridwall.state.link.connection === one, wanted, { timeout: PATIENCE_MS });
/** Words of an engine, or of a value that is none. */
const raw = /TypeError|Failed to fetch|undefined|NaN|\[object|Error:|null/;
const sane = async (what) => assert.doesNotMatch(await page.locator('body').innerText(), raw, what);

async function toPlanner(on) {
  await at('open-planner', on).click();
  await on.waitForFunction(() => window.__gridwall.planner?.planner.state.opened, null, { timeout: PATIENCE_MS });
}
/** The server is down. */
let dead = false;
async function dies() {
  dead = true;
  await wall.kill();
  await connection('lost');
}
async function comesBack() {
  await wall.restart();
  dead = false;
  // The page tries by itself, at the latest after half a minute: the test need not wait for that.
  await page.evaluate(() => window.__gridwall.wall.feed.retry());
  await connection('live');
}

stand();

/** One test that fails takes no other with it; only the second goes on where the first left it. */
let goesOn = true;
beforeEach(async () => {
  if (goesOn) return;
  wall.slow(0);
  await wall.mend();
  if (dead) await comesBack();
  await set({ dialog: null });
});

/** The cell whose line is in hand, and the line. */
let big;
let line;
async function press([lon, lat]) {
  const [x, y] = await onScreen([lon, lat]);
  await page.keyboard.down('Alt');
  await page.mouse.click(x, y);
  await page.keyboard.up('Alt');
}

test('a line is begun, and the server dies: it stays in hand, through language and size too', { timeout: 240_000 }, async () => {
  await signIn('planner', '规划员');
  await toPlanner(page);
  await at('begin-draft').click();
  await at('new-name').fill('断线也在');
  await at('make-plan').click();
  const state = await eventually('the draft is open', async () => {
    const now = await planState();
    return now.plan?.status === 'draft' && now.cells.length > 0 ? now : null;
  });
  plan = state.plan.id;
  big = state.cells.toSorted((a, b) => (b.households ?? 0) - (a.households ?? 0))[0];
  const [west, south, east, north] = big.bounds;
  const over = (north - south) * 0.02;
  line = [[big.label_lon, north + over], [big.label_lon + (east - west) * 0.01, south - over]];
  await look(big.face);
  await page.keyboard.press('s');
  await press(line[0]);
  await eventually('the first point', async () => (await points()) === 1);
  await dies();
  await at('lost').waitFor();
  await page.setViewportSize({ width: 1600, height: 900 });
  const language = page.locator('.planner > .bar .own button').last();
  await language.click();
  await eventually('English', async () => /Planning|Back to the wall/.test(await page.locator('.planner > .bar').innerText()));
  await sane('in English');
  await language.click();
  await eventually('Chinese', async () => /返回指挥墙/.test(await page.locator('.planner > .bar').innerText()));
  assert.equal(await points(), 1, 'the line is still in hand');
  await look(big.face);
  await press(line[1]);
  await eventually('the second point', async () => (await points()) === 2);
  await page.keyboard.press('Enter');
  await at('refusal').waitFor();
  assert.match(await at('refusal').innerText(), /没有应答/);
  assert.equal((await planState()).head, state.head, 'nothing was sent');
  assert.equal(await points(), 2);
  await sane('while it is lost');
});

test('the server is there again: the line is stored as it was drawn, once', { timeout: 240_000 }, async () => {
  goesOn = false;
  const { head, cells } = await planState();
  await comesBack();
  assert.equal(await points(), 2);
  await page.keyboard.press('Enter');
  const now = await eventually('stored', async () => {
    const state = await planState();
    return state.head !== head && !state.busy ? state : null;
  });
  assert.equal(now.cells.length, cells.length + 1);
  assert.equal(await points(), 0);
  await set({ tool: 'select' });
  await page.setViewportSize({ width: 1920, height: 1080 });
});

// Each dialog and panel: how it comes up, what it shows once its question was answered, what somebody typed or chose in it.
const typed = (testId, text) => ({ put: () => at(testId).fill(text), kept: async () => (await at(testId).inputValue()) === text });
const places = [
  { dialog: 'plans', tab: 'history', filled: async () => (await page.locator('[data-testid^=plan-open-]').count()) > 0 },
  { dialog: 'new_plan', tab: 'findings', filled: () => at('source-force').isEnabled(), hand: typed('new-name', '还没建的草案') },
  { dialog: 'proposals', tab: 'balance', filled: async () => (await at('proposals-band').count()) > 0 },
  { dialog: 'compare', tab: 'history', filled: async () => (await at('compare-stage').count()) > 0 && (await at('compare-a').inputValue()) !== '' },
  { dialog: 'overlay', tab: 'owners', filled: async () => (await at('overlay-a').inputValue()) !== '' },
  { dialog: 'impact', tab: 'balance', filled: async () => (await at('impact-summary').count()) > 0 },
  { dialog: 'export', tab: 'owners', filled: async () => (await at('export-plan').inputValue()) !== '' },
  { dialog: 'review', tab: 'findings', filled: async () => (await at('step-submit').count()) > 0, hand: typed('step-note', '请审核，注意东边') },
  { dialog: 'settings', tab: 'history', filled: async () => (await page.locator('#settings').count()) > 0, hand: typed('band-high', '470') },
  { dialog: 'snapshot', tab: 'history', filled: async () => (await at('snapshot-dialog-name').count()) > 0, hand: typed('snapshot-dialog-name', '晨会前') },
];
/** What stands behind the dialogs on the right: something that was asked for. */
const behind = {
  balance: async () => (await page.locator('[data-testid^=balance-row-], .panel .row').count()) > 0 || /\d/.test(await page.locator('.side .panel').innerText()),
  findings: async () => /\S/.test(await page.locator('.side .panel').innerText()),
  history: async () => (await page.locator('[data-testid=edit-begin]').count()) > 0,
  owners: async () => /[1-9]/.test(await at('owners-all').innerText()),
};

for (const { dialog, tab, filled, hand } of places) {
  test(`a server that dies and comes back, with ${dialog} open and ${tab} beside`, { timeout: 240_000 }, async () => {
    await set({ tab, dialog });
    const frame = at(`dialog-${dialog}`);
    await frame.waitFor();
    await eventually(`${dialog} is filled`, filled);
    await eventually(`${tab} is filled`, behind[tab]);
    if (hand) await hand.put();
    await dies();
    await at('dialog-lost').waitFor();
    assert.match(await at('dialog-lost').innerText(), /连接中断/);
    assert.ok(await filled(), `${dialog}: what was there stays`);
    assert.ok(await behind[tab](), `${tab}: what was there stays`);
    if (hand) assert.ok(await hand.kept(), `${dialog}: what was typed stays`);
    await sane(`${dialog}: while it is lost`);
    // Opened anew while nobody answers: said, and nothing shown as nothing.
    if (!hand) {
      await set({ dialog: null });
      await set({ dialog });
      await frame.waitFor();
      await at('dialog-lost').waitFor();
      await sane(`${dialog}: opened while it is lost`);
    }
    await comesBack();
    await eventually(`${dialog} is filled again by itself`, filled);
    await eventually(`${dialog} says nothing of a lost link any more`, async () => (await at('dialog-lost').count()) === 0 && (await frame.locator('.problem').count()) === 0);
    if (hand) assert.ok(await hand.kept(), `${dialog}: what was typed is still there`);
    assert.equal((await planState()).plan.id, plan, 'the plan is open still');
    await set({ dialog: null });
  });
}

test('a cell form and a dragged vertex wait for the server, and are stored once it is back', { timeout: 240_000 }, async () => {
  await set({ tab: 'balance' });
  await page.evaluate((face) => window.__gridwall.planner.planner.select([face]), big.face);
  await at('describe').click();
  await at('cell-name').fill('等服务回来');
  await dies();
  await at('cell-save').click();
  await at('refusal').waitFor();
  assert.equal(await at('cell-name').inputValue(), '等服务回来');
  await comesBack();
  await at('cell-save').click();
  await eventually('the name is stored', async () => (await planState()).cells.some((cell) => cell.name === '等服务回来'));
  // A vertex in the inside of a border, held while the server goes.
  const { features } = await page.evaluate((id) => window.__gridwall.wall.host.get(`api/v1/plans/${id}/edges`), plan);
  const border = features.filter(({ properties: p, geometry: g }) => (p.left === big.face || p.right === big.face) && p.left !== null && p.right !== null && g.coordinates.length > 2).sort((a, b) => b.geometry.coordinates.length - a.geometry.coordinates.length)[0];
  const vertex = border.geometry.coordinates[Math.floor(border.geometry.coordinates.length / 2)];
  await look(big.face);
  await page.keyboard.press('e');
  const { head } = await planState();
  const [x, y] = await onScreen(vertex);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.keyboard.down('Alt');
  for (let i = 1; i <= 5; i += 1) await page.mouse.move(x + i * 3, y + i * 2);
  await dies();
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await at('refusal').waitFor();
  assert.equal((await planState()).head, head);
  await comesBack();
  await page.keyboard.press('Enter');
  await eventually('the vertex is where it was dragged to', async () => {
    const now = await planState();
    return now.head !== head && !now.busy;
  });
  await page.keyboard.press('Escape');
  await set({ tool: 'select' });
});

test('two people at one draft see each other, by name, and only what changed is asked for', { timeout: 240_000 }, async () => {
  second = await openPage(browser, { link: wall.door() });
  await signIn('reviewer', '审核人', { on: second.page });
  await toPlanner(second.page);
  await second.page.evaluate((id) => window.__gridwall.planner.planner.open(id), plan);
  await eventually('each knows of the other', async () => {
    const [mine, theirs] = [await planState(), await planState(second.page)];
    return mine.others.length === 1 && theirs.others.length === 1;
  });
  assert.match(await at('others').innerText(), /审核人/);
  const asked = second.requests.length;
  const { head, cells } = await planState();
  assert.equal(await describe(page, cells[0].face, '第一人改的'), true);
  await eventually('the second sees it', async () => {
    const now = await planState(second.page);
    return now.head !== head && now.cells.some((cell) => cell.name === '第一人改的');
  });
  assert.match(await at('others', second.page).innerText(), /规划员/);
  const since = second.requests.slice(asked).map(({ url }) => new URL(url).pathname);
  assert.ok(since.includes(`/api/v1/plans/${plan}/changes`), since.join(' '));
  assert.ok(!since.includes(`/api/v1/plans/${plan}`), 'the plan is not loaded anew');
  assert.deepEqual(second.errors, []);
});

test('an edit whose answer was lost is neither lost nor done twice', { timeout: 120_000 }, async () => {
  const path = `**/api/v1/plans/${plan}/edits`;
  const before = await planState();
  await look(big.face);
  await page.keyboard.press('s');
  const { bounds: [west, south, east, north], label_lon: lon } = before.cells.find((cell) => cell.face === big.face);
  const over = (north - south) * 0.02;
  await press([lon, north + over]);
  await press([lon + (east - west) * 0.01, south - over]);
  await eventually('a line', async () => (await points()) === 2);
  let sent = 0;
  await page.route(path, async (route) => {
    sent += 1;
    await route.fetch();
    await route.abort();
  });
  await page.keyboard.press('Enter');
  await eventually('it is there', async () => (await planState()).cells.length === before.cells.length + 1);
  await page.unroute(path);
  await eventually('the hand is empty', async () => (await points()) === 0);
  // Pressed once more in doubt: nothing is in hand, nothing is done.
  await page.keyboard.press('Enter');
  assert.equal((await planState()).cells.length, before.cells.length + 1);
  assert.equal(sent, 1);
  assert.equal((await planState()).conflict, null, 'nobody is told that somebody was faster');
  await set({ tool: 'select' });
});

test('a draft that was asked for and whose answer was lost is not made twice', { timeout: 120_000 }, async () => {
  await set({ dialog: 'new_plan' });
  await at('new-name').fill('只要一份');
  await page.route('**/api/v1/plans', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort();
  });
  await at('make-plan').click();
  await at('dialog-new_plan').locator('.problem').waitFor();
  await sane('the answer is lost');
  await page.unroute('**/api/v1/plans');
  await at('make-plan').click();
  await eventually('it is open', async () => (await planState()).plan?.name === '只要一份');
  assert.equal((await planState()).plans.filter((name) => name === '只要一份').length, 1);
  await page.evaluate((id) => window.__gridwall.planner.planner.open(id), plan);
  await eventually('the draft is open again', async () => (await planState()).plan?.id === plan);
});

test('a slow network is waited for, and says so', { timeout: 240_000 }, async () => {
  await wall.slow(1_500);
  const { head } = await planState();
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Control+z');
  await eventually('undone', async () => {
    const now = await planState();
    return now.head !== head && !now.busy;
  });
  await set({ dialog: 'impact' });
  await at('dialog-impact').waitFor();
  await sane('slow');
  await eventually('the impact comes', async () => (await at('impact-summary').count()) > 0);
  await set({ dialog: null });
  // Half a minute each way, then nothing at all: what is shown stays, what is not known is not shown as none.
  for (const ms of [30_000, Infinity]) {
    const shown = await planState();
    await wall.slow(ms);
    for (const dialog of ['impact', 'proposals', 'overlay']) {
      await set({ dialog });
      await at(`dialog-${dialog}`).waitFor();
      assert.equal(await at('impact-summary').count() + (await at('proposals-band').count()) + (await at('overlay-summary').count()), 0, 'no figures of what was not answered');
      await sane(`${dialog}, ${ms}`);
    }
    await set({ dialog: 'proposals', tab: ms === Infinity ? 'owners' : 'history' });
    await sane(`panel, ${ms}`);
    assert.deepEqual((await planState()).cells, shown.cells);
    await wall.slow(0);
    await wall.cut();
    await connection('lost');
    await wall.mend();
    await page.evaluate(() => window.__gridwall.wall.feed.retry());
    await connection('live');
    await eventually('what is beside comes by itself', behind[ms === Infinity ? 'owners' : 'history']);
    await eventually('the proposals come by themselves', async () => (await at('proposals-band').count()) > 0);
    await set({ dialog: null });
  }
});

test('a question that hangs when the link breaks is asked again when it is back', { timeout: 120_000 }, async () => {
  const path = `**/api/v1/plans/${plan}/proposals`;
  let asked = 0;
  await page.route(path, (route) => {
    asked += 1;
    // The first one is taken and never answered.
    if (asked > 1) void route.continue();
  });
  await set({ dialog: 'proposals' });
  await eventually('it is asked', () => asked === 1);
  await wall.cut();
  await connection('lost');
  await wall.mend();
  await page.evaluate(() => window.__gridwall.wall.feed.retry());
  await connection('live');
  await eventually('the proposals come by themselves', async () => (await at('proposals-band').count()) > 0);
  assert.equal(asked, 2);
  await page.unroute(path);
  await set({ dialog: null });
});

test('when the session is over it says so, keeps what is in hand, and goes on after signing in', { timeout: 240_000 }, async () => {
  await look(big.face);
  await page.keyboard.press('s');
  const { head, cells } = await planState();
  const { bounds: [west, south, east, north], label_lon: lon } = cells.find((cell) => cell.face === big.face);
  const over = (north - south) * 0.02;
  await press([lon, north + over]);
  await press([lon + (east - west) * 0.01, south - over]);
  await eventually('a line', async () => (await points()) === 2);
  // The session ends elsewhere: a changed password, a removed account, its time.
  await page.evaluate(() => fetch('api/v1/session', { method: 'DELETE', headers: { authorization: `Bearer ${sessionStorage.getItem('gridwall.session')}` } }));
  await page.keyboard.press('Enter');
  await at('sign-in-planner').waitFor();
  assert.match(await at('sign-in-planner').innerText(), /需要重新登录/);
  assert.equal(await points(), 2, 'the line is in hand');
  assert.equal((await planState()).cells.length, cells.length, 'the plan is in sight');
  await set({ dialog: 'review' });
  await at('dialog-sign-in').waitFor();
  await sane('signed out');
  await set({ dialog: null });
  await signIn('planner', '规划员', { door: 'planner-account' });
  await eventually('nothing is said of it any more', async () => (await at('sign-in-planner').count()) === 0);
  assert.equal(await points(), 2);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Enter');
  await eventually('the line is stored', async () => (await planState()).head !== head);
  await set({ tool: 'select' });
});

test('review and publishing go on where they were when the server dies', { timeout: 240_000 }, async () => {
  await set({ dialog: 'review' });
  await at('step-submit').click();
  await at('own-plan').waitFor();
  await second.page.waitForFunction((id) => window.__gridwall.planner.planner.plan.value?.id === id && window.__gridwall.planner.planner.plan.value.status === 'in_review', plan, { timeout: PATIENCE_MS });
  // The reviewer has an opinion half written when the server goes.
  const their = (testId) => at(testId, second.page);
  await second.page.evaluate(() => void (window.__gridwall.planner.planner.state.dialog = 'review'));
  await their('step-note').fill('同意，东边再看');
  await dies();
  await their('dialog-lost').waitFor();
  assert.equal(await their('step-note').inputValue(), '同意，东边再看');
  await comesBack();
  await second.page.evaluate(() => window.__gridwall.wall.feed.retry());
  await eventually('the reviewer too', async () => (await their('dialog-lost').count()) === 0);
  await their('step-approve').click();
  await at('step-publish').waitFor();
  await at('effective-nextMonth').click();
  const date = await at('effective-date').inputValue();
  for (const box of await page.locator('[data-testid^=acknowledge-]').all()) await box.check();
  await dies();
  await at('step-publish').click();
  await at('step-problem').waitFor();
  await sane('publishing into a lost link');
  await comesBack();
  assert.equal(await at('effective-date').inputValue(), date);
  await eventually('it may be published', () => at('step-publish').isEnabled());
  await at('step-publish').click();
  await eventually('published', async () => (await planState()).plan.status === 'published');
  assert.deepEqual(second.errors, []);
});

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));
