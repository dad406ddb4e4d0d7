//! Tickets (事件/工单): one matter, with an append-only history of events.
//!
//! [`decide`] says which events a message or a command makes, [`History`] folds them into what was true at a time; the
//! row of a ticket is that fold at its end ([`project`]). Nothing else says how a ticket stands or stood.

mod clock;
mod course;
mod decide;
mod event;
mod fold;
#[cfg(test)]
mod history_tests;
mod record;

pub use course::{Course, Standing, StatusEvent};
pub use decide::{Command, Decision, Stamp, TicketFallback, TicketRefusal, decide};
pub use event::{
    BadPayload, Change, Described, Located, LocationMethod, Origin, Payload, Received, ReportedAt, Spot, StatusSet, TicketEvent,
};
pub use fold::{History, News, TicketAt, project};
pub use record::{Attachment, Reporter, TicketRecord};

use crate::coded::coded;
use crate::{CategoryId, Place, TicketId, UtcMs};

coded! {
    /// Where a ticket stands.
    TicketStatus {
        /// 受理
        Received = "received",
        /// 立案
        Filed = "filed",
        /// 派遣
        Dispatched = "dispatched",
        /// 处置
        InProgress = "in_progress",
        /// 反馈
        Done = "done",
        /// 核查
        Verified = "verified",
        /// 结案
        Closed = "closed",
        /// 评价
        Rated = "rated",
        /// 退回: wrong handler, or failed verification (rework).
        Returned = "returned",
        /// 缓办: the clock stands still.
        Suspended = "suspended",
        /// 延期: a new due time was approved.
        Extended = "extended",
        /// 上报: whistle to the next level.
        Escalated = "escalated",
        /// 作废: never deleted.
        Cancelled = "cancelled",
    }
}

impl TicketStatus {
    /// Whether nothing more is to be done: closed, rated or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Rated | Self::Cancelled)
    }

    /// The statuses a person may move a ticket to from here. `imported` history may go anywhere.
    pub fn legal_next(self) -> &'static [Self] {
        use TicketStatus::*;
        match self {
            Received => &[Filed, Returned, Cancelled],
            Filed => &[Dispatched, Suspended, Escalated, Cancelled],
            Dispatched => &[InProgress, Returned, Suspended, Extended, Escalated, Cancelled],
            InProgress => &[Done, Returned, Suspended, Extended, Escalated, Cancelled],
            Done => &[Verified, Returned],
            Verified => &[Closed, Returned],
            Closed => &[Rated],
            Rated | Cancelled => &[],
            Returned => &[Filed, Dispatched, Cancelled],
            Suspended => &[Dispatched, InProgress, Cancelled],
            Extended => &[InProgress, Done, Suspended, Escalated],
            Escalated => &[Dispatched, InProgress, Returned, Cancelled],
        }
    }
}

coded! {
    /// 四色预警: how soon something needs a response, the gravest first.
    Alarm {
        /// 红
        Red = "red",
        /// 橙
        Orange = "orange",
        /// 黄
        Yellow = "yellow",
        /// 蓝; no ticket raises it by itself.
        Blue = "blue",
    }
}

coded! {
    /// By which way a ticket reached the room.
    Channel {
        /// 网格员上报
        GridStaff = "grid_staff",
        /// 热线
        Hotline = "hotline",
        /// 居民
        Resident = "resident",
        /// 视频
        Camera = "camera",
        /// 物联感知
        Sensor = "sensor",
        /// 上级交办
        Superior = "superior",
        /// 巡查
        Patrol = "patrol",
    }
}

coded! {
    /// 四个平台: where a ticket is sent by category.
    Platform {
        /// 综治工作
        PublicSecurity = "public_security",
        /// 市场监管
        MarketSupervision = "market_supervision",
        /// 综合执法
        LawEnforcement = "law_enforcement",
        /// 便民服务
        CitizenServices = "citizen_services",
    }
}

coded! {
    /// How the hours of a deadline are counted.
    DeadlineKind {
        /// Hours of the clock.
        Calendar = "calendar",
        /// Hours of the work calendar.
        Working = "working",
    }
}

/// Severity 1 (gravest) … 4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8")]
pub struct Severity(u8);

impl TryFrom<u8> for Severity {
    type Error = String;

    fn try_from(value: u8) -> Result<Self, String> {
        Self::new(value).ok_or_else(|| format!("{value} is no severity from 1 to 4"))
    }
}

impl Severity {
    /// Used when neither the record nor its category says.
    pub const DEFAULT: Self = Self(3);

    /// A severity from 1 to 4; `None` for any other number.
    pub fn new(value: u8) -> Option<Self> {
        (1..=4).contains(&value).then_some(Self(value))
    }

    /// 1 … 4.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Weight in the heat: 8, 4, 2, 1 for severity 1 … 4 (each step doubles).
    pub fn weight(self) -> f64 {
        f64::from(1u8 << (4 - self.0))
    }
}

/// A line of a category table. Key is kind + code, because the same digits occur under 部件 and 事项.
#[derive(Clone, PartialEq, Debug)]
pub struct Category {
    /// Identity inside the store.
    pub id: CategoryId,
    /// `event` (事项), `component` (部件) or a kind of the source.
    pub kind: String,
    /// Code inside the kind.
    pub code: String,
    /// Name on screen.
    pub name: String,
    /// Platform that handles it.
    pub platform: Option<Platform>,
    /// Severity when a ticket has none.
    pub default_severity: Option<Severity>,
    /// Time allowed for handling, in seconds.
    pub deadline_s: Option<i64>,
    /// How those seconds are counted.
    pub deadline_kind: DeadlineKind,
    /// Whether its free text is shown only to those who may (disputes, minors, health).
    pub sensitive: bool,
}

/// The state of a ticket: at present as its row holds it, or at another time as its [`History`] says. Times are when it
/// happened (`at`), in UTC.
#[derive(Clone, PartialEq, Debug)]
pub struct Ticket {
    /// Identity inside the store.
    pub id: TicketId,
    /// System it came from.
    pub source: String,
    /// Identity in that system; `source` + `external_id` is the key.
    pub external_id: String,
    /// Category code as the source gave it.
    pub category: String,
    /// One line.
    pub title: String,
    /// Free text.
    pub description: String,
    /// Where; `None` = nobody knows yet.
    pub place: Option<Place>,
    /// Accuracy radius of the place in metres, when told.
    pub accuracy_m: Option<f64>,
    /// Address as given.
    pub address: String,
    /// How it reached the room.
    pub channel: Option<Channel>,
    /// Which platform handles it.
    pub platform: Option<Platform>,
    /// 1 … 4.
    pub severity: Severity,
    /// Community code as given; empty when none.
    pub community_code: String,
    /// When it was reported, as told.
    pub reported_at: UtcMs,
    /// When we first heard of it.
    pub recorded_at: UtcMs,
    /// When it is due; `None` = no deadline. Whether it is late is asked of [`Ticket::runs_out_at`].
    pub due_at: Option<UtcMs>,
    /// Where it stands.
    pub status: TicketStatus,
    /// While it is suspended (缓办): since when.
    pub suspended_at: Option<UtcMs>,
    /// When it was closed (or cancelled), never later than we learned it; `None` also when nobody says since when.
    pub closed_at: Option<UtcMs>,
    /// Files that came with it, by name and hash; may be empty.
    pub attachments: Vec<Attachment>,
    /// Whether its text is sensitive.
    pub sensitive: bool,
    /// Closed before opened: kept, flagged, and left out of durations.
    pub inverted_times: bool,
    /// Whether its history has to be asked how it was before: it was reopened or suspended, a value changed, or a status lay
    /// ahead of the clock. Else all that ever changed is that it is over.
    pub varied: bool,
}
