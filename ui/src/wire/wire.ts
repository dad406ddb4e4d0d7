// Generated from src-tauri/crates/wall-service/src/wire/ and http/routes.rs. Do not edit.
import type { FeatureCollection, LineString, MultiPolygon, Point, Polygon } from 'geojson';

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
speed: number, 
/**
 * Tickets that were accepted and are later than this clock: hidden until it reaches them. Said on screen.
 */
later: number, };

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
 * Where it stands in its life.
 */
status: PlanStatus, 
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
 * In which role.
 */
role: Role, 
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
 * Which platform answers, empty = not said.
 */
platform: Platform | '', };

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
 * Which store answers: another word means that other data are behind the address.
 */
store: string, 
/**
 * IANA name of the zone in which times are shown.
 */
zone: string, 
/**
 * The zone that the store should have, by where its cells lie, when it has none of its own and another is shown.
 */
zone_proposed: string | null, 
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
 * Of cells; empty otherwise.
 */
kind: CellKind | '', 
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
 * Seconds to the earliest due time of an open ticket (negative = late): the worst, not the mean; `null` = none has one.
 */
time_left_s: number | null, };

export type Figure = { 
/**
 * Which one.
 */
key: FigureKey, 
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
 * Where it stands.
 */
status: TicketStatus, 
/**
 * Whether it is open at the wall's time.
 */
open: boolean, 
/**
 * Whether it is open and late.
 */
overdue: boolean, 
/**
 * Priority of the alarm it raises, empty = none.
 */
alarm: Alarm | '', 
/**
 * Longitude; for a viewer who may see places only to the cell, the cell's label point. `null` outside all cells then, and
 * for everybody when it has no place.
 */
lon: number | null, 
/**
 * Latitude.
 */
lat: number | null, 
/**
 * Whether nobody knows where it is: then it is in no cell and on no map. Left out when somebody does.
 */
unplaced?: boolean, 
/**
 * Key of its cell, empty = outside all cells, or without a place.
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
 * When it was reported, as told.
 */
reported_ms: number, 
/**
 * From when it counts: reported, or the moment it came in where that was earlier.
 */
since_ms: number, 
/**
 * Whether one of its times lay ahead of the clock when it came in: shown at once, and marked.
 */
ahead: boolean, 
/**
 * Whether it stands open after it had been closed.
 */
reopened: boolean, 
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
 * Whether on duty.
 */
duty: Duty, 
/**
 * Last known place; `null` = never heard of.
 */
lon: number | null, 
/**
 * Latitude.
 */
lat: number | null, 
/**
 * When that was, or when we learned it where that was earlier.
 */
at_ms: number | null, 
/**
 * Whether its time lay ahead of the clock when it came in.
 */
ahead: boolean, };

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
 * Whether the store can be read and written.
 */
store_ok: boolean, 
/**
 * Why not, in a word: `full`, `read_only`, `io`, `damaged`, `unreachable`, `replaced`, or `silent` when it does not answer.
 */
store_trouble: string | null, 
/**
 * Real time of this frame on the serving machine.
 */
served_ms: number, };

export type AlarmGroup = { 
/**
 * Its priority.
 */
alarm: Alarm, 
/**
 * Key of the cell, empty = outside all cells, or without a place.
 */
cell_key: string, 
/**
 * Whether its tickets have no place. Left out when they have.
 */
unplaced?: boolean, 
/**
 * Category code.
 */
category: string, 
/**
 * Its newest ticket.
 */
newest: number, 
/**
 * How many tickets raise it: the length of `ticket-list?set=alarm` for the three above.
 */
count: number, };

export type Alarms = { 
/**
 * All of them: the length of `ticket-list?set=alarm`.
 */
total: number, 
/**
 * The gravest groups, newest first; at most 40.
 */
groups: Array<AlarmGroup>, };

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
 * Of the open tickets, those without a place: the length of `ticket-list?set=open&area=unplaced`. They are in the figures
 * and in no area.
 */
unplaced: number, 
/**
 * Alarms.
 */
alarms: Alarms, 
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
 * `false`: where staff were at that time is not kept (`gridwall retention --trails`), so nobody has a place here.
 */
positions_kept: boolean, 
/**
 * Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
 * answer; `null`: that is not on record. About now always 0.
 */
late_events: number | null, 
/**
 * Tickets are those of what was known at this time, ms; `null` = of all that is known.
 */
known_at_ms: number | null, 
/**
 * By that knowledge no ticket was on record at all: noughts here are no counts.
 */
nothing_known: boolean, 
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
 * Of the open tickets, those without a place.
 */
unplaced: number, 
/**
 * Figures, when they changed.
 */
figures: Array<Figure> | null, 
/**
 * Alarms, with the figures.
 */
alarms: Alarms | null, 
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
 * Person or unit.
 */
kind: PartyKind, 
/**
 * As what.
 */
role: OwnerRole, 
/**
 * Whether on duty.
 */
duty: Duty, 
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
 * Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
 * answer; `null`: that is not on record. About now always 0.
 */
late_events: number | null, 
/**
 * Time of the answer.
 */
at_ms: number, };

export type ValueChange = { 
/**
 * due, reported, severity, place, category, title, description, address, channel, platform, community, attachments or sensitive.
 */
field: string, 
/**
 * Before: times as RFC 3339, a place as longitude and latitude; empty = there was none, null = not shown to this role.
 */
was: string | null, 
/**
 * From then on.
 */
is: string | null, };

export type TransitionView = { 
/**
 * received, status, due_set, severity_set, located, described, reported_at, or the word of a newer edition.
 */
event: string, 
/**
 * What values it changed; empty for statuses.
 */
changes: Array<ValueChange>, 
/**
 * From which status; empty for the first, and where it set none.
 */
from: TicketStatus | '', 
/**
 * To which status; empty when it set none.
 */
to: TicketStatus | '', 
/**
 * When.
 */
at_ms: number, 
/**
 * When we learned it.
 */
recorded_ms: number, 
/**
 * Whether that time was told; if not, it is when the message came.
 */
told: boolean, 
/**
 * Whether it lay ahead of the clock when it came in.
 */
ahead: boolean, 
/**
 * Whether it changed where the ticket stands. A status told again does not, nor one without a time after the closing.
 */
applied: boolean, 
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

export type KeptCell = { 
/**
 * Its code there.
 */
code: string, 
/**
 * Its name there.
 */
name: string, 
/**
 * Name of that plan.
 */
plan: string, };

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
 * Whether places and texts are withheld because it lies outside the scope of whoever asks.
 */
outside_scope?: boolean, 
/**
 * Address; empty for a viewer who sees places only to the cell.
 */
address: string, 
/**
 * How its place was found: told, address (the only building that has its address) or hand; empty when it has none, and for a
 * viewer who sees places only to the cell.
 */
located_by: LocationMethod | '', 
/**
 * How far from there it may be, in metres, when that is known; `null` for a viewer who sees places only to the cell.
 */
accuracy_m: number | null, 
/**
 * Closed before opened in the source.
 */
inverted_times: boolean, 
/**
 * The cell it was dealt with in, when that was under another plan than the one shown; the present cell is in `ticket`.
 */
kept_cell: KeptCell | null, 
/**
 * Who answers for its cell.
 */
owners: Array<OwnerView>, 
/**
 * History, oldest first.
 */
history: Array<TransitionView>, 
/**
 * Events that say something of the time asked about, or of before, and were recorded only later.
 */
late_events: number, 
/**
 * What its due time, severity, place and texts were then is not known: they are shown as they were last.
 */
as_last_known: boolean, 
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

export type TicketSet = "open" | "overdue" | "near_due" | "late" | "alarm" | "received" | "closed" | "due" | "on_time" | "missed";

export type ListOrder = "overrun" | "gravest" | "newest";

export type ListedTicket = { 
/**
 * The ticket, as the actor may see it.
 */
ticket: TicketView, 
/**
 * Name of who answers for its cell; empty = nobody, or outside all cells.
 */
owner: string, 
/**
 * Name (else code) of the community of its cell; empty = none.
 */
community: string, };

export type OwnerCount = { 
/**
 * Name; empty = nobody answers there.
 */
owner: string, 
/**
 * Of the list.
 */
total: number, 
/**
 * Open and late.
 */
overdue: number, 
/**
 * Open and nearly due.
 */
near_due: number, };

export type TicketList = { 
/**
 * This page.
 */
lines: Array<ListedTicket>, 
/**
 * How many there are on all pages.
 */
total: number, 
/**
 * Of those, open and late.
 */
overdue: number, 
/**
 * Of those, open and nearly due.
 */
near_due: number, 
/**
 * The same list by owner, most late first (at most 500), whichever owner was asked for.
 */
owners: Array<OwnerCount>, 
/**
 * How many owners there are in all.
 */
owner_count: number, 
/**
 * Where to go on; `null` = this was the last page.
 */
cursor: string | null, 
/**
 * What "nearly due" means: due within so many seconds.
 */
near_s: number, 
/**
 * Start of the period, inclusive; `null` = the set has none.
 */
from_ms: number | null, 
/**
 * End of the period, exclusive.
 */
to_ms: number | null, 
/**
 * The area asked for, where one was.
 */
area: AreaProperties | null, 
/**
 * Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
 * answer; `null`: that is not on record. About now always 0.
 */
late_events: number | null, 
/**
 * Time of the data.
 */
at_ms: number, 
/**
 * Store revision of the data.
 */
revision: number, };

export type StaffCell = { 
/**
 * The cell.
 */
area: AreaProperties, 
/**
 * In which role the person answers there; empty = walks it without answering for it.
 */
role: OwnerRole | '', 
/**
 * Open tickets there.
 */
open: number, 
/**
 * Of those, late.
 */
overdue: number, };

export type StaffCard = { 
/**
 * Who, on duty or not, last seen where and when.
 */
staff: StaffView, 
/**
 * The cell of the last position; `null` = none known, or outside all cells.
 */
here: AreaProperties | null, 
/**
 * The cells of the person.
 */
cells: Array<StaffCell>, 
/**
 * What is to be done there: open tickets, the most urgent first, at most 8.
 */
tickets: Array<TicketView>, 
/**
 * `false`: where people were at that time is not kept (`gridwall retention --trails`).
 */
positions_kept: boolean, 
/**
 * Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
 * answer; `null`: that is not on record. About now always 0.
 */
late_events: number | null, 
/**
 * Time of the answer.
 */
at_ms: number, };

export type WhoseLine = { 
/**
 * Who.
 */
owner: OwnerView, 
/**
 * For how many cells of the area.
 */
cells: number, };

export type Whose = { 
/**
 * The area; `null` = the place lies outside all cells.
 */
area: AreaProperties | null, 
/**
 * Its level.
 */
level: Level, 
/**
 * Cells in it.
 */
cells: number, 
/**
 * Of those, without anybody.
 */
unowned: number, 
/**
 * Who answers: of a cell leaders first; of a larger area whoever answers for most cells first. At most 100.
 */
people: Array<WhoseLine>, 
/**
 * How many there are in all.
 */
people_count: number, 
/**
 * Time of the answer.
 */
at_ms: number, };

export type PeriodCounts = { 
/**
 * Received in it.
 */
received: number, 
/**
 * Closed in it.
 */
closed: number, 
/**
 * Fell due in it: the denominator of the on-time rate.
 */
due: number, 
/**
 * Of those, closed by the due time: the numerator.
 */
on_time: number, };

export type PeriodView = { 
/**
 * Its start.
 */
from_ms: number, 
/**
 * Its end, exclusive.
 */
to_ms: number, 
/**
 * Whether it is over by the time of the answer.
 */
complete: boolean, 
/**
 * Whether the store holds anything from before its end: without, its zeros are no counts.
 */
recorded: boolean, 
/**
 * Whether the store reaches back to its start: without, its counts are of a part.
 */
whole_recorded: boolean, };

export type ComparedArea = { 
/**
 * Joins `AreaProperties.key`.
 */
key: string, 
/**
 * The first period.
 */
a: PeriodCounts, 
/**
 * The second.
 */
b: PeriodCounts, };

export type Comparison = { 
/**
 * Level of the areas.
 */
level: Level, 
/**
 * The first period.
 */
a: PeriodView, 
/**
 * The second, against which the first is held.
 */
b: PeriodView, 
/**
 * Everything in the first.
 */
total_a: PeriodCounts, 
/**
 * Everything in the second.
 */
total_b: PeriodCounts, 
/**
 * Of that, in no area of the level.
 */
elsewhere_a: PeriodCounts, 
/**
 * The same for the second.
 */
elsewhere_b: PeriodCounts, 
/**
 * Every area of the level.
 */
areas: Array<ComparedArea>, 
/**
 * A rate or difference of fewer tickets than this is no finding.
 */
least_sample: number, 
/**
 * The earliest report in the store; `null` = none.
 */
first_ms: number | null, 
/**
 * Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
 * answer; `null`: that is not on record. About now always 0.
 */
late_events: number | null, 
/**
 * Time of the data.
 */
at_ms: number, 
/**
 * Store revision of the data.
 */
revision: number, };

export type Problem = { 
/**
 * A word to branch on.
 */
code: string, 
/**
 * What happened, what still works, what to do.
 */
message: string, };

export type ImportPhase = "uploading" | "waiting" | "reading" | "cells" | "comparing";

export type ImportProgress = { 
/**
 * What is being done.
 */
phase: ImportPhase, 
/**
 * How much of it is done.
 */
done: number, 
/**
 * Of how much; 0 = not known.
 */
of: number, };

export type PlanSummary = { 
/**
 * Identity.
 */
id: number, 
/**
 * Key of its network.
 */
network: string, 
/**
 * Name.
 */
name: string, 
/**
 * Where it stands in its life.
 */
status: PlanStatus, 
/**
 * In force at the wall's now.
 */
in_force: boolean, 
/**
 * Approved in review and not yet published.
 */
approved: boolean, 
/**
 * Start of force, inclusive; a first plan is in force since 1900 ("since always").
 */
effective_from_ms: number | null, 
/**
 * End of force, exclusive.
 */
effective_to_ms: number | null, 
/**
 * The plan it was drawn from.
 */
base_plan: number | null, 
/**
 * Who made it.
 */
author: string, 
/**
 * Who sent it to review; empty = nobody yet.
 */
submitted_by: string, 
/**
 * Who reviewed it last; empty = nobody yet.
 */
reviewed_by: string, 
/**
 * Names on screen of those three who have accounts, by the name they sign in with.
 */
people: { [key in string]: string }, 
/**
 * What the reviewer said.
 */
review_note: string, 
/**
 * Cells.
 */
cells: number, 
/**
 * Edits of its history, on all branches.
 */
edits: number, 
/**
 * When it was last changed.
 */
changed_ms: number, };

export type PlanCellProperties = { 
/**
 * Its face, which is also the feature's id.
 */
face: number, 
/**
 * Code.
 */
code: string, 
/**
 * Name, may be empty.
 */
name: string, 
/**
 * Basic or dedicated.
 */
kind: CellKind, 
/**
 * Code of its community, may be empty.
 */
community_code: string, 
/**
 * Households against the band.
 */
band: BandFit, 
/**
 * Households, when known.
 */
households: number | null, 
/**
 * Workload by the weights of the settings.
 */
workload: number, 
/**
 * Who answers first; empty = nobody.
 */
owner: string, 
/**
 * Whether it is otherwise than in the base.
 */
changed: boolean, 
/**
 * A place inside for the label.
 */
label_lon: number, 
/**
 * Latitude of the same.
 */
label_lat: number, };

export type PlanEdgeProperties = { 
/**
 * The edge, which is also the feature's id.
 */
edge: number, 
/**
 * The cell on its left, seen from its first point; `null` = none.
 */
left: number | null, 
/**
 * The cell on its right.
 */
right: number | null, };

export type PlanLaneProperties = { 
/**
 * The cell it is nearer to.
 */
face: number, };

export type PlanCell = { 
/**
 * The cell inside this plan: stays the same through edits.
 */
face: number, 
/**
 * Code; empty while a new cell has none.
 */
code: string, 
/**
 * Name.
 */
name: string, 
/**
 * Basic or dedicated.
 */
kind: CellKind, 
/**
 * Code of its community.
 */
community_code: string, 
/**
 * Name of its community.
 */
community_name: string, 
/**
 * Households; `None` = unknown.
 */
households: number | null, 
/**
 * Where the number comes from.
 */
households_from: HouseholdsFrom, 
/**
 * Population; `None` = unknown.
 */
population: number | null, 
/**
 * Area, m².
 */
area_m2: number, 
/**
 * Length of its border, m.
 */
perimeter_m: number, 
/**
 * Tickets of the last 90 days by severity 1 … 4.
 */
tickets_90d: Array<number>, 
/**
 * Open tickets.
 */
open: number, 
/**
 * Field staff.
 */
staff: number, 
/**
 * Length of streets to walk, m.
 */
patrol_m: number, 
/**
 * Workload by the weights of the settings.
 */
workload: number, 
/**
 * Compactness (Polsby–Popper), 0 … 1.
 */
compactness: number, 
/**
 * Parts.
 */
parts: number, 
/**
 * Holes.
 */
holes: number, 
/**
 * Households against the target band (dedicated cells: always in).
 */
band: BandFit, 
/**
 * Who answers for it, by the carry-over rule and confirmations.
 */
owners: Array<OwnerView>, 
/**
 * Whether its ground, code or name differs from the plan it was drawn from.
 */
changed: boolean, 
/**
 * A place inside for the label.
 */
label_lon: number, 
/**
 * A place inside for the label.
 */
label_lat: number, 
/**
 * The box around it: west, south, east, north in degrees.
 */
bounds: [number, number, number, number], };

export type PlanFindingView = { 
/**
 * How much it matters.
 */
level: FindingLevel, 
/**
 * not_contiguous, overlap, gap, no_owner, code_duplicate …
 */
code: string, 
/**
 * Cells it is about.
 */
faces: Array<number>, 
/**
 * Codes of those cells.
 */
cells: Array<string>, 
/**
 * Where to look.
 */
lon: number | null, 
/**
 * Where to look.
 */
lat: number | null, 
/**
 * Values for the words.
 */
values: { [key in string]: string }, 
/**
 * Publishing needs this to be mended or acknowledged by its code.
 */
blocks: boolean, 
/**
 * What it is about.
 */
scope: FindingScope, };

export type FindingScope = "cells" | "plan" | "making" | "file";

export type PlanStand = { 
/**
 * The edit it stands on.
 */
head: number | null, 
/**
 * Where it stands in its life.
 */
status: PlanStatus, 
/**
 * Approved in review and not yet published.
 */
approved: boolean, 
/**
 * To be sent back as `since` with the next question.
 */
revision: number, 
/**
 * Owners, codes, settings or other plans changed since `since`: the plan is to be loaded anew.
 */
news: boolean, 
/**
 * The edit it stands on, with who made it.
 */
last: LastEdit | null, 
/**
 * Who else has it before them.
 */
others: Array<PlanPerson>, };

export type LastEdit = { 
/**
 * Identity.
 */
id: number, 
/**
 * The edit before; `null` = the beginning.
 */
parent: number | null, 
/**
 * move_vertex, split, merge …
 */
kind: string, 
/**
 * Codes of the cells it was about.
 */
cells: Array<string>, 
/**
 * Who made it, as on screen.
 */
name: string, 
/**
 * The asker did.
 */
mine: boolean, 
/**
 * When.
 */
at_ms: number, };

export type PlanPerson = { 
/**
 * Name on screen.
 */
name: string, };

export type WorkloadWeightsView = { 
/**
 * For each household.
 */
household: number, 
/**
 * For each ticket of 90 days, by severity 1 … 4.
 */
ticket_by_severity: Array<number>, 
/**
 * For each open ticket.
 */
open: number, 
/**
 * For each km².
 */
area_km2: number, 
/**
 * For each km of streets.
 */
patrol_km: number, };

export type PlanningSettings = { 
/**
 * Lower end of the target band, households.
 */
band_low: number, 
/**
 * Upper end of the target band, households.
 */
band_high: number, 
/**
 * Weights.
 */
weights: WorkloadWeightsView, 
/**
 * Digits of the sequence behind the community code (3 → 15 digits in all).
 */
code_sequence_digits: number, 
/**
 * Which part keeps the code after a split.
 */
split_policy: SplitPolicy, 
/**
 * Which code a merged cell has.
 */
merge_policy: MergePolicy, };

export type EditBody = { "kind": "move_vertex", 
/**
 * Where it is.
 */
from: [number, number], 
/**
 * Where it goes.
 */
to: [number, number], 
/**
 * Whether the outer border may change.
 */
outer: boolean, } | { "kind": "insert_vertex", 
/**
 * One end of the stretch.
 */
a: [number, number], 
/**
 * The other end.
 */
b: [number, number], 
/**
 * Where the new vertex stands.
 */
at: [number, number], } | { "kind": "delete_vertex", 
/**
 * Where it is.
 */
at: [number, number], } | { "kind": "reshape", 
/**
 * The line.
 */
line: Array<[number, number]>, 
/**
 * Whether the outer border is meant.
 */
outer: boolean, } | { "kind": "split", 
/**
 * The cell.
 */
face: number, 
/**
 * The line.
 */
line: Array<[number, number]>, } | { "kind": "merge", 
/**
 * The cell that stays.
 */
into: number, 
/**
 * The cells that end.
 */
from: Array<number>, } | { "kind": "transfer", 
/**
 * The cell that grows.
 */
to: number, 
/**
 * The area.
 */
ring: Array<[number, number]>, } | { "kind": "fill_gap", 
/**
 * A place inside the gap.
 */
at: [number, number], 
/**
 * The cell that grows.
 */
to: number, } | { "kind": "close_lanes", 
/**
 * Wider ones stay open, m.
 */
at_most_m: number, } | { "kind": "cut_out", 
/**
 * The cell, as the finding names it.
 */
face: number, } | { "kind": "settle", 
/**
 * The cells, as the findings name them; empty = all.
 */
faces: Array<number>, } | { "kind": "simplify", 
/**
 * The cells; empty = all.
 */
faces: Array<number>, 
/**
 * Largest way of a border, m.
 */
tolerance_m: number, } | { "kind": "describe", 
/**
 * The cell.
 */
face: number, 
/**
 * Code.
 */
code: string | null, 
/**
 * Name.
 */
name: string | null, 
/**
 * basic or dedicated.
 */
cell_kind: string | null, 
/**
 * Code of the community.
 */
community_code: string | null, } | { "kind": "owners", 
/**
 * The cell.
 */
face: number, 
/**
 * The owners; `null` = as proposed by rule, which confirms them.
 */
owners: Array<PlanOwnerLine> | null, 
/**
 * Those that the rule proposed when somebody looked (`now` of [`PlanOwners`]): when it proposes others by now, this
 * is refused with `owners_changed`. `null` = whatever it proposes.
 */
against: Array<PlanOwnerLine> | null, } | { "kind": "number", 
/**
 * All cells instead of those without a code.
 */
all: boolean, } | { "kind": "batch", 
/**
 * In this order.
 */
edits: Array<EditBody>, };

export type EditRequest = { 
/**
 * What to do.
 */
edit: EditBody, 
/**
 * The edit the page stands on (`null` = the beginning); another head in the store refuses this with `head_moved`.
 */
head: number | null, };

export type FindingsChange = { 
/**
 * Of the findings about cells those about any of these are replaced by `cells`.
 */
looked_at: Array<number>, 
/**
 * Findings about those cells.
 */
cells: Array<PlanFindingView>, 
/**
 * All findings about the plan as a whole; `null` = as they were.
 */
plan: Array<PlanFindingView> | null, };

export type EditResult = { 
/**
 * The edit the plan now stands on; `null` = the beginning.
 */
head: number | null, 
/**
 * Cells that changed, with their figures.
 */
changed: Array<PlanCell>, 
/**
 * Cells that are gone.
 */
removed: Array<number>, 
/**
 * GeoJSON FeatureCollection of the changed cells; properties: `face`.
 */
cells: import("geojson").FeatureCollection, 
/**
 * GeoJSON FeatureCollection of the edges (lines) around the changed cells; properties: `edge`, `left`, `right`
 * (cells or null), replacing all edges that had a changed or removed cell on a side.
 */
edges: import("geojson").FeatureCollection, 
/**
 * What became of the findings.
 */
findings: FindingsChange, 
/**
 * Whether there is something to undo.
 */
can_undo: boolean, 
/**
 * Edits that could be done again, the last one undone first.
 */
redo: number[], };

export type EditRefusal = { 
/**
 * crosses_border, not_neighbours, head_moved …
 */
code: string, 
/**
 * In English, for logs.
 */
message: string, 
/**
 * Where.
 */
lon: number | null, 
/**
 * Where.
 */
lat: number | null, 
/**
 * Cells it is about.
 */
faces: Array<number>, };

export type PlanState = { 
/**
 * The plan.
 */
plan: PlanSummary, 
/**
 * Whether the asker may edit it now.
 */
editable: boolean, 
/**
 * Why not: published, in_review, retired, role; empty when editable.
 */
why_not: string, 
/**
 * The edit it stands on.
 */
head: number | null, 
/**
 * Whether there is something to undo.
 */
can_undo: boolean, 
/**
 * Edits that could be done again, the last one undone first.
 */
redo: number[], 
/**
 * All its cells.
 */
cells: Array<PlanCell>, 
/**
 * Findings.
 */
findings: Array<PlanFindingView>, 
/**
 * Settings.
 */
settings: PlanningSettings, 
/**
 * Communities by code with names, for the choice of a cell's community.
 */
communities: { [key in string]: string }, };

export type PlanStuck = { 
/**
 * cannot_replay.
 */
code: string, 
/**
 * In English, for logs.
 */
message: string, 
/**
 * The draft.
 */
plan: PlanSummary, 
/**
 * The edit it stands on.
 */
head: number | null, 
/**
 * Which step on the way there it is, 1 = the first.
 */
step: number, 
/**
 * How many steps there are on the way.
 */
steps: number, 
/**
 * Why it cannot be done.
 */
why: EditRefusal, 
/**
 * The edit before, which can be gone to; `null` = the beginning.
 */
last: number | null, 
/**
 * The edit and all that stand on it, oldest first.
 */
rest: Array<EditView>, };

export type EditView = { 
/**
 * Identity.
 */
id: number, 
/**
 * The edit before; `null` = the beginning.
 */
parent: number | null, 
/**
 * move_vertex, split, merge …
 */
kind: string, 
/**
 * Codes (or names) of the cells it was about.
 */
cells: Array<string>, 
/**
 * Who.
 */
actor: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * Whether the plan's present state contains it.
 */
applied: boolean, };

export type PlanSnapshotView = { 
/**
 * Identity.
 */
id: number, 
/**
 * Name.
 */
name: string, 
/**
 * The edit it names; `null` = the beginning.
 */
edit: number | null, 
/**
 * Who.
 */
actor: string, 
/**
 * When.
 */
at_ms: number, };

export type PlanHistory = { 
/**
 * The edit the plan stands on.
 */
head: number | null, 
/**
 * All edits, oldest first.
 */
edits: Array<EditView>, 
/**
 * Named states.
 */
snapshots: Array<PlanSnapshotView>, };

export type PlanAmounts = { 
/**
 * m².
 */
area_m2: number, 
/**
 * Households.
 */
households: number, 
/**
 * Population.
 */
population: number, 
/**
 * Workload.
 */
workload: number, 
/**
 * Open tickets.
 */
open: number, 
/**
 * Tickets of 90 days.
 */
tickets_90d: number, 
/**
 * Cameras.
 */
cameras: number, 
/**
 * Key sites.
 */
sites: number, 
/**
 * Staff.
 */
staff: number, };

export type ImpactFlow = { 
/**
 * Code of the cell that gives; empty = no cell.
 */
from: string, 
/**
 * Code of the cell that takes; empty = no cell.
 */
to: string, 
/**
 * Who answers for the ground before.
 */
from_owner: string, 
/**
 * Who answers for it after.
 */
to_owner: string, 
/**
 * How much.
 */
amounts: PlanAmounts, };

export type ImpactCell = { 
/**
 * Code before; empty = new.
 */
before_code: string, 
/**
 * Code after; empty = gone.
 */
after_code: string, 
/**
 * Name after, else before.
 */
name: string, 
/**
 * What became of it.
 */
lineage: LineageKind, 
/**
 * Before.
 */
before: PlanAmounts | null, 
/**
 * After.
 */
after: PlanAmounts | null, };

export type ImpactView = { 
/**
 * The plan.
 */
plan: PlanSummary, 
/**
 * The plan it is compared with: the one in force when it takes effect.
 */
base: PlanSummary | null, 
/**
 * Changed cells.
 */
cells: Array<ImpactCell>, 
/**
 * What moves from whom to whom.
 */
flows: Array<ImpactFlow>, 
/**
 * Cells that do not change.
 */
unchanged: number, 
/**
 * Wall time of the figures.
 */
at_ms: number, };

export type ProposalMove = { 
/**
 * Name of the block.
 */
block: string, 
/**
 * Households in it.
 */
households: number, 
/**
 * From which cell.
 */
from_face: number, 
/**
 * To which cell.
 */
to_face: number, 
/**
 * Code of the first.
 */
from_code: string, 
/**
 * Code of the second.
 */
to_code: string, 
/**
 * Households of the first before and after this move.
 */
from_households: [number, number], 
/**
 * Households of the second before and after.
 */
to_households: [number, number], 
/**
 * The edit that does it.
 */
edit: EditBody, };

export type Proposals = { 
/**
 * In the order in which they build on each other.
 */
moves: Array<ProposalMove>, 
/**
 * Cells of the target band before and after all moves.
 */
in_band: [number, number], 
/**
 * Why there is nothing (or nothing more) to propose: balanced, no_blocks, no_households, no_move; empty otherwise.
 */
reason: string, };

export type PlanOwnerLine = { 
/**
 * Name of the party.
 */
party: string, 
/**
 * person or unit.
 */
party_kind: PartyKind, 
/**
 * As what.
 */
role: OwnerRole, 
/**
 * Code of the cell it comes from; empty = named by hand.
 */
from_code: string, 
/**
 * Answers from this time on only; `null` = from the beginning of the plan.
 */
valid_from_ms: number | null, 
/**
 * Answers until this time; `null` = open.
 */
valid_to_ms: number | null, };

export type PlanOwners = { 
/**
 * The cell.
 */
face: number, 
/**
 * Its code.
 */
code: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Owners.
 */
owners: Array<PlanOwnerLine>, 
/**
 * By which rule they answer.
 */
rule: PlanOwnerRule, 
/**
 * Whether somebody confirmed it (kept owners need no confirmation).
 */
confirmed: boolean, 
/**
 * Somebody confirmed or named owners, and meanwhile the rule proposes others: these. They are asked again.
 */
changed: Array<PlanOwnerLine> | null, 
/**
 * What the rule proposes, to be sent back as `against`.
 */
now: Array<PlanOwnerLine>, };

export type PlanOwnerRule = "kept" | "inherited" | "named" | "none";

export type NewPlanRequest = { 
/**
 * Name.
 */
name: string, 
/**
 * Key of the network.
 */
network: string, 
/**
 * The plan to start from; `null` = the one in force.
 */
base: number | null, 
/**
 * Draw cells from streets, water, buildings and community outlines instead of copying.
 */
from_nothing: boolean, };

export type PlanStepRequest = { 
/**
 * submit, withdraw (from review, or a published plan before it begins), approve, return, publish, retire.
 */
step: string, 
/**
 * What to say with it.
 */
note: string, 
/**
 * The edit the page shows, 0 = the beginning: when the plan stands on another one, the step is refused with
 * `head_moved`. `null` = whatever it stands on.
 */
seen: number | null, 
/**
 * publish: from when; `null` = now (a first plan: since always).
 */
effective_ms: number | null, 
/**
 * publish: open tickets `move` with the ground or `stay` with the cell's code.
 */
tickets: string, 
/**
 * publish: codes of blocking findings that are acknowledged.
 */
acknowledge: Array<string>, };

export type PlanGotoRequest = { 
/**
 * goto: the edit, `null` = the beginning; redo: which branch, `null` = the one walked last; undo takes none.
 */
edit: number | null, 
/**
 * The edit the page shows, 0 = the beginning; as in a step.
 */
seen: number | null, };

export type PlanSnapshotRequest = { 
/**
 * Name.
 */
name: string, };

export type OverlayLineView = { 
/**
 * Code of the first plan's cell.
 */
a: string, 
/**
 * Its name.
 */
a_name: string, 
/**
 * Code of the second plan's cell.
 */
b: string, 
/**
 * Its name.
 */
b_name: string, 
/**
 * Common ground, m².
 */
area_m2: number, 
/**
 * Share of the first's ground, 0 … 1.
 */
share_of_a: number, 
/**
 * Share of the second's ground, 0 … 1.
 */
share_of_b: number, };

export type Can = { 
/**
 * Draft plans and edit them.
 */
plan: boolean, 
/**
 * Review plans of others.
 */
review: boolean, 
/**
 * Publish plans that were reviewed.
 */
publish: boolean, 
/**
 * Administer accounts, feeds and settings.
 */
admin: boolean, 
/**
 * Give the clock of a replay back to the system.
 */
end_replay: boolean, };

export type DemoAccount = { 
/**
 * What is typed to sign in.
 */
name: string, 
/**
 * Name on screen.
 */
display_name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * Its published password.
 */
password: string, };

export type ScopeDivision = { 
/**
 * Code of the community, street or district.
 */
code: string, 
/**
 * Its name; empty = it has none but its code.
 */
name: string, };

export type ScopeView = { 
/**
 * Its divisions, by code; empty = all.
 */
divisions: Array<ScopeDivision>, 
/**
 * Key of the network to whose plans it is bound; `null` = all networks.
 */
network: string | null, };

export type SessionView = { 
/**
 * Whether a person is signed in; otherwise the page acts by its own right (window, one-time link).
 */
signed_in: boolean, 
/**
 * Name of the account, or of the right the page has.
 */
name: string, 
/**
 * Name on screen; empty when nobody is signed in.
 */
display_name: string, 
/**
 * In which role.
 */
role: Role, 
/**
 * What that role may do, with this scope.
 */
can: Can, 
/**
 * The part of the territory that the person is for; `null` = all of it.
 */
scope: ScopeView | null, 
/**
 * Whether there are accounts at all.
 */
accounts_exist: boolean, 
/**
 * Demonstration data.
 */
demo: boolean, 
/**
 * The demonstration's accounts; empty everywhere else.
 */
demo_accounts: Array<DemoAccount>, };

export type SignedInView = { 
/**
 * Goes into `Authorization: Bearer`; shown once.
 */
secret: string, 
/**
 * Who that is.
 */
session: SessionView, };

export type Alarm = 'red' | 'orange' | 'yellow' | 'blue';

export type BandFit = 'unknown' | 'under' | 'in' | 'over';

export type CellKind = 'basic' | 'dedicated';

export type Duty = 'on_duty' | 'off_duty' | 'unknown';

export type FigureKey = 'received_today' | 'open' | 'on_time' | 'overdue' | 'closed_today';

export type FindingLevel = 'wrong' | 'incomplete' | 'note';

export type HouseholdsFrom = 'buildings' | 'area_share' | 'stated' | 'unknown';

export type LineageKind = 'same' | 'reshaped' | 'split' | 'merged' | 'moved' | 'new' | 'retired';

export type LocationMethod = 'told' | 'address' | 'hand';

export type MergePolicy = 'into' | 'new';

export type OwnerRole = 'leader' | 'full_time' | 'part_time' | 'police' | 'unit';

export type PartyKind = 'person' | 'unit';

export type PlanStatus = 'draft' | 'in_review' | 'published' | 'retired';

export type Platform = 'public_security' | 'market_supervision' | 'law_enforcement' | 'citizen_services';

export type Role = 'viewer' | 'operator' | 'leader' | 'planner' | 'registrar' | 'admin' | 'feed' | 'replay';

export type SplitPolicy = 'households' | 'area' | 'neither';

export type TicketStatus = 'received' | 'filed' | 'dispatched' | 'in_progress' | 'done' | 'verified' | 'closed' | 'rated' | 'returned' | 'suspended' | 'extended' | 'escalated' | 'cancelled';

/** Every query and command that answers JSON: method, path, body that is sent as JSON, answer. */
export type Route =
  | ['GET', 'api/v1/session', undefined, SessionView]
  | ['POST', 'api/v1/session', unknown, SignedInView]
  | ['DELETE', 'api/v1/session', unknown, undefined]
  | ['GET', 'api/v1/wall', undefined, WallInfo]
  | ['GET', 'api/v1/snapshot', undefined, Snapshot]
  | ['GET', 'api/v1/areas', undefined, FeatureCollection<Polygon | MultiPolygon, AreaProperties>]
  | ['GET', 'api/v1/points', undefined, FeatureCollection<Point, PointProperties>]
  | ['GET', 'api/v1/area-card', undefined, AreaCard]
  | ['GET', 'api/v1/ticket-card', undefined, TicketCard]
  | ['GET', 'api/v1/search', undefined, Array<SearchHit>]
  | ['GET', 'api/v1/histogram', undefined, Histogram]
  | ['GET', 'api/v1/ticket-list', undefined, TicketList]
  | ['GET', 'api/v1/late-points', undefined, FeatureCollection<Point, { kind: 'ticket'; id: number; severity: number; late_s: number }> & { total: number; at_ms: number }]
  | ['GET', 'api/v1/whose', undefined, Whose]
  | ['GET', 'api/v1/staff-card', undefined, StaffCard]
  | ['GET', 'api/v1/compare', undefined, Comparison]
  | ['GET', 'api/v1/cells', undefined, FeatureCollection<Polygon | MultiPolygon, AreaProperties>]
  | ['GET', 'api/v1/tickets', undefined, { tickets: TicketView[]; cursor: string | null }]
  | ['GET', 'api/v1/near', undefined, PlaceView[]]
  | ['GET', 'api/v1/stats', undefined, { by: string; lines: Record<string, unknown>[]; late_events: number | null }]
  | ['POST', 'api/v1/clock', unknown, { ended: true } | { wall_at_ms: number; real_at_ms: number; speed: number }]
  | ['GET', 'api/v1/plans', undefined, Array<PlanSummary>]
  | ['POST', 'api/v1/plans', NewPlanRequest, PlanSummary]
  | ['GET', 'api/v1/plans/import', undefined, ImportProgress]
  | ['POST', 'api/v1/plans/import', unknown, { plan: PlanSummary; report: Record<string, unknown> }]
  | ['GET', `api/v1/plans/${number}`, undefined, PlanState]
  | ['GET', `api/v1/plans/${number}/stand`, undefined, PlanStand]
  | ['GET', `api/v1/plans/${number}/changes`, undefined, EditResult]
  | ['GET', `api/v1/plans/${number}/cells`, undefined, FeatureCollection<Polygon | MultiPolygon, PlanCellProperties>]
  | ['GET', `api/v1/plans/${number}/edges`, undefined, FeatureCollection<LineString, PlanEdgeProperties>]
  | ['GET', `api/v1/plans/${number}/lanes`, undefined, FeatureCollection<Polygon, PlanLaneProperties>]
  | ['POST', `api/v1/plans/${number}/preview`, EditRequest, EditResult]
  | ['POST', `api/v1/plans/${number}/edits`, EditRequest, EditResult]
  | ['POST', `api/v1/plans/${number}/undo`, PlanGotoRequest, EditResult]
  | ['POST', `api/v1/plans/${number}/redo`, PlanGotoRequest, EditResult]
  | ['POST', `api/v1/plans/${number}/goto`, PlanGotoRequest, EditResult]
  | ['GET', `api/v1/plans/${number}/history`, undefined, PlanHistory]
  | ['POST', `api/v1/plans/${number}/snapshots`, PlanSnapshotRequest, PlanHistory]
  | ['GET', `api/v1/plans/${number}/owners`, undefined, Array<PlanOwners>]
  | ['GET', `api/v1/plans/${number}/impact`, undefined, ImpactView]
  | ['GET', `api/v1/plans/${number}/proposals`, undefined, Proposals]
  | ['GET', `api/v1/plans/${number}/overlay`, undefined, Array<OverlayLineView>]
  | ['POST', `api/v1/plans/${number}/step`, PlanStepRequest, PlanSummary]
  | ['GET', 'api/v1/planning/settings', undefined, PlanningSettings]
  | ['PUT', 'api/v1/planning/settings', PlanningSettings, PlanningSettings]
  | ['GET', 'api/v1/planning/streets', undefined, FeatureCollection]
  | ['GET', 'api/v1/planning/buildings', undefined, FeatureCollection];
