// The planner's routes for the mock wall: two plans, borders from shared points, and the edits that need no geometry library
// (vertices, merging). Everything else is refused with `not_in_mock`; the real service is the place to try it.

const name = (p) => p.join(' ');
const fc = (features) => ({ type: 'FeatureCollection', features });

/** The borders of cells as edges between nodes, each once. */
function edgesOf(cells) {
  const segments = new Map();
  for (const [face, { ring }] of cells) for (let i = 0; i + 1 < ring.length; i += 1) {
    const [a, b] = [ring[i], ring[i + 1]];
    const back = segments.get(`${name(b)}|${name(a)}`);
    if (back) back.right = face;
    else segments.set(`${name(a)}|${name(b)}`, { a, b, left: face, right: null });
  }
  const beside = new Map();
  for (const s of segments.values()) for (const p of [s.a, s.b]) beside.set(name(p), [...(beside.get(name(p)) ?? []), s]);
  const isNode = (p) => beside.get(name(p)).length !== 2;
  const open = new Set(segments.values());
  const out = [];
  const follow = (first, start) => {
    open.delete(first);
    const points = [start, start === first.a ? first.b : first.a];
    for (let at = points[1]; !isNode(at); at = points.at(-1)) {
      const next = beside.get(name(at)).find((s) => open.has(s));
      if (!next) break;
      open.delete(next);
      points.push(name(next.a) === name(at) ? next.b : next.a);
    }
    out.push({ left: first.left, right: first.right, points });
  };
  for (const s of segments.values()) if (open.has(s) && (isNode(s.a) || isNode(s.b))) follow(s, isNode(s.a) ? s.a : s.b);
  for (const s of segments.values()) if (open.has(s)) follow(s, s.a);
  return out.map((e) => ({ ...e, id: [...name(e.points[0] < e.points.at(-1) ? e.points[0] : e.points.at(-1)) + name(e.points[1])].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7) }));
}

/** Metres², flat. */
function area(ring) {
  const k = 111_320 ** 2 * Math.cos((ring[0][1] * Math.PI) / 180);
  return Math.abs(ring.slice(1).reduce((s, p, i) => s + ring[i][0] * p[1] - p[0] * ring[i][1], 0) / 2) * k;
}

export function plannerMock(cells, outline, communities) {
  const base = new Map(cells.map((c, i) => [i + 1, { ring: c.ring, code: c.code, name: c.name, kind: c.kind, community: c.community, density: c.households / area(c.ring), owner: c.owner }]));
  const settings = { band_low: 300, band_high: 500, weights: { household: 1, ticket_by_severity: [8, 4, 2, 1], open: 2, area_km2: 50, patrol_km: 10 }, code_sequence_digits: 3, split_policy: 'larger', merge_policy: 'into' };
  const draft = { edits: [], head: null, undone: [] };
  const summary = (id) => ({
    id, network: 'general', name: id === 1 ? '2026 网格方案' : '秋季调整', status: id === 1 ? 'published' : 'draft', in_force: id === 1, approved: false, effective_from_ms: id === 1 ? Date.UTC(2026, 7, 24, 16) : null,
    effective_to_ms: null, base_plan: id === 1 ? null : 1, author: '李规划', submitted_by: '', reviewed_by: '', people: {}, review_note: '', cells: base.size, edits: id === 1 ? 0 : draft.edits.length, changed_ms: Date.now(),
  });
  const coming = { ...summary(1), id: 3, name: '南塘合并', in_force: false, effective_from_ms: Date.now() + 9 * 86400e3, base_plan: 1 };
  const refuse = (code, at, faces = []) => Object.assign(new Error(code), { refusal: { code, message: code.replaceAll('_', ' '), lon: at?.[0] ?? null, lat: at?.[1] ?? null, faces } });

  /** State after an edit; never changes what it is given. */
  function applied(state, edit) {
    const next = new Map(state);
    const change = (ring, face) => next.set(face, { ...next.get(face), ring });
    if (edit.kind === 'batch') return edit.edits.reduce(applied, state);
    if (edit.kind === 'merge') {
      const rings = outline([edit.into, ...edit.from].map((f) => state.get(f)));
      if (rings.length !== 1) throw refuse('not_neighbours', null, [edit.into, ...edit.from]);
      const [into, from] = [state.get(edit.into), edit.from.map((f) => state.get(f))];
      const people = [into, ...from].reduce((s, c) => s + c.density * area(c.ring), 0);
      next.set(edit.into, { ...into, ring: rings[0][0], density: people / area(rings[0][0]) });
      for (const f of edit.from) next.delete(f);
      return next;
    }
    if (edit.kind === 'describe') {
      const { code, name: called, cell_kind: kind } = edit;
      const now = next.get(edit.face);
      return next.set(edit.face, { ...now, code: code ?? now.code, name: called ?? now.name, kind: kind ?? now.kind });
    }
    const same = (p, q) => Math.abs(p[0] - q[0]) < 5e-10 && Math.abs(p[1] - q[1]) < 5e-10;
    let found = 0;
    for (const [face, cell] of state) {
      const closed = (points) => change([...points, points[0]], face);
      const points = cell.ring.slice(0, -1);
      const i = points.findIndex((p) => same(p, edit.kind === 'move_vertex' ? edit.from : edit.kind === 'insert_vertex' ? edit.a : (edit.at ?? [0, 0])));
      if (i < 0) continue;
      if (edit.kind === 'move_vertex') closed(points.map((p, k) => (k === i ? edit.to : p)));
      else if (edit.kind === 'delete_vertex') {
        const users = [...state.values()].filter((c) => c.ring.some((p) => same(p, edit.at))).length;
        if (users > 2) throw refuse('nothing_there', edit.at);
        closed(points.filter((_, k) => k !== i));
      } else if (edit.kind === 'insert_vertex') {
        const after = same(points[(i + 1) % points.length], edit.b);
        const before = same(points[(i + points.length - 1) % points.length], edit.b);
        if (!after && !before) continue;
        points.splice(after ? i + 1 : i, 0, edit.at);
        closed(points);
      } else throw refuse('not_in_mock', null);
      found += 1;
    }
    if (edit.kind === 'move_vertex' && found < 2 && !edit.outer) throw refuse('outer_border', edit.from);
    if (found === 0) throw refuse(['move_vertex', 'delete_vertex', 'insert_vertex'].includes(edit.kind) ? 'nothing_there' : 'not_in_mock', edit.at ?? edit.from ?? edit.line?.[0]);
    return next;
  }
  const chain = (id) => (id === null ? [] : [...chain(draft.edits[id - 1].parent), draft.edits[id - 1]]);
  const now = (head) => chain(head).reduce((s, e) => applied(s, e.body), base);
  let state = base;

  function figures([face, cell], known) {
    const m2 = area(cell.ring);
    const households = cell.density * m2;
    const was = known.get(face);
    return {
      face, code: cell.code, name: cell.name, kind: cell.kind, community_code: `32050600${cell.community + 1}`, community_name: communities[cell.community], households, households_from: 'area_share', population: households * 2.7,
      area_m2: m2, perimeter_m: 4 * Math.sqrt(m2), tickets_90d: [1, 4, 11, 20], open: 3, staff: 2, patrol_m: 2400, workload: households + 90, compactness: 0.7, parts: 1, holes: 0,
      band: cell.kind === 'dedicated' ? 'in' : households < 300 ? 'under' : households > 500 ? 'over' : 'in', owners: [], changed: !was || was.ring !== cell.ring || was.name !== cell.name,
      label_lon: cell.ring.slice(1).reduce((s, p) => s + p[0], 0) / (cell.ring.length - 1), label_lat: cell.ring.slice(1).reduce((s, p) => s + p[1], 0) / (cell.ring.length - 1),
      bounds: [0, 1].map((i) => Math.min(...cell.ring.map((p) => p[i]))).concat([0, 1].map((i) => Math.max(...cell.ring.map((p) => p[i])))),
    };
  }
  const polygon = (face, cell, properties) => ({ type: 'Feature', id: face, properties, geometry: { type: 'MultiPolygon', coordinates: [[cell.ring]] } });
  const edgeFeatures = (s, only) => edgesOf(s).filter((e) => !only || only.has(e.left) || only.has(e.right)).map((e) => ({ type: 'Feature', id: e.id, properties: { edge: e.id, left: e.left, right: e.right }, geometry: { type: 'LineString', coordinates: e.points } }));
  function result(before, after, head) {
    const changed = [...after].filter(([f, c]) => before.get(f)?.ring !== c.ring || before.get(f)?.name !== c.name || before.get(f)?.code !== c.code);
    const removed = [...before.keys()].filter((f) => !after.has(f));
    return {
      head, changed: changed.map((c) => figures(c, base)), removed, cells: fc(changed.map(([f, c]) => polygon(f, c, { face: f }))), edges: fc(edgeFeatures(after, new Set([...changed.map(([f]) => f), ...removed]))),
      findings: { looked_at: [...before.keys(), ...after.keys()], cells: findings(after), plan: null }, can_undo: head !== null, redo: draft.undone,
    };
  }
  const findings = (s) => [...s].filter(([, c]) => c.owner === '').slice(0, 4).map(([f, c]) => ({ level: 'incomplete', code: 'no_owner', faces: [f], cells: [c.code], lon: c.ring[0][0], lat: c.ring[0][1], values: {}, blocks: true, scope: 'cells' }));
  const go = (head) => {
    const before = state;
    state = now(head);
    draft.head = head;
    return result(before, state, head);
  };

  /** Answers a request, or `null` when it is none of the planner's: `[status, value]`. */
  return (method, path, body) => {
    if (path === '/api/v1/plans') return [200, [coming, summary(2), summary(1)]];
    if (path === '/api/v1/planning/settings') return [200, settings];
    if (path === '/api/v1/planning/streets') return [200, fc([])];
    const [, id, what] = /^\/api\/v1\/plans\/(\d+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (!id) return null;
    const own = id === '2';
    const s = own ? state : base;
    const plan = id === '3' ? coming : summary(Number(id));
    if (!what) return [200, { plan, editable: own, why_not: own ? '' : 'published', head: own ? draft.head : null, can_undo: own && draft.head !== null, redo: own ? draft.undone : [], cells: [...s].map((c) => figures(c, base)), findings: findings(s), settings, communities: Object.fromEntries(communities.map((c, i) => [`32050600${i + 1}`, c])) }];
    if (what === 'cells') return [200, fc([...s].map(([f, c]) => { const { face, code, name: called, kind, band, households } = figures([f, c], base); return polygon(f, c, { face, code, name: called, kind, band, households }); }))];
    if (what === 'edges') return [200, fc(edgeFeatures(s))];
    if (what === 'history') return [200, { head: draft.head, edits: draft.edits.map((e) => ({ id: e.id, parent: e.parent, kind: e.body.kind, cells: [], actor: '李规划', at_ms: e.at, applied: chain(draft.head).includes(e) })), snapshots: [] }];
    if (method !== 'POST' || !own) return null;
    try {
      if (what === 'preview') return [200, { ...result(state, applied(state, body.edit), draft.head) }];
      if (what === 'edits') {
        applied(state, body.edit);
        const edit = { id: draft.edits.length + 1, parent: draft.head, body: body.edit, at: Date.now() };
        draft.edits.push(edit);
        draft.undone = [];
        return [200, go(edit.id)];
      }
      if (what === 'undo') {
        draft.undone = [draft.head, ...draft.undone];
        return [200, go(draft.edits[draft.head - 1].parent)];
      }
      if (what === 'redo') {
        const again = body.edit ?? draft.undone[0];
        draft.undone = draft.undone.filter((e) => e !== again);
        return [200, go(again)];
      }
      if (what === 'goto') return [200, go(body.edit)];
    } catch (error) {
      if (error.refusal) return [422, error.refusal];
      throw error;
    }
    return null;
  };
}
