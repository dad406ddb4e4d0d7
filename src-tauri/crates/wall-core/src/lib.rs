//! The pure heart of GridWall (网格指挥墙).
//!
//! Invariants of this crate: **no clock, no I/O, no async, no wire types**. Time enters as an argument ([`UtcMs`]);
//! places are WGS-84 degrees, longitude before latitude ([`Place`]), and cells are integers of 1e-9 degree
//! ([`GridPoint`]) so that predicates on them are exact. A bad record becomes an issue, never a panic.
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod coded;

mod access;
mod agreement;
mod attribution;
mod calendar;
mod camera;
mod cell;
mod colouring;
mod datum;
mod dissolve;
mod duty;
mod ground;
mod heat;
mod ids;
mod lanes;
mod level;
mod metric;
mod overlay;
mod party;
mod place;
mod plan;
pub mod planning;
mod point_index;
mod record;
mod repair;
mod scope;
mod search;
mod site;
mod snap;
mod staff;
pub mod tally;
mod ticket;
mod time;
mod told;
mod topology;

pub use access::{Binding, Right, Role, Unbound, Untargeted, Whole, Within};
pub use agreement::{Agreement, Gap, NotCompared, Overlap, agreement};
pub use attribution::{CellIndex, area_km2, label_point};
pub use calendar::{CalendarError, DayHours, WorkCalendar, day_start};
pub use camera::{Camera, CameraState};
pub use cell::{Cell, CellGeometry, CellKind, GridPolygon, GridRing};
pub use coded::Coded;
pub use colouring::{OWNER_COLOURS, colour_owners};
pub use datum::{Datum, DatumChoice, UnknownCrs, in_china};
pub use dissolve::{dissolve, outline};
pub use duty::{Duty, Shifts, duty_at};
pub use heat::{HeatField, HeatGrid, HeatKernel, TimeLeftField, area_heat, decayed_weight};
pub use ids::{BuildingId, CategoryId, CellId, NetworkId, OwnershipId, PartyId, PlanId, SiteId, StaffId, TicketId};
pub use lanes::{LANE_M, Lane};
pub use level::Level;
pub use metric::distance_m;
pub use overlay::EngineFault;
pub use party::{OwnerRole, Ownership, Party, PartyKind};
pub use place::{GridPoint, Place};
pub use plan::{
    Network, Plan, PlanDeed, PlanRefusal, PlanRelation, PlanStanding, PlanStatus, PlanStep, PlanStepKind, decide_step,
};
pub use point_index::PointIndex;
pub use record::{
    Absent, BuildingRecord, CategoryRecord, CellRecord, Issue, IssueAction, OwnerRecord, PositionRecord, SiteRecord, StaffRecord,
    Stored, StreetRecord,
};
pub use repair::{Finding, MAX_VERTICES, RawPolygon, RawRing, RepairOptions, geometry_area_m2, is_valid, repair};
pub use scope::{Scope, ScopeError, ticket_division};
pub use search::{Gram, Needle, SEGMENT_TICKETS, SearchField, SegmentSet, folded, grams, half_width};
pub use site::Site;
pub use snap::{CellChange, snap};
pub use staff::{Position, Staff};
pub use ticket::{
    Alarm, Attachment, BadPayload, Category, Change, Channel, Command, Course, DeadlineKind, Decision, Described, History,
    Located, LocationMethod, News, Origin, Payload, Platform, Received, ReportedAt, Reporter, Severity, Spot, Stamp, Standing,
    StatusEvent, StatusSet, Ticket, TicketAt, TicketEvent, TicketFallback, TicketRecord, TicketRefusal, TicketStatus, decide,
    project,
};
pub use time::UtcMs;
pub use told::{AHEAD_REFUSED_MS, AHEAD_TOLERATED_MS, Ahead, Timebase, counts_from, settled};
pub use topology::{
    ArcId, ArcView, AreaOp, BuildOptions, BuildReport, EdgeHit, Edit, Face, GapView, LINE_REACH_M, MAX_POINTS, Patch, Refusal,
    RefusalCode, Resolution, Topology, TopologyError, TopologyFault, TopologyFinding, area_op, polygonize,
};
