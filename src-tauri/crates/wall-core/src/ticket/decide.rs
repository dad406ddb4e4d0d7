//! What a message or a command makes of a ticket: the events that follow from it, or a refusal. Pure: the store appends
//! what is decided here and writes the row that is projected from it.

use super::{
    Change, Described, Located, LocationMethod, Origin, Payload, Platform, Received, Severity, Spot, StatusSet, Ticket,
    TicketEvent, TicketRecord, TicketStatus, project,
};
use crate::{TicketId, UtcMs, settled};

/// What a new ticket gets where its record is silent; a known one keeps what it has.
#[derive(Clone, Copy, Debug)]
pub struct TicketFallback {
    /// Severity: the category's default, else 3.
    pub severity: Severity,
    /// Platform of the category.
    pub platform: Option<Platform>,
    /// When it was reported: the wall's now. A status whose time nobody told is of then too.
    pub reported_at: UtcMs,
    /// The wall's now.
    pub now: UtcMs,
    /// Due time by the category's deadline.
    pub due_at: Option<UtcMs>,
    /// Whether the category is sensitive.
    pub sensitive: bool,
    /// Where the address that the record tells was found, for a ticket of which nobody told a place; `None` = nowhere, or in
    /// several places.
    pub found: Option<Spot>,
}

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    /// A message says how a ticket is: the first of a new one, or news of a known one.
    Hear {
        /// What it says.
        record: &'a TicketRecord,
        /// For what it does not say.
        fallback: &'a TicketFallback,
    },
    /// A person moves it.
    Move {
        /// To this status.
        to: TicketStatus,
        /// When that happened.
        at: UtcMs,
        /// Why; may be empty.
        reason: &'a str,
    },
}

/// How the events of one decision are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The system's time.
    pub recorded_at: UtcMs,
    /// The revision that they get.
    pub revision: i64,
    /// By which way the command came.
    pub origin: Origin,
    /// Who gives it.
    pub actor: &'a str,
    /// Through which door.
    pub station: &'a str,
}

/// What follows from a command.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// New events, to be appended in this order; none = nothing changed.
    pub events: Vec<TicketEvent>,
    /// The row of the ticket after them.
    pub ticket: Ticket,
    /// The message told a status that was taken into the history and not into the state: the ticket is over, and what does
    /// not say when it was reached reopens nothing.
    pub kept_closed: bool,
}

/// Why nothing follows from a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TicketRefusal {
    /// The message has neither a place nor an address for a ticket that is not known yet.
    #[error("no ticket has this key, and the message has neither a place nor an address for a new one")]
    NoPlace,
    /// Only a known ticket can be moved.
    #[error("there is no such ticket")]
    NotKnown,
    /// From where it stands nobody may move it there.
    #[error("a ticket cannot move from {} to {}", from.code(), to.code())]
    Illegal {
        /// Where it stands.
        from: TicketStatus,
        /// Where it should go.
        to: TicketStatus,
    },
    /// It moved on since the time that the command names.
    #[error("at {} the ticket would have moved to {}, but it is {} since then", at.to_rfc3339(), to.code(), is.code())]
    Overtaken {
        /// The time that the command names.
        at: UtcMs,
        /// Where it should have gone.
        to: TicketStatus,
        /// Where it stands since.
        is: TicketStatus,
    },
}

/// Decides what a command makes of the ticket `id`: `known` is its row and its events in the order in which they were
/// recorded, `None` for one that nobody knows yet. O(n log n) in its events.
pub fn decide(
    id: TicketId,
    known: Option<(&Ticket, &[TicketEvent])>,
    command: Command<'_>,
    stamp: &Stamp<'_>,
) -> Result<Decision, TicketRefusal> {
    match (known, command) {
        (None, Command::Hear { record, fallback }) => receive(id, record, fallback, stamp),
        (None, Command::Move { .. }) => Err(TicketRefusal::NotKnown),
        (Some((row, events)), Command::Hear { record, fallback }) => Ok(hear(row, events, record, fallback, stamp)),
        (Some((row, events)), Command::Move { to, at, reason }) => advance(row, events, to, at, reason, stamp),
    }
}

impl Stamp<'_> {
    fn event(&self, payload: Payload, at: UtcMs, told: bool) -> TicketEvent {
        TicketEvent {
            payload,
            at,
            told,
            recorded_at: self.recorded_at,
            revision: self.revision,
            origin: self.origin,
            actor: self.actor.to_owned(),
            station: self.station.to_owned(),
        }
    }

    /// A told time as it is kept: within the tolerance ahead of the system's clock it is now.
    fn settled(&self, told: Option<UtcMs>) -> Option<UtcMs> {
        told.map(|t| settled(t, self.recorded_at))
    }
}

/// When a record says that it reached a status.
fn status_time(r: &TicketRecord, status: TicketStatus) -> Option<UtcMs> {
    r.closed_at.filter(|_| status.is_final()).or(r.status_at)
}

fn receive(id: TicketId, r: &TicketRecord, fallback: &TicketFallback, stamp: &Stamp<'_>) -> Result<Decision, TicketRefusal> {
    if !r.says_where() {
        return Err(TicketRefusal::NoPlace);
    }
    let reported_at = stamp.settled(r.reported_at).unwrap_or(fallback.reported_at);
    let status = r.status.unwrap_or(if r.closed_at.is_some() { TicketStatus::Closed } else { TicketStatus::Received });
    let reason = if status == TicketStatus::Received { r.status_word.clone() } else { String::new() };
    let mut events = vec![stamp.event(Payload::Received(Received { reason }), reported_at, r.reported_at.is_some())];
    if status != TicketStatus::Received {
        let told = stamp.settled(status_time(r, status));
        let set = StatusSet { from: TicketStatus::Received, to: status, reason: r.status_word.clone() };
        events.push(stamp.event(Payload::Status(set), told.unwrap_or(reported_at), told.is_some()));
    }
    if let Some(is) = fallback.found.filter(|_| r.place.is_none()) {
        // Where it was found it has been since it was reported.
        let located = Located { was: None, is: Some(is), method: LocationMethod::Address };
        events.push(stamp.event(Payload::Located(located), reported_at, false));
    }
    let beginning = Ticket {
        id,
        source: r.source.clone(),
        external_id: r.external_id.clone(),
        category: r.category.clone(),
        title: r.title.clone(),
        description: r.description.clone(),
        place: r.place,
        accuracy_m: r.accuracy_m.filter(|_| r.place.is_some()),
        address: r.address.clone(),
        channel: r.channel,
        platform: r.platform.or(fallback.platform),
        severity: r.severity.unwrap_or(fallback.severity),
        community_code: r.community_code.clone(),
        reported_at,
        recorded_at: stamp.recorded_at,
        due_at: r.due_at.or(fallback.due_at),
        status: TicketStatus::Received,
        suspended_at: None,
        closed_at: None,
        attachments: r.attachments.clone(),
        sensitive: r.sensitive.unwrap_or(fallback.sensitive),
        inverted_times: false,
        varied: false,
    };
    let ticket = project(&beginning, &events);
    Ok(Decision { events, ticket, kept_closed: false })
}

fn hear(row: &Ticket, events: &[TicketEvent], r: &TicketRecord, fallback: &TicketFallback, stamp: &Stamp<'_>) -> Decision {
    // Nobody says when values changed: when the message came.
    let now = fallback.now.min(stamp.recorded_at);
    let mut all = events.to_vec();
    let old = row;
    let mut add = |payload, at, told| all.push(stamp.event(payload, at, told));
    let reported_at = match stamp.settled(r.reported_at) {
        // Told again by the clock that was taken as now when it came: still that moment.
        Some(t) if old.reported_at == old.recorded_at && settled(t, old.recorded_at) == old.recorded_at => old.reported_at,
        told => told.unwrap_or(old.reported_at),
    };
    if let Some(change) = Change::between(old.reported_at, reported_at) {
        add(Payload::ReportedAt(change), now, false);
    }
    let said = r.status.or(r.closed_at.map(|_| if old.status.is_final() { old.status } else { TicketStatus::Closed }));
    if let Some(to) = said {
        let told = stamp.settled(status_time(r, to));
        let statuses = || {
            events.iter().filter_map(|e| match &e.payload {
                Payload::Status(s) => Some((e, s.to)),
                _ => None,
            })
        };
        let is_known = match told {
            Some(at) => statuses().any(|(e, s)| e.told && s == to && e.at == at),
            // Said again without a time it is no news, and that it was received goes without saying.
            None => to == TicketStatus::Received || to == old.status || statuses().next_back().is_some_and(|(_, s)| s == to),
        };
        if !is_known {
            let set = StatusSet { from: old.status, to, reason: r.status_word.clone() };
            add(Payload::Status(set), told.unwrap_or(now), told.is_some());
        }
    }
    if let Some(change) = Change::between(old.due_at, r.due_at.or(old.due_at)) {
        add(Payload::DueSet(change), now, false);
    }
    if let Some(change) = Change::between(old.severity, r.severity.unwrap_or(old.severity)) {
        add(Payload::SeveritySet(change), now, false);
    }
    let spot = |place: Option<_>, accuracy_m| place.map(|place| Spot { place, accuracy_m });
    let was = spot(old.place, old.accuracy_m);
    let by_address = last_method(events) == Some(LocationMethod::Address);
    let (is, method) = match r.place {
        // What was known of a place that an address was found at says nothing about the one that is told.
        Some(_) if by_address => (spot(r.place, r.accuracy_m), LocationMethod::Told),
        Some(_) => (spot(r.place, r.accuracy_m.or(old.accuracy_m)), LocationMethod::Told),
        // Only where nobody told a place: an address is looked up, and looked up again where it is another.
        None if by_address || was.is_none() => (fallback.found.or(was), LocationMethod::Address),
        None => (spot(old.place, r.accuracy_m.or(old.accuracy_m)), LocationMethod::Told),
    };
    if was != is || (by_address && r.place.is_some()) {
        add(Payload::Located(Located { was, is, method }), now, false);
    }
    let keep = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
    let described = Ticket {
        category: keep(&r.category, &old.category),
        title: keep(&r.title, &old.title),
        description: keep(&r.description, &old.description),
        address: keep(&r.address, &old.address),
        channel: r.channel.or(old.channel),
        platform: r.platform.or(old.platform),
        community_code: keep(&r.community_code, &old.community_code),
        attachments: if r.attachments.is_empty() { old.attachments.clone() } else { r.attachments.clone() },
        sensitive: r.sensitive.unwrap_or(old.sensitive),
        ..old.clone()
    };
    if let Some(described) = Described::between(old, &described) {
        add(Payload::Described(Box::new(described)), now, false);
    }
    let ticket = if all.len() == events.len() { old.clone() } else { project(old, &all) };
    let kept_closed = ticket.status.is_final() && said.is_some_and(|s| !s.is_final());
    Decision { events: all.split_off(events.len()), ticket, kept_closed }
}

/// How the place of a ticket was found last; `None` = it was told with the ticket, or nobody knows it.
fn last_method(events: &[TicketEvent]) -> Option<LocationMethod> {
    events.iter().rev().find_map(|e| match &e.payload {
        Payload::Located(l) => Some(l.method),
        _ => None,
    })
}

fn advance(
    row: &Ticket,
    events: &[TicketEvent],
    to: TicketStatus,
    at: UtcMs,
    reason: &str,
    stamp: &Stamp<'_>,
) -> Result<Decision, TicketRefusal> {
    let from = row.status;
    if !from.legal_next().contains(&to) {
        return Err(TicketRefusal::Illegal { from, to });
    }
    let mut all = events.to_vec();
    all.push(stamp.event(Payload::Status(StatusSet { from, to, reason: reason.to_owned() }), at, true));
    let ticket = project(row, &all);
    if ticket.status != to {
        return Err(TicketRefusal::Overtaken { at, to, is: ticket.status });
    }
    Ok(Decision { events: all.split_off(events.len()), ticket, kept_closed: false })
}
