// A stand-in for `gridwall serve`, for working on the wall without the Rust side: `npm run mock`, then `npm run dev`.
// A fictional district of about 60 cells, deterministic from one seed; tickets arrive by themselves. No dependencies.
//   PORT=8790   GRIDWALL_UI=dist (serves the built UI too)   GRIDWALL_PMTILES=file.pmtiles (a base map, centre taken from it)
import { createServer } from 'node:http';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { plannerMock } from './planner-mock.mjs';

const port = Number(process.env.PORT ?? 8790);
const ui = process.env.GRIDWALL_UI ?? '';
let seed = 20260;
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const pick = (list) => list[Math.floor(random() * list.length)];

// ---- base map from a PMTiles file -------------------------------------------------------------------------------
function openPmtiles(path) {
  const fd = openSync(path, 'r');
  const read = (offset, length) => {
    const out = Buffer.alloc(length);
    readSync(fd, out, 0, length, offset);
    return out;
  };
  process.on('exit', () => closeSync(fd));
  const h = read(0, 127);
  const u64 = (at) => Number(h.readBigUInt64LE(at));
  const unpack = (buffer) => (h[97] === 2 ? gunzipSync(buffer) : buffer);
  const directory = (buffer) => {
    let at = 0;
    const varint = () => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = buffer[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
    const n = varint();
    const rows = Array.from({ length: n }, () => ({ id: 0, run: 0, length: 0, offset: 0 }));
    let id = 0;
    for (const row of rows) row.id = id += varint();
    for (const row of rows) row.run = varint();
    for (const row of rows) row.length = varint();
    rows.forEach((row, i) => {
      const value = varint();
      row.offset = value === 0 && i > 0 ? rows[i - 1].offset + rows[i - 1].length : value - 1;
    });
    return rows;
  };
  const root = directory(unpack(read(u64(8), u64(16))));
  const tileId = (z, x, y) => {
    let id = (4 ** z - 1) / 3;
    for (let s = 2 ** (z - 1); s >= 1; s /= 2) {
      const rx = (x & s) > 0 ? 1 : 0;
      const ry = (y & s) > 0 ? 1 : 0;
      id += s * s * ((3 * rx) ^ ry);
      if (ry === 0) {
        if (rx === 1) [x, y] = [s - 1 - (x & (s - 1)), s - 1 - (y & (s - 1))];
        [x, y] = [y, x];
      }
      x &= s - 1;
      y &= s - 1;
    }
    return id;
  };
  const find = (rows, id) => rows.findLast((row) => row.id <= id);
  return {
    bounds: [102, 106, 110, 114].map((at) => h.readInt32LE(at) / 1e7),
    minZoom: h[100],
    maxZoom: h[101],
    tile(z, x, y) {
      const id = tileId(z, x, y);
      let row = find(root, id);
      for (let depth = 0; row && row.run === 0 && depth < 3; depth += 1) {
        row = find(directory(unpack(read(u64(40) + row.offset, row.length))), id);
      }
      if (!row || row.run === 0 || id >= row.id + row.run) return null;
      const bytes = read(u64(56) + row.offset, row.length);
      return h[98] === 2 ? gunzipSync(bytes) : bytes;
    },
  };
}
const tiles = process.env.GRIDWALL_PMTILES ? openPmtiles(process.env.GRIDWALL_PMTILES) : null;
const [centreLon, centreLat] = tiles
  ? [(tiles.bounds[0] + tiles.bounds[2]) / 2, (tiles.bounds[1] + tiles.bounds[3]) / 2]
  : [120.62, 31.3];

// ---- the district ---------------------------------------------------------------------------------------------
const columns = 8;
const rows = 8;
const step = 0.0036;
const kx = 1 / Math.cos((centreLat * Math.PI) / 180);
const corner = [];
for (let r = 0; r <= rows; r += 1) {
  corner.push([]);
  for (let c = 0; c <= columns; c += 1) {
    const wobble = 0.42 * step;
    const x = (c - columns / 2) * step * 0.92 + (random() - 0.5) * wobble + (r - rows / 2) * 0.0003;
    const y = (r - rows / 2) * step * 0.72 + (random() - 0.5) * wobble * 0.6 - (c - columns / 2) * 0.0002;
    corner[r].push([centreLon + x * kx * 0.92, centreLat + y]);
  }
}
const bend = (a, b) => [(a[0] + b[0]) / 2 + (a[1] - b[1]) * 0.06, (a[1] + b[1]) / 2 + (b[0] - a[0]) * 0.06];
const communityNames = ['桃源社区', '望江社区', '清河社区', '翠园社区'];
const estates = ['锦绣', '和平', '幸福', '东风', '文昌', '荷塘', '金桥', '南塘', '学府', '长乐', '玉兰', '滨河'];
const surnames = '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗';
const given = ['建国', '秀英', '志强', '晓梅', '海燕', '文斌', '丽华', '永胜', '佳怡', '国栋', '雪', '凯', '敏', '俊'];
const person = () => surnames[Math.floor(random() * surnames.length)] + pick(given);
const owners = Array.from({ length: 22 }, person);
const cells = [];
for (let r = 0; r < rows; r += 1) {
  for (let c = 0; c < columns; c += 1) {
    if ((r === 0 || r === rows - 1) && (c === 0 || c === columns - 1)) continue;
    const [a, b, d, e] = [corner[r][c], corner[r][c + 1], corner[r + 1][c + 1], corner[r + 1][c]];
    const mid = (p, q) => (p[0] < q[0] || (p[0] === q[0] && p[1] < q[1]) ? bend(p, q) : bend(q, p));
    const ring = [a, mid(a, b), b, mid(b, d), d, mid(d, e), e, mid(e, a), a];
    const community = (r < rows / 2 ? 0 : 2) + (c < columns / 2 ? 0 : 1);
    const n = cells.length;
    const unowned = n % 19 === 7;
    cells.push({
      key: String(100 + n),
      ring,
      community,
      col: c,
      row: r,
      centre: [ring.slice(0, 8).reduce((s, p) => s + p[0], 0) / 8, ring.slice(0, 8).reduce((s, p) => s + p[1], 0) / 8],
      code: `32050600${community + 1}00${String(n).padStart(3, '0')}`.slice(0, 15),
      name: n % 13 === 5 ? `${pick(estates)}${pick(['小学', '医院', '商业广场', '公园'])}` : `${pick(estates)}${['一', '二', '三'][n % 3]}里网格`,
      kind: n % 13 === 5 ? 'dedicated' : 'basic',
      households: 280 + Math.floor(random() * 260),
      owner: unowned ? '' : owners[Math.floor(c / 2) + 5 * Math.floor(r / 2) + ((r + c) % 2)],
      color: unowned ? -1 : (c % 4) + 4 * (r % 2),
      weight: 0.25 + random() ** 3 * 4,
    });
  }
}
const cellKm2 = 0.098;
const areaOf = { cell: (t) => t.cell.key, community: (t) => `3205060${t.cell.community + 1}`, street: () => '320506001' };
const categories = [
  ['0101', '暴露垃圾', 'law_enforcement', 4, 12], ['0102', '占道经营', 'law_enforcement', 3, 4],
  ['0201', '邻里纠纷', 'public_security', 3, 24], ['0202', '消防通道堵塞', 'public_security', 2, 3],
  ['0203', '燃气泄漏', 'public_security', 1, 1], ['0301', '食品卫生', 'market_supervision', 3, 48],
  ['0302', '无证经营', 'market_supervision', 4, 72], ['0401', '路灯不亮', 'citizen_services', 4, 24],
  ['0402', '下水道堵塞', 'citizen_services', 3, 12], ['0403', '井盖缺失', 'citizen_services', 2, 2],
  ['0404', '电梯困人', 'citizen_services', 1, 1], ['0405', '噪声扰民', 'law_enforcement', 4, 8],
].map(([code, name, platform, severity, hours]) => ({ code, name, platform, severity, hours }));
const channels = ['grid_staff', 'hotline', 'resident', 'camera', 'sensor', 'patrol'];
const hour = 3600e3;
const tickets = [];
let revision = 1;
let nextId = 1;
function newTicket(at) {
  let total = cells.reduce((s, c) => s + c.weight, 0) * random();
  const cell = cells.find((c) => (total -= c.weight) <= 0) ?? cells[0];
  const category = random() < 0.04 ? pick(categories.filter((c) => c.severity === 1)) : pick(categories.filter((c) => c.severity > 1));
  const [u, v] = [random(), random()];
  const p = [0, 1].map((k) => cell.centre[k] + ((cell.ring[0][k] - cell.centre[k]) * u + (cell.ring[2][k] - cell.centre[k]) * v) * (random() < 0.5 ? 0.55 : -0.55));
  const handled = category.hours * hour * (0.2 + random() ** 2 * 2.1);
  const ticket = {
    id: nextId++, cell, category, lon: p[0], lat: p[1], reported: at, due: at + category.hours * hour,
    closes: at + handled, severity: category.severity, channel: pick(channels),
    place: `${pick(estates)}路 ${1 + Math.floor(random() * 200)} 号`,
  };
  tickets.push(ticket);
  return ticket;
}
const start = Date.now();
for (let t = start - 7 * 24 * hour; t < start; ) {
  const h = (new Date(t + 8 * hour).getUTCHours() + 24) % 24;
  const rate = 3 + 16 * Math.exp(-(((h - 10) / 3.5) ** 2)) + 12 * Math.exp(-(((h - 19) / 3) ** 2));
  t += (-Math.log(1 - random()) / rate) * hour;
  if (t < start) newTicket(t);
}
const open = (t, at) => t.reported <= at && t.closes > at;
const overdue = (t, at) => open(t, at) && t.due < at;
const midnight = (at) => Math.floor((at + 8 * hour) / (24 * hour)) * 24 * hour - 8 * hour;
const weight = (t, at) => [0, 8, 4, 2, 1][t.severity] * 0.5 ** ((at - t.reported) / (12 * hour));
const status = (t, at) => (!open(t, at) ? 'closed' : at - t.reported < 0.1 * hour ? 'received' : at - t.reported < 0.4 * hour ? 'dispatched' : 'in_progress');
const alarm = (t, at) => (!open(t, at) ? '' : t.severity === 1 ? 'red' : t.severity === 2 && t.due < at ? 'orange' : t.severity === 2 && at - t.reported < hour ? 'yellow' : '');
const view = (t, at) => ({
  id: t.id, external_id: `M-${t.id}`, title: `${t.place}${t.category.name}`, category: t.category.code, category_name: t.category.name,
  platform: t.category.platform, channel: t.channel, severity: t.severity, status: status(t, at), open: open(t, at), overdue: overdue(t, at),
  alarm: alarm(t, at), lon: t.lon, lat: t.lat, cell_key: t.cell.key, cell_code: t.cell.code, cell_name: t.cell.name,
  reported_ms: Math.round(t.reported), since_ms: Math.round(t.reported), ahead: false, reopened: false, due_ms: Math.round(t.due), closed_ms: t.closes <= at ? Math.round(t.closes) : null,
});
function statsAt(at) {
  const table = new Map();
  const line = (key, km2) => {
    if (!table.has(key)) table.set(key, { key, open: 0, overdue: 0, received_today: 0, closed_today: 0, heat: 0, time_left_s: null, km2, left: [] });
    return table.get(key);
  };
  for (const cell of cells) for (const [level, km2] of [['cell', cellKm2], ['community', cellKm2 * 15], ['street', cellKm2 * 60]]) line(areaOf[level]({ cell }), km2);
  const day = midnight(at);
  for (const t of tickets) {
    if (t.reported > at) continue;
    for (const level of ['cell', 'community', 'street']) {
      const s = line(areaOf[level](t));
      if (open(t, at)) {
        s.open += 1;
        s.heat += weight(t, at) / s.km2;
        s.left.push((t.due - at) / 1000);
        if (overdue(t, at)) s.overdue += 1;
      } else if (t.closes >= day) s.closed_today += 1;
      if (t.reported >= day) s.received_today += 1;
    }
  }
  return [...table.values()].map(({ left, ...s }) => ({ ...s, time_left_s: left.length ? left.sort((a, b) => a - b)[left.length >> 1] : null }));
}
function figureValues(at) {
  const day = midnight(at);
  const known = tickets.filter((t) => t.reported <= at);
  const due = known.filter((t) => t.due >= day && t.due <= at);
  const onTime = due.filter((t) => t.closes <= t.due).length;
  return {
    received_today: [known.filter((t) => t.reported >= day).length],
    open: [known.filter((t) => open(t, at)).length],
    on_time: [due.length ? onTime / due.length : null, onTime, due.length],
    overdue: [known.filter((t) => overdue(t, at)).length],
    closed_today: [known.filter((t) => t.closes >= day && t.closes <= at).length],
  };
}
function figures(at) {
  const today = figureValues(at);
  const before = figureValues(at - 24 * hour);
  const hours = Array.from({ length: 24 }, (_, i) => at - (23 - i) * hour);
  const spans = hours.map(figureValues);
  return Object.keys(today).map((key) => ({
    key, value: today[key][0], numerator: today[key][1] ?? null, denominator: today[key][2] ?? null, yesterday: before[key][0],
    spark: key === 'received_today' ? hours.map((h) => tickets.filter((t) => t.reported > h - hour && t.reported <= h).length)
      : key === 'closed_today' ? hours.map((h) => tickets.filter((t) => t.closes > h - hour && t.closes <= h).length) : spans.map((s) => s[key][0] ?? 0),
  }));
}
const staff = Array.from({ length: 36 }, (_, i) => ({
  id: i + 1, name: person(), role: i % 6 === 0 ? '网格长' : '网格员', unit: communityNames[i % 4], duty: i % 5 === 4 ? 'off_duty' : 'on_duty',
  lon: centreLon + (random() - 0.5) * 0.024, lat: centreLat + (random() - 0.5) * 0.016, at_ms: start - Math.floor(random() * 600e3), ahead: false,
}));
const cameras = Array.from({ length: 40 }, (_, i) => ({
  id: i + 1, name: `${pick(estates)}路口 ${i + 1} 号机`, state: i % 9 === 8 ? 'offline' : 'online', lon: centreLon + (random() - 0.5) * 0.026,
  lat: centreLat + (random() - 0.5) * 0.018, heading: Math.floor(random() * 360), fov: 50 + Math.floor(random() * 50), range: 60 + random() * 60,
}));
const sites = ['school', 'hospital', 'station', 'bank', 'gas'].flatMap((kind, k) => Array.from({ length: 3 }, (_, i) => ({
  id: k * 3 + i + 1, name: `${pick(estates)}${{ school: '小学', hospital: '卫生院', station: '车站', bank: '支行', gas: '加油站' }[kind]}`, kind,
  lon: centreLon + (random() - 0.5) * 0.024, lat: centreLat + (random() - 0.5) * 0.016,
})));

// ---- answers ------------------------------------------------------------------------------------------------------
const lons = cells.flatMap((c) => c.ring.map((p) => p[0]));
const lats = cells.flatMap((c) => c.ring.map((p) => p[1]));
const bounds = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
const clock = (at) => ({ kind: 'system', now_ms: at ?? Date.now(), speed: 1, later: 0 });
let lastFeed = Date.now();
const freshness = () => ({ last_write_ms: lastFeed, last_feed_ms: lastFeed, store_ok: true, store_trouble: null, served_ms: Date.now() });
const wall = (at) => ({
  title: '清河街道 社会治理指挥', demo: true, version: 'mock', zone: 'Asia/Shanghai', zone_proposed: null, revision, clock: clock(at), bounds,
  base_map: tiles ? { tiles: 'basemap/{z}/{x}/{y}.mvt', min_zoom: tiles.minZoom, max_zoom: tiles.maxZoom, attribution: '© OpenStreetMap contributors' } : null,
  networks: [{ key: 'general', name: '全科网格' }], network: 'general',
  plan: { id: 1, name: '2026 网格方案', status: 'published', effective_from_ms: start - 90 * 24 * hour }, cell_count: cells.length,
  heat: { half_life_h: 12, sigma_m: 120, scale_max: 160, cell_scale_max: 120, time_left_span_h: 24 },
  actor: { who: 'wall', role: 'viewer', station: 'mock' }, categories: categories.map(({ code, name, platform }) => ({ code, name, platform })),
});
const snapshot = (at) => {
  const when = at ?? Date.now();
  const known = tickets.filter((t) => t.reported <= when).sort((a, b) => b.reported - a.reported);
  const grave = known.filter((t) => alarm(t, when)).slice(0, 20);
  const newest = [...new Set([...known.slice(0, 180), ...grave])].sort((a, b) => b.reported - a.reported);
  return { revision, clock: clock(at), as_of: at !== null, figures: figures(when), areas: statsAt(when), tickets: newest.map((t) => view(t, when)), staff, freshness: freshness() };
};
const cellProperties = (c) => ({
  key: c.key, code: c.code, name: c.name, kind: c.kind, parent_code: `32050600${c.community + 1}`, parent_name: communityNames[c.community], households: c.households,
  owner: c.owner, owner_color: c.color, area_km2: cellKm2, label_lon: c.centre[0], label_lat: c.centre[1],
});
/** The outer ring of a group of cells: its edges that occur once, joined end to end. */
function outline(list) {
  const name = (p) => p.join(' ');
  const edges = new Map();
  for (const c of list) for (let i = 0; i + 1 < c.ring.length; i += 1) {
    const back = `${name(c.ring[i + 1])}|${name(c.ring[i])}`;
    if (!edges.delete(back)) edges.set(`${name(c.ring[i])}|${name(c.ring[i + 1])}`, [c.ring[i], c.ring[i + 1]]);
  }
  const next = new Map([...edges.values()].map(([p, q]) => [name(p), q]));
  const rings = [];
  while (next.size > 0) {
    const ring = [[...next.keys()][0].split(' ').map(Number)];
    for (let at = name(ring[0]); next.has(at); ) {
      const p = next.get(at);
      next.delete(at);
      ring.push(p);
      at = name(p);
    }
    rings.push([ring]);
  }
  return rings;
}
function areas(level) {
  const feature = (properties, coordinates) => ({ type: 'Feature', properties, geometry: { type: 'MultiPolygon', coordinates } });
  if (level === 'cell') return { type: 'FeatureCollection', features: cells.map((c) => feature(cellProperties(c), [[c.ring]])) };
  const groups = level === 'community' ? communityNames.map((name, i) => [`3205060${i + 1}`, name, cells.filter((c) => c.community === i)]) : [['320506001', '清河街道', cells]];
  return {
    type: 'FeatureCollection',
    features: groups.map(([key, name, list], i) => feature({
      key, code: key, name, kind: '', parent_code: '', parent_name: level === 'community' ? '清河街道' : '', households: list.reduce((s, c) => s + c.households, 0),
      owner: '', owner_color: i, area_km2: cellKm2 * list.length, label_lon: list.reduce((s, c) => s + c.centre[0], 0) / list.length, label_lat: list.reduce((s, c) => s + c.centre[1], 0) / list.length,
    }, outline(list))),
  };
}
const mercator = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
function heat(q, at) {
  const [west, south, east, north] = ['west', 'south', 'east', 'north'].map((k) => Number(q.get(k)));
  const [width, height] = [Number(q.get('width')), Number(q.get('height'))];
  const sum = new Float32Array(width * height);
  const time = new Float32Array(width * height);
  const sigma = 120;
  const metres = 111320 * Math.cos((centreLat * Math.PI) / 180);
  const px = ((east - west) * metres) / width;
  const reach = Math.ceil((3 * sigma) / px);
  const left = q.get('mode') === 'time_left';
  for (const t of tickets) {
    if (!open(t, at)) continue;
    const x = ((t.lon - west) / (east - west)) * width;
    const y = ((mercator(north) - mercator(t.lat)) / (mercator(north) - mercator(south))) * height;
    const w = left ? 1 : weight(t, at);
    for (let j = Math.max(0, Math.floor(y - reach)); j < Math.min(height, y + reach); j += 1) {
      for (let i = Math.max(0, Math.floor(x - reach)); i < Math.min(width, x + reach); i += 1) {
        const k = (w * Math.exp((-((i - x) ** 2 + (j - y) ** 2) * px * px) / (2 * sigma * sigma))) / (2 * Math.PI * (sigma / 1000) ** 2);
        sum[j * width + i] += k;
        time[j * width + i] += (k * (t.due - at)) / hour;
      }
    }
  }
  const out = Buffer.alloc(width * height);
  let peak = 0;
  for (let i = 0; i < sum.length; i += 1) {
    peak = Math.max(peak, sum[i]);
    out[i] = left ? (sum[i] > 1.2 ? Math.max(1, Math.min(255, 128 + (127 * time[i]) / sum[i] / 24)) : 0) : Math.min(255, Math.ceil((sum[i] / 160) * 255));
  }
  return [out, { 'x-heat-peak': String(peak), 'x-heat-max': '160', 'x-heat-at-ms': String(at), 'x-heat-revision': String(revision) }];
}
const metresBetween = (a, b) => Math.hypot((a.lon - b.lon) * 95000, (a.lat - b.lat) * 111000);
const near = (list, kind, at, state) => list.map((p) => ({ kind, id: p.id, name: p.name, state: state(p), lon: p.lon, lat: p.lat, distance_m: metresBetween(p, at), walk_s: (metresBetween(p, at) * 1.3) / 1.2 }))
  .sort((a, b) => a.distance_m - b.distance_m).slice(0, 5);
const ownersOf = (cell) => (cell.owner === '' ? [] : [
  { name: cell.owner, kind: 'person', role: 'leader', duty: 'on_duty', staff_id: 1 }, { name: owners[cell.col], kind: 'person', role: 'full_time', duty: 'on_duty', staff_id: 2 },
  { name: owners[cell.row + 8], kind: 'person', role: 'part_time', duty: 'off_duty', staff_id: null }, { name: '清河派出所', kind: 'unit', role: 'police', duty: 'unknown', staff_id: null }]);
function areaCard(level, key, at) {
  const feature = areas(level).features.find((f) => f.properties.key === key);
  if (!feature) return null;
  const inside = tickets.filter((t) => areaOf[level](t) === key && t.reported <= at);
  const cell = cells.find((c) => c.key === key) ?? { ring: [], centre: [0, 0] };
  return {
    area: feature.properties, level, stat: statsAt(at).find((s) => s.key === key), owners: level === 'cell' ? ownersOf(cell) : [],
    categories: categories.map((c) => ({ name: c.name, code: c.code, open: inside.filter((t) => t.category === c && open(t, at)).length, recent: inside.filter((t) => t.category === c).length })).filter((c) => c.recent).sort((a, b) => b.recent - a.recent),
    last_24h: Array.from({ length: 24 }, (_, i) => inside.filter((t) => t.reported > at - (24 - i) * hour && t.reported <= at - (23 - i) * hour).length),
    tickets: inside.filter((t) => open(t, at)).sort((a, b) => a.severity - b.severity || a.due - b.due).slice(0, 20).map((t) => view(t, at)),
    cameras: cameras.slice(0, 3).map((c) => ({ kind: 'camera', id: c.id, name: c.name, state: c.state, lon: c.lon, lat: c.lat, distance_m: null, walk_s: null })),
    sites: sites.slice(0, 2).map((c) => ({ kind: 'site', id: c.id, name: c.name, state: c.kind, lon: c.lon, lat: c.lat, distance_m: null, walk_s: null })), at_ms: at,
  };
}
function ticketCard(id, at) {
  const t = tickets.find((x) => x.id === id);
  if (!t) return null;
  const steps = [['', 'received', 0, 'intake', '值班员'], ['received', 'filed', 0.03, 'move', '值班员'], ['filed', 'dispatched', 0.1, 'move', '指挥室'], ['dispatched', 'in_progress', 0.4, 'move', t.cell.owner || '网格员'], ['in_progress', 'closed', (t.closes - t.reported) / hour, 'move', t.cell.owner || '网格员']];
  return {
    ticket: view(t, at), source: 'mock', description: `居民反映${t.place}附近${t.category.name}，请尽快派员核实处置。`, withheld: false, address: t.place, inverted_times: false, owners: ownersOf(t.cell),
    history: steps.filter((s) => t.reported + s[2] * hour <= at).map(([from, to, h, kind, actor]) => ({ from, to, at_ms: Math.round(t.reported + h * hour), recorded_ms: Math.round(t.reported + h * hour), told: true, ahead: false, applied: true, actor, reason: '', kind })),
    cameras: near(cameras, 'camera', t, (c) => c.state), staff: near(staff.filter((s) => s.duty === 'on_duty'), 'staff', t, (s) => s.duty), at_ms: at,
  };
}
function points(q, at) {
  const [west, south, east, north] = ['west', 'south', 'east', 'north'].map((k) => Number(q.get(k)));
  const kinds = (q.get('kinds') ?? '').split(',');
  const none = { severity: 0, overdue: false, heading_deg: null, fov_deg: null, range_m: null };
  const all = [
    ...tickets.filter((t) => open(t, at)).map((t) => [t, { ...none, kind: 'ticket', id: t.id, name: t.category.name, state: status(t, at), severity: t.severity, overdue: overdue(t, at) }]),
    ...cameras.map((c) => [c, { ...none, kind: 'camera', id: c.id, name: c.name, state: c.state, heading_deg: c.heading, fov_deg: c.fov, range_m: c.range }]),
    ...staff.map((s) => [s, { ...none, kind: 'staff', id: s.id, name: s.name, state: s.duty }]),
    ...sites.map((s) => [s, { ...none, kind: 'site', id: s.id, name: s.name, state: s.kind }]),
  ].filter(([p, o]) => kinds.includes(o.kind) && p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north);
  return { type: 'FeatureCollection', features: all.map(([p, properties]) => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: [p.lon, p.lat] } })) };
}
const searchAll = (text) => [
  ...cells.map((c) => ({ kind: 'area', key: `cell:${c.key}`, title: c.name, subtitle: `${c.code} · ${communityNames[c.community]}`, lon: c.centre[0], lat: c.centre[1] })),
  ...tickets.slice(-300).reverse().map((t) => ({ kind: 'ticket', key: String(t.id), title: `${t.place}${t.category.name}`, subtitle: t.cell.name, lon: t.lon, lat: t.lat })),
  ...cameras.map((c) => ({ kind: 'camera', key: String(c.id), title: c.name, subtitle: c.state, lon: c.lon, lat: c.lat })),
  ...staff.map((s) => ({ kind: 'staff', key: String(s.id), title: s.name, subtitle: `${s.role} · ${s.unit}`, lon: s.lon, lat: s.lat })),
].filter((h) => h.title.includes(text) || h.key.startsWith(text) || h.subtitle.includes(text)).slice(0, 20);

// ---- live ---------------------------------------------------------------------------------------------------------
const listeners = new Set();
function tick() {
  const from = revision;
  const now = Date.now();
  const fresh = random() < 0.35 ? [newTicket(now)] : [];
  for (const s of staff) {
    if (random() < 0.3 && s.duty === 'on_duty') Object.assign(s, { lon: s.lon + (random() - 0.5) * 0.0003, lat: s.lat + (random() - 0.5) * 0.0003, at_ms: now });
  }
  if (fresh.length) lastFeed = now;
  revision += fresh.length;
  const closed = tickets.filter((t) => t.closes <= now && t.closes > now - 2000);
  const frame = { from_revision: from, to_revision: revision, clock: clock(), figures: fresh.length || closed.length ? figures(now) : null, areas: fresh.length ? statsAt(now) : [], tickets: [...fresh, ...closed].map((t) => view(t, now)), staff: staff.slice(0, 12), reload: false, freshness: freshness() };
  for (const response of listeners) response.write(`id: ${revision}\ndata: ${JSON.stringify(frame)}\n\n`);
}
setInterval(tick, 2000);
/** As strict as the real server's: what breaks there breaks here. */
const policy = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src 'self'; object-src 'none'; base-uri 'none'";
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const planner = plannerMock(cells, outline, communityNames);
async function jsonOf(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text === '' ? {} : JSON.parse(text);
}
createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  const q = url.searchParams;
  const at = q.get('as_of') ? Date.parse(q.get('as_of')) : null;
  const when = at ?? Date.now();
  const json = (value, code = 200) => response.writeHead(code, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(JSON.stringify(value));
  const path = url.pathname;
  const planned = path.startsWith('/api/v1/plan') ? planner(request.method, path, request.method === 'GET' ? {} : await jsonOf(request)) : null;
  if (planned) return json(planned[1], planned[0]);
  if (path === '/api/v1/wall') return json(wall(at));
  if (path === '/api/v1/snapshot') return json(snapshot(at));
  if (path === '/api/v1/areas') return json(areas(q.get('level')));
  if (path === '/api/v1/points') return json(points(q, when));
  if (path === '/api/v1/area-card' || path === '/api/v1/ticket-card') {
    const card = path.endsWith('area-card') ? areaCard(q.get('level'), q.get('key'), when) : ticketCard(Number(q.get('id')), when);
    return card ? json(card) : json({ code: 'not_found', message: 'no such thing' }, 404);
  }
  if (path === '/api/v1/search') return json(searchAll(q.get('q') ?? ''));
  if (path === '/api/v1/histogram') {
    const [from, to, n] = [Date.parse(q.get('from')), Date.parse(q.get('to')), Number(q.get('buckets') ?? 120)];
    const count = (field) => { const out = new Array(n).fill(0); for (const t of tickets) if (t[field] >= from && t[field] < to) out[Math.floor(((t[field] - from) / (to - from)) * n)] += 1; return out; };
    return json({ from_ms: from, bucket_s: (to - from) / n / 1000, received: count('reported'), closed: count('closes') });
  }
  if (path === '/api/v1/heat') {
    const [bytes, headers] = heat(q, when);
    return response.writeHead(200, { 'content-type': 'application/octet-stream', ...headers }).end(bytes);
  }
  if (path === '/api/v1/frames') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(': hello\n\n');
    listeners.add(response);
    return request.on('close', () => listeners.delete(response));
  }
  const tile = /^\/basemap\/(\d+)\/(\d+)\/(\d+)\.mvt$/.exec(path);
  if (tile) {
    const bytes = tiles?.tile(Number(tile[1]), Number(tile[2]), Number(tile[3]));
    return bytes ? response.writeHead(200, { 'content-type': 'application/vnd.mapbox-vector-tile' }).end(bytes) : response.writeHead(204).end();
  }
  if (path === '/healthz') return response.writeHead(200).end('ok');
  const file = ui && join(ui, normalize(path === '/' ? '/index.html' : path));
  if (file && existsSync(file)) return response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy }).end(readFileSync(file));
  return json({ code: 'not_found', message: path }, 404);
}).listen(port, '127.0.0.1', () => console.log(`mock wall on http://127.0.0.1:${port}/`));
