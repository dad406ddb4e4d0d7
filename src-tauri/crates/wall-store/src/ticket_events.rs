//! The events of tickets: appended, read, and folded.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, Sql, chunks, sql},
};
use std::collections::HashMap;
use wall_core::{
    CellId, History, NetworkId, Origin, Payload, Ticket, TicketAt, TicketEvent, TicketId, TicketStatus, Timebase, UtcMs,
};

const EVENT: [&str; 12] =
    ["id", "ticket_id", "revision", "kind", "version", "at", "told", "recorded_at", "origin", "actor", "station", "body"];

fn payload(row: &Row, ticket: i64) -> Result<Payload, StoreError> {
    let (kind, version): (&str, i64) = (row.get("kind")?, row.get("version")?);
    let damaged = |what: String| StoreError::Damaged { what: format!("an event of ticket {ticket}: {what}") };
    let version = u32::try_from(version).map_err(|_| damaged(format!("version {version}")))?;
    Payload::read(kind, version, row.get("body")?).map_err(|e| damaged(e.to_string()))
}

fn event(row: &Row) -> Result<(TicketId, TicketEvent), StoreError> {
    let ticket = TicketId(row.get("ticket_id")?);
    let event = TicketEvent {
        payload: payload(row, ticket.0)?,
        at: row.get("at")?,
        told: row.get("told")?,
        recorded_at: row.get("recorded_at")?,
        revision: row.get("revision")?,
        origin: row.word("ticket_event", "origin", Origin::from_code)?,
        actor: row.get("actor")?,
        station: row.get("station")?,
    };
    Ok((ticket, event))
}

/// What is said of an event where millions are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Happened {
    /// Its number.
    pub event: i64,
    /// Of which ticket.
    pub ticket: TicketId,
    /// What happened.
    pub what: What,
    /// When.
    pub at: UtcMs,
    /// When it was learned, by the system's clock.
    pub recorded_at: UtcMs,
    /// The revision that made it visible.
    pub revision: i64,
}

/// What kind of thing happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It was reported.
    Received,
    /// The time of its reporting was corrected.
    ReportedAt,
    /// It reached a status.
    Status(TicketStatus),
    /// Anything else, also what a newer edition wrote.
    Other,
}

fn happened(row: &Row) -> Result<Happened, StoreError> {
    let ticket = row.get("ticket_id")?;
    let what = match row.get("kind")? {
        "received" | "reported_at" | "status" => match payload(row, ticket)? {
            Payload::Received(_) => What::Received,
            Payload::ReportedAt(_) => What::ReportedAt,
            Payload::Status(set) => What::Status(set.to),
            _ => What::Other,
        },
        _ => What::Other,
    };
    Ok(Happened {
        event: row.get("id")?,
        ticket: TicketId(ticket),
        what,
        at: row.get("at")?,
        recorded_at: row.get("recorded_at")?,
        revision: row.get("revision")?,
    })
}

fn by_ticket(rows: &[Row], into: &mut HashMap<TicketId, Vec<TicketEvent>>) -> Result<(), StoreError> {
    for row in rows {
        let (ticket, event) = event(row)?;
        into.entry(ticket).or_default().push(event);
    }
    Ok(())
}

/// What was known of tickets at a time: the newest event that was recorded by then. Both numbers are 0 when there was none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TicketsKnown {
    /// Its number.
    pub event: i64,
    /// Its revision.
    pub revision: i64,
}

fn events_of(ids: &[TicketId]) -> Sql {
    let events = sql("SELECT * FROM ticket_event WHERE ticket_id IN (").push_list(ids.iter().map(|id| id.0));
    events.push(") ORDER BY ticket_id, id")
}

impl WriteTx {
    /// Appends events, in their order.
    pub(crate) async fn append(&mut self, events: &[(TicketId, TicketEvent)]) -> Result<(), StoreError> {
        let mut id = self.ids("ticket_event", events.len()).await?;
        let written = self.tx.insert("ticket_event", EVENT, "", events, |(ticket, e)| {
            id += 1;
            [
                (id - 1).into(),
                ticket.0.into(),
                e.revision.into(),
                e.payload.kind().into(),
                i64::from(e.payload.version()).into(),
                e.at.into(),
                e.told.into(),
                e.recorded_at.into(),
                e.origin.code().into(),
                (&e.actor).into(),
                (&e.station).into(),
                e.payload.body().into(),
            ]
        });
        written.await.map(drop)
    }

    /// The events of tickets, each in the order in which they were recorded.
    pub(crate) async fn events_of(&mut self, ids: &[TicketId]) -> Result<HashMap<TicketId, Vec<TicketEvent>>, StoreError> {
        let mut out = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            by_ticket(&self.tx.rows(events_of(chunk)).await?, &mut out)?;
        }
        Ok(out)
    }
}

impl Store {
    /// The events of tickets, each in the order in which they were recorded; nothing for an id that no ticket has.
    pub async fn ticket_events(&self, ids: &[TicketId]) -> Result<HashMap<TicketId, Vec<TicketEvent>>, StoreError> {
        let mut out = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            by_ticket(&self.inner.read.rows(events_of(chunk)).await?, &mut out)?;
        }
        Ok(out)
    }

    /// What happened after the event with number `after`, up to a revision, in the order in which it was recorded, at most `most` of
    /// it: of each event only what kind it is and its times, since a store has millions.
    pub async fn happened_after(&self, after: i64, revision: i64, most: u32) -> Result<Vec<Happened>, StoreError> {
        let events = sql("SELECT id, ticket_id, revision, kind, version, at, recorded_at, \
             CASE WHEN kind IN ('status', 'reported_at') THEN body ELSE '' END AS body \
             FROM ticket_event WHERE id > $1 AND revision <= $2 ORDER BY id LIMIT $3");
        let rows = self.inner.read.rows(events.bind(after).bind(revision).bind(i64::from(most))).await?;
        rows.iter().map(happened).collect()
    }

    /// What was known of tickets at `t`. O(events recorded after it).
    pub async fn tickets_known_at(&self, t: UtcMs) -> Result<TicketsKnown, StoreError> {
        let newest = sql("SELECT id, revision FROM ticket_event WHERE recorded_at <= $1 ORDER BY id DESC LIMIT 1").bind(t);
        let newest = self.inner.read.optional(newest).await?;
        let known = |row: Row| Ok(TicketsKnown { event: row.get("id")?, revision: row.get("revision")? });
        newest.map_or(Ok(TicketsKnown { event: 0, revision: 0 }), known)
    }

    /// Of which tickets something was recorded after an event, up to a revision, and whether that was their first: a line an
    /// event, at most `most` of them, each with the number of the event.
    pub async fn tickets_heard_after(
        &self,
        after: i64,
        revision: i64,
        most: u32,
    ) -> Result<Vec<(i64, TicketId, bool)>, StoreError> {
        let heard = sql("SELECT id, ticket_id, kind FROM ticket_event WHERE id > $1 AND revision <= $2 ORDER BY id LIMIT $3");
        let rows = self.inner.read.rows(heard.bind(after).bind(revision).bind(i64::from(most))).await?;
        let line = |row: &Row| Ok((row.get("id")?, TicketId(row.get("ticket_id")?), row.get::<&str>("kind")? == "received"));
        rows.iter().map(line).collect()
    }

    /// From when on every change of a value is kept; `None` = from the beginning, [`UtcMs::MAX`] = nothing was recorded since.
    pub async fn ticket_history_since(&self) -> Result<Option<UtcMs>, StoreError> {
        let Some(from) = self.ticket_history_from().await? else { return Ok(None) };
        let first = sql("SELECT recorded_at FROM change_log WHERE revision >= $1 ORDER BY revision LIMIT 1").bind(from);
        self.inner.read.optional(first).await?.map_or(Ok(UtcMs::MAX), |r| r.get("recorded_at")).map(Some)
    }

    /// The newest revision that was recorded by `t`: what was known then. 0 = nothing. O(revisions after it).
    pub async fn revision_at(&self, t: UtcMs) -> Result<i64, StoreError> {
        let newest = sql("SELECT revision FROM change_log WHERE recorded_at <= $1 ORDER BY revision DESC LIMIT 1").bind(t);
        self.inner.read.optional(newest).await?.map_or(Ok(0), |r| r.get("revision"))
    }

    /// The revision from which on changes of values are kept; `None` = from the beginning. What values were before it is not
    /// known: they are shown as they were last.
    pub async fn ticket_history_from(&self) -> Result<Option<i64>, StoreError> {
        let Some(text) = self.setting("ticket_history_from").await? else { return Ok(None) };
        let damaged = || StoreError::Damaged { what: format!("setting ticket_history_from: \"{text}\"") };
        text.parse().map(Some).map_err(|_| damaged())
    }

    /// Tickets as they stood at `at` by a clock, none less guarded than it is now, with their newest attribution in `network`: by all that is known, or by what
    /// was known at a revision. Those that were not there then are left out. In no particular order. O(their events).
    pub async fn tickets_at(
        &self,
        network: NetworkId,
        ids: &[TicketId],
        at: UtcMs,
        base: Timebase,
        known_at: Option<i64>,
    ) -> Result<Vec<(TicketAt, Option<CellId>)>, StoreError> {
        let rows = self.tickets_by_id(network, ids).await?;
        self.fold(&rows, at, base, known_at).await
    }

    /// The same of rows that were read already.
    pub async fn fold(
        &self,
        rows: &[(Ticket, Option<CellId>)],
        at: UtcMs,
        base: Timebase,
        known_at: Option<i64>,
    ) -> Result<Vec<(TicketAt, Option<CellId>)>, StoreError> {
        let events = self.ticket_events(&rows.iter().map(|(t, _)| t.id).collect::<Vec<_>>()).await?;
        let then = |(row, cell): &(Ticket, Option<CellId>)| {
            let events = events.get(&row.id).map_or(&[][..], |e| e);
            Some((History::of(row, events, base, known_at)?.at(at)?.guarded(row), *cell))
        };
        Ok(rows.iter().filter_map(then).collect())
    }
}
