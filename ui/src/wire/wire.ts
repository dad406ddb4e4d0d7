// Generated from src-tauri/crates/wall-service/src/wire.rs. Do not edit.

export type ClockKind = "system" | "fixed" | "replay";

export type Clock = { 
/**
 * Whose clock.
 */
kind: ClockKind, 
/**
 * The wall's now.
 */
now_ms: number, 
/**
 * Seconds of wall time per second of real time: 1 system, 0 fixed or paused.
 */
speed: number, };

export type BaseMap = { 
/**
 * URL template below the host's root: `basemap/{z}/{x}/{y}.mvt`.
 */
tiles: string, 
/**
 * Smallest zoom with tiles.
 */
min_zoom: number, 
/**
 * Largest zoom with tiles (overzoomed beyond).
 */
max_zoom: number, 
/**
 * Attribution to show.
 */
attribution: string, };

export type NetworkView = { 
/**
 * `general`, `police` …
 */
key: string, 
/**
 * Name on screen.
 */
name: string, };

export type PlanView = { 
/**
 * Identity.
 */
id: number, 
/**
 * Name.
 */
name: string, 
/**
 * draft, in_review, published, retired.
 */
status: string, 
/**
 * Start of force.
 */
effective_from_ms: number | null, };

export type ActorView = { 
/**
 * Name or account.
 */
who: string, 
/**
 * viewer, operator, leader, planner, registrar, admin, feed.
 */
role: string, 
/**
 * Which station.
 */
station: string, };

export type HeatInfo = { 
/**
 * After this many hours a ticket weighs half.
 */
half_life_h: number, 
/**
 * Standard deviation of the kernel in metres.
 */
sigma_m: number, 
/**
 * Density (weighted open tickets per km²) at the top of the colour ramp: fixed while the wall runs.
 */
scale_max: number, 
/**
 * The same top for whole cells.
 */
cell_scale_max: number, 
/**
 * Half width of the time-left scale in hours.
 */
time_left_span_h: number, };

export type CategoryView = { 
/**
 * Code as tickets carry it.
 */
code: string, 
/**
 * Name.
 */
name: string, 
/**
 * public_security, market_supervision, law_enforcement, citizen_services, or empty.
 */
platform: string, };

export type WallInfo = { 
/**
 * Title of the wall.
 */
title: string, 
/**
 * Demonstration data: the screen says 演示数据.
 */
demo: boolean, 
/**
 * Version of the product.
 */
version: string, 
/**
 * IANA name of the zone in which times are shown.
 */
zone: string, 
/**
 * Store revision of this answer.
 */
revision: number, 
/**
 * The clock.
 */
clock: Clock, 
/**
 * Base map or none (plain ground).
 */
base_map: BaseMap | null, 
/**
 * West, south, east, north of all cells; `null` when there are none.
 */
bounds: [number, number, number, number] | null, 
/**
 * All networks.
 */
networks: Array<NetworkView>, 
/**
 * Key of the network that counts here.
 */
network: string, 
/**
 * Its plan in force; `null` = no cells yet.
 */
plan: PlanView | null, 
/**
 * Number of cells in force.
 */
cell_count: number, 
/**
 * How the heat is computed, for the legend.
 */
heat: HeatInfo, 
/**
 * Who looks.
 */
actor: ActorView, 
/**
 * Categories seen, for names and the mix.
 */
categories: Array<CategoryView>, };

export type Level = "cell" | "community" | "street";

export type AreaProperties = { 
/**
 * Key: id of the cell, code of the community or street. Joins `AreaStat.key`.
 */
key: string, 
/**
 * Code.
 */
code: string, 
/**
 * Name (may be empty: show the code).
 */
name: string, 
/**
 * basic or dedicated for cells; empty otherwise.
 */
kind: string, 
/**
 * Code of the community (cells) or street (communities).
 */
parent_code: string, 
/**
 * Name of the parent, may be empty.
 */
parent_name: string, 
/**
 * Households, when known.
 */
households: number | null, 
/**
 * Name of the party that answers, empty = nobody (hatched).
 */
owner: string, 
/**
 * Owner's colour 0 … 7, −1 = nobody. Neighbouring owners never share one while 8 suffice.
 */
owner_color: number, 
/**
 * Area in km², geodesic.
 */
area_km2: number, 
/**
 * A point well inside, for the label.
 */
label_lon: number, 
/**
 * Latitude of the same.
 */
label_lat: number, };

export type AreaStat = { 
/**
 * Joins `AreaProperties.key`.
 */
key: string, 
/**
 * Open tickets.
 */
open: number, 
/**
 * Open and past their due time.
 */
overdue: number, 
/**
 * Received since local midnight.
 */
received_today: number, 
/**
 * Closed since local midnight.
 */
closed_today: number, 
/**
 * Severity-weighted, decayed open tickets per km².
 */
heat: number, 
/**
 * Median seconds to the due time over open tickets with one (negative = late); `null` = none.
 */
time_left_s: number | null, };

export type Figure = { 
/**
 * received_today, open, on_time, overdue, closed_today.
 */
key: string, 
/**
 * The value (a ratio 0 … 1 for on_time); `null` when the denominator is 0.
 */
value: number | null, 
/**
 * Numerator, for ratios.
 */
numerator: number | null, 
/**
 * Denominator, for ratios.
 */
denominator: number | null, 
/**
 * The same figure at the same time of day one day before.
 */
yesterday: number | null, 
/**
 * 24 hourly values up to now, oldest first.
 */
spark: Array<number>, };

export type TicketView = { 
/**
 * Identity.
 */
id: number, 
/**
 * Identity in its source.
 */
external_id: string, 
/**
 * One line; the category's name when the text is sensitive or empty. Phone and identity numbers are masked.
 */
title: string, 
/**
 * Category code.
 */
category: string, 
/**
 * Category name.
 */
category_name: string, 
/**
 * Platform code or empty.
 */
platform: string, 
/**
 * Channel code or empty.
 */
channel: string, 
/**
 * 1 gravest … 4.
 */
severity: number, 
/**
 * Status code.
 */
status: string, 
/**
 * Whether it is open at the wall's time.
 */
open: boolean, 
/**
 * Whether it is open and late.
 */
overdue: boolean, 
/**
 * Priority of the alarm it raises: red, orange, yellow, blue, or empty.
 */
alarm: string, 
/**
 * Longitude; for a viewer who may see places only to the cell, the cell's label point. `null` outside all cells then.
 */
lon: number | null, 
/**
 * Latitude.
 */
lat: number | null, 
/**
 * Key of its cell, empty = outside all cells.
 */
cell_key: string, 
/**
 * Code of its cell.
 */
cell_code: string, 
/**
 * Name of its cell.
 */
cell_name: string, 
/**
 * When it was reported.
 */
reported_ms: number, 
/**
 * When it is due.
 */
due_ms: number | null, 
/**
 * When it was closed.
 */
closed_ms: number | null, };

export type StaffView = { 
/**
 * Identity.
 */
id: number, 
/**
 * Name.
 */
name: string, 
/**
 * Role as the source names it.
 */
role: string, 
/**
 * Unit.
 */
unit: string, 
/**
 * on_duty, off_duty or unknown.
 */
duty: string, 
/**
 * Last known place; `null` = never heard of.
 */
lon: number | null, 
/**
 * Latitude.
 */
lat: number | null, 
/**
 * When that was.
 */
at_ms: number | null, };

export type Freshness = { 
/**
 * When the newest record was written, real time; `null` = nothing yet.
 */
last_write_ms: number | null, 
/**
 * When a feed last spoke (ticket or position), real time.
 */
last_feed_ms: number | null, 
/**
 * Whether the store answers.
 */
store_ok: boolean, 
/**
 * Real time of this frame on the serving machine.
 */
served_ms: number, };

export type Snapshot = { 
/**
 * Revision up to which this is true.
 */
revision: number, 
/**
 * The clock; for another time than now, `now_ms` is that time.
 */
clock: Clock, 
/**
 * Whether this answers about another time than now.
 */
as_of: boolean, 
/**
 * Left figures.
 */
figures: Array<Figure>, 
/**
 * One line for every area of the three levels.
 */
areas: Array<AreaStat>, 
/**
 * Newest tickets, newest first (at most 200), gravest open ones included.
 */
tickets: Array<TicketView>, 
/**
 * All staff.
 */
staff: Array<StaffView>, 
/**
 * How fresh.
 */
freshness: Freshness, };

export type Frame = { 
/**
 * First revision inside, exclusive: equals the viewer's revision, else it re-snapshots.
 */
from_revision: number, 
/**
 * Last revision inside.
 */
to_revision: number, 
/**
 * The clock.
 */
clock: Clock, 
/**
 * Figures, when they changed.
 */
figures: Array<Figure> | null, 
/**
 * Areas whose line changed.
 */
areas: Array<AreaStat>, 
/**
 * Tickets that are new or changed (also: opened or fell due by the passing of time).
 */
tickets: Array<TicketView>, 
/**
 * Staff that moved or changed.
 */
staff: Array<StaffView>, 
/**
 * Areas, owners, categories or the plan changed: ask `wall` and `areas` again.
 */
reload: boolean, 
/**
 * How fresh.
 */
freshness: Freshness, };

export type PointProperties = { 
/**
 * ticket, camera, staff, site.
 */
kind: string, 
/**
 * Identity inside its kind.
 */
id: number, 
/**
 * Name or title.
 */
name: string, 
/**
 * ticket: status; camera: online/offline/unknown; staff: duty; site: its kind.
 */
state: string, 
/**
 * Severity of a ticket, 0 otherwise.
 */
severity: number, 
/**
 * Whether an open ticket is late.
 */
overdue: boolean, 
/**
 * Direction of a camera in degrees from north.
 */
heading_deg: number | null, 
/**
 * Opening angle of a camera.
 */
fov_deg: number | null, 
/**
 * Range of a camera in metres.
 */
range_m: number | null, };

export type OwnerView = { 
/**
 * Name.
 */
name: string, 
/**
 * person or unit.
 */
kind: string, 
/**
 * leader, full_time, part_time, police, unit.
 */
role: string, 
/**
 * on_duty, off_duty or unknown.
 */
duty: string, 
/**
 * Staff identity when the person is on the staff list.
 */
staff_id: number | null, };

export type CategoryCount = { 
/**
 * Category name.
 */
name: string, 
/**
 * Category code.
 */
code: string, 
/**
 * Open tickets.
 */
open: number, 
/**
 * Tickets received in the last 30 days.
 */
recent: number, };

export type PlaceView = { 
/**
 * camera, site, staff, ticket.
 */
kind: string, 
/**
 * Identity inside its kind.
 */
id: number, 
/**
 * Name.
 */
name: string, 
/**
 * State or kind word.
 */
state: string, 
/**
 * Longitude.
 */
lon: number, 
/**
 * Latitude.
 */
lat: number, 
/**
 * Straight distance in metres.
 */
distance_m: number | null, 
/**
 * Estimated walking time in seconds: straight line × 1.3 at 1.2 m/s.
 */
walk_s: number | null, };

export type AreaCard = { 
/**
 * Who and where.
 */
area: AreaProperties, 
/**
 * Level.
 */
level: Level, 
/**
 * Its counts.
 */
stat: AreaStat, 
/**
 * Who answers (cells).
 */
owners: Array<OwnerView>, 
/**
 * Mix of open and recent tickets, largest first.
 */
categories: Array<CategoryCount>, 
/**
 * Tickets received in each of the last 24 hours, oldest first.
 */
last_24h: Array<number>, 
/**
 * Open tickets, gravest and latest first, at most 20.
 */
tickets: Array<TicketView>, 
/**
 * Cameras inside.
 */
cameras: Array<PlaceView>, 
/**
 * Key sites inside.
 */
sites: Array<PlaceView>, 
/**
 * Time of the answer.
 */
at_ms: number, };

export type TransitionView = { 
/**
 * From which status; empty for the first.
 */
from: string, 
/**
 * To which status.
 */
to: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * When we learned it.
 */
recorded_ms: number, 
/**
 * Who.
 */
actor: string, 
/**
 * Why.
 */
reason: string, 
/**
 * imported, intake or move.
 */
kind: string, };

export type TicketCard = { 
/**
 * The line of the stream.
 */
ticket: TicketView, 
/**
 * Source system.
 */
source: string, 
/**
 * Text, masked; empty when sensitive.
 */
description: string, 
/**
 * Whether text was withheld because the category is sensitive.
 */
withheld: boolean, 
/**
 * Address; empty for a viewer who sees places only to the cell.
 */
address: string, 
/**
 * Closed before opened in the source.
 */
inverted_times: boolean, 
/**
 * Who answers for its cell.
 */
owners: Array<OwnerView>, 
/**
 * History, oldest first.
 */
history: Array<TransitionView>, 
/**
 * Nearest cameras, at most 5.
 */
cameras: Array<PlaceView>, 
/**
 * Nearest staff with a fresh position, at most 5.
 */
staff: Array<PlaceView>, 
/**
 * Time of the answer.
 */
at_ms: number, };

export type SearchHit = { 
/**
 * area, ticket, camera, staff, site, address.
 */
kind: string, 
/**
 * Key or id inside its kind.
 */
key: string, 
/**
 * Title.
 */
title: string, 
/**
 * Second line.
 */
subtitle: string, 
/**
 * Longitude.
 */
lon: number | null, 
/**
 * Latitude.
 */
lat: number | null, };

export type Histogram = { 
/**
 * Start of the first bucket.
 */
from_ms: number, 
/**
 * Width of a bucket in seconds.
 */
bucket_s: number, 
/**
 * Received in each bucket.
 */
received: Array<number>, 
/**
 * Closed in each bucket.
 */
closed: Array<number>, };

export type Problem = { 
/**
 * A word to branch on.
 */
code: string, 
/**
 * What happened, what still works, what to do.
 */
message: string, };
