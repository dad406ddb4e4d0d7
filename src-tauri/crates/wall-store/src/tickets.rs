//! Tickets, their transitions and their attribution to cells.

use crate::{
    Store, StoreError, WriteTx,
    changes::ChangeKind,
    db::{Row, Sql, Value, chunks, containing, sql, stretches},
    rows::word,
};
use std::collections::HashMap;
use wall_core::{
    Attachment, CellId, Channel, Course, NetworkId, Place, PlanId, Platform, Severity, StatusEvent, Ticket, TicketFallback,
    TicketId, TicketRecord, TicketStatus, Timebase, UtcMs, counts_from, settled,
};

/// To which cell of which plan a ticket belongs (`cell` = `None`: outside all cells).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attributed {
    /// The network.
    pub network: NetworkId,
    /// The plan whose cells were asked.
    pub plan: PlanId,
    /// The cell.
    pub cell: Option<CellId>,
}

/// A ticket that a plan's cells are asked for.
#[derive(Clone, Copy, Debug)]
pub struct WaitingTicket {
    /// Where it lies.
    pub place: Place,
    /// The cell that it had last.
    pub had: Option<CellId>,
    /// Of a sensitive one, the cell in which it was first found: nothing that people see may tell more of its place.
    pub home: Option<CellId>,
}

/// A ticket to be written, with its cell already found.
#[derive(Clone, Debug)]
pub struct TicketWrite {
    /// The record as it came.
    pub record: TicketRecord,
    /// What a new ticket gets where the record is silent; a known one keeps what it has.
    pub fallback: TicketFallback,
    /// Its cell; `None` when no plan is in force.
    pub attributed: Option<Attributed>,
}

/// What became of a record. All but `Refused` mean: on disk once the write is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketOutcome {
    /// New.
    Created(TicketId),
    /// Known, and something changed.
    Updated(TicketId),
    /// Known, and nothing changed.
    Unchanged(TicketId),
    /// Known, and the rest of the message was taken, but not its status: the ticket is over, and a status that does not
    /// say when it was reached reopens nothing. It stands in the history.
    KeptClosed(TicketId),
    /// Not taken: no ticket has this key, and the message has no place for a new one.
    Unknown,
}

impl TicketOutcome {
    /// The ticket, when the record was taken.
    pub fn id(self) -> Option<TicketId> {
        match self {
            Self::Created(id) | Self::Updated(id) | Self::Unchanged(id) | Self::KeptClosed(id) => Some(id),
            Self::Unknown => None,
        }
    }
}

/// One line of a ticket's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredTransition {
    /// From; `None` for the first.
    pub from: Option<TicketStatus>,
    /// To.
    pub to: TicketStatus,
    /// When it happened.
    pub at: UtcMs,
    /// When we learned it.
    pub recorded_at: UtcMs,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// `imported`, `intake` or `move`.
    pub kind: String,
    /// Whether `at` was told; `false` = it is when the message came.
    pub told: bool,
}

/// The events of a history, as [`Course::of`] takes them: all after the first line, which is the reporting itself.
pub fn status_events(history: &[StoredTransition]) -> Vec<StatusEvent> {
    let later = history.iter().filter(|t| t.from.is_some());
    later.map(|t| StatusEvent { to: t.to, at: t.at, recorded_at: t.recorded_at, told: t.told }).collect()
}

/// Columns of a ticket. `suspended_at` is since when it stands still, while it does.
const TICKETS: &str = "SELECT id, source, external_id, category, title, description, lon, lat, accuracy_m, address, channel, platform, \
     severity, community_code, reported_at, due_at, status, closed_at, sensitive, inverted_times, recorded_at, \
     CASE WHEN status = 'suspended' THEN coalesce((SELECT min(x.at) FROM transition x WHERE x.ticket_id = ticket.id \
     AND x.to_status = 'suspended' AND x.at >= (SELECT max(y.at) FROM transition y WHERE y.ticket_id = ticket.id \
     AND y.to_status <> 'suspended')), (SELECT max(z.at) FROM transition z WHERE z.ticket_id = ticket.id \
     AND z.to_status = 'suspended')) END AS suspended_at, attachments";

/// Tickets with the cell of their newest attribution in a network, up to `WHERE`.
fn tickets_in(network: NetworkId) -> Sql {
    let newest = sql(TICKETS).push(", (SELECT a.cell_id FROM attribution a WHERE a.ticket_id = ticket.id AND a.network_id = ");
    newest.push_bind(network.0).push(" ORDER BY a.from_revision DESC LIMIT 1) AS cell_id FROM ticket WHERE ")
}

fn ticket_in(row: &Row) -> Result<(Ticket, Option<CellId>), StoreError> {
    Ok((ticket_row(row)?, row.get::<Option<i64>>("cell_id")?.map(CellId)))
}

struct Step {
    ticket: i64,
    from: Option<TicketStatus>,
    to: TicketStatus,
    at: UtcMs,
    told: bool,
    reason: String,
    revision: i64,
}

impl WriteTx {
    /// Writes tickets by their key `source` + `external_id`, in order; one outcome each. Idempotent: the same record
    /// again changes nothing. Fields left empty keep what is known. `kind` is `imported` or `intake`.
    /// O(n log tickets), in bulk statements.
    pub async fn put_tickets(&mut self, writes: &[TicketWrite], kind: &'static str) -> Result<Vec<TicketOutcome>, StoreError> {
        self.put_all(writes, kind, false).await
    }

    /// The same for what was imported whole before ([`Store::tickets_imported`]): whatever came since, known tickets stay as
    /// they are, and only those that are missing are written.
    pub async fn put_tickets_again(&mut self, writes: &[TicketWrite]) -> Result<Vec<TicketOutcome>, StoreError> {
        self.put_all(writes, "imported", true).await
    }

    async fn put_all(
        &mut self,
        writes: &[TicketWrite],
        kind: &'static str,
        again: bool,
    ) -> Result<Vec<TicketOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        // A key that comes again is then a known ticket.
        for unique in stretches(writes, |w| (w.record.source.as_str(), w.record.external_id.as_str())) {
            self.put_unique(unique, kind, again, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    async fn put_unique(
        &mut self,
        writes: &[TicketWrite],
        kind: &'static str,
        again: bool,
        outcomes: &mut Vec<TicketOutcome>,
    ) -> Result<(), StoreError> {
        let mut known: HashMap<(String, String), (i64, Vec<u8>)> = HashMap::new();
        for chunk in chunks(writes) {
            let keys = chunk.iter().map(|w| [Value::from(&w.record.source), Value::from(&w.record.external_id)]);
            let found = sql("WITH k (s, e) AS (VALUES ").push_rows(keys).push(
                ") SELECT t.source, t.external_id, t.id, t.content_hash FROM k JOIN ticket t ON t.source = k.s AND t.external_id = k.e",
            );
            for row in self.tx.rows(found).await? {
                known.insert((row.get("source")?, row.get("external_id")?), (row.get("id")?, row.get("content_hash")?));
            }
        }
        // Numbers without gaps: what is not taken gets none.
        let is_new = |w: &&TicketWrite| {
            let r = &w.record;
            r.place.is_some() && !known.contains_key(&(r.source.clone(), r.external_id.clone()))
        };
        let mut next = self.ids("ticket", writes.iter().filter(is_new).count()).await?;
        let (mut fresh, mut steps, mut belongs, mut moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for write in writes {
            let record = &write.record;
            let hash = self.content_hash(record);
            let key = (record.source.clone(), record.external_id.clone());
            match known.get(&key) {
                Some((id, known_hash)) if again || known_hash[..] == hash[..] => {
                    outcomes.push(TicketOutcome::Unchanged(TicketId(*id)))
                }
                Some((id, _)) => {
                    let lines = belongs.len();
                    let outcome = self.update_ticket(TicketId(*id), write, &hash, &mut steps, &mut belongs).await?;
                    moved.extend(belongs[lines..].iter().map(|(t, a, _)| (*t, *a)));
                    outcomes.push(outcome);
                }
                None => {
                    let Some(place) = record.place else {
                        outcomes.push(TicketOutcome::Unknown);
                        continue;
                    };
                    let id = next;
                    next += 1;
                    let revision = self.line(ChangeKind::Ticket, id);
                    let reported_at = self.settled(record.reported_at).unwrap_or(write.fallback.reported_at);
                    let status = record.status.unwrap_or(if record.closed_at.is_some() {
                        TicketStatus::Closed
                    } else {
                        TicketStatus::Received
                    });
                    steps.push(Step {
                        ticket: id,
                        from: None,
                        to: TicketStatus::Received,
                        at: reported_at,
                        told: record.reported_at.is_some(),
                        reason: if status == TicketStatus::Received { record.status_word.clone() } else { String::new() },
                        revision,
                    });
                    if status != TicketStatus::Received {
                        let told = self.settled(status_time(record, status));
                        let from = Some(TicketStatus::Received);
                        let (at, told) = (told.unwrap_or(reported_at), told.is_some());
                        steps.push(Step { ticket: id, from, to: status, at, told, reason: record.status_word.clone(), revision });
                    }
                    if let Some(a) = write.attributed {
                        belongs.push((id, a, revision));
                    }
                    fresh.push((id, write, place, hash, reported_at, status, revision));
                    outcomes.push(TicketOutcome::Created(TicketId(id)));
                }
            }
        }
        let recorded_at = self.recorded_at;
        self.tx
            .insert("ticket", NEW_TICKET, "", &fresh, |(id, w, place, hash, reported_at, status, revision)| {
                let (r, fallback) = (&w.record, &w.fallback);
                let closed_at = status_time(r, *status).filter(|_| status.is_final());
                let closed_at = closed_at.map(|t| counts_from(t, recorded_at, Timebase::System));
                [
                    (*id).into(),
                    (&r.source).into(),
                    (&r.external_id).into(),
                    (&r.category).into(),
                    (&r.title).into(),
                    (&r.description).into(),
                    place.lon.into(),
                    place.lat.into(),
                    r.accuracy_m.into(),
                    (&r.address).into(),
                    r.channel.map(Channel::code).into(),
                    r.platform.or(fallback.platform).map(Platform::code).into(),
                    i64::from(r.severity.unwrap_or(fallback.severity).get()).into(),
                    (&r.community_code).into(),
                    attachments(r).into(),
                    (*reported_at).into(),
                    r.due_at.or(fallback.due_at).into(),
                    status.code().into(),
                    closed_at.into(),
                    r.sensitive.unwrap_or(fallback.sensitive).into(),
                    r.inverted_times.into(),
                    hash.as_slice().into(),
                    recorded_at.into(),
                    (*revision).into(),
                ]
            })
            .await?;
        for (id, write, ..) in &fresh {
            if let Some(reporter) = &write.record.reporter {
                self.seal_reporter(*id, reporter).await?;
            }
        }
        self.put_steps(&steps, kind).await?;
        // A place that was corrected is another place: the old home says nothing about it.
        for (ticket, a) in &moved {
            let home = sql("DELETE FROM ticket_home WHERE ticket_id = $1 AND network_id = $2");
            self.tx.execute(home.bind(*ticket).bind(a.network.0)).await?;
        }
        self.put_attributions(&belongs).await
    }

    async fn update_ticket(
        &mut self,
        id: TicketId,
        write: &TicketWrite,
        hash: &[u8],
        steps: &mut Vec<Step>,
        belongs: &mut Vec<(i64, Attributed, i64)>,
    ) -> Result<TicketOutcome, StoreError> {
        let r = &write.record;
        let old = ticket_row(&self.tx.one(sql(TICKETS).push(" FROM ticket WHERE id = ").push_bind(id.0)).await?)?;
        let keep = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
        let reported_at = match self.settled(r.reported_at) {
            // Told again by the clock that was taken as now when it came: still that moment.
            Some(t) if old.reported_at == old.recorded_at && settled(t, old.recorded_at) == old.recorded_at => old.reported_at,
            told => told.unwrap_or(old.reported_at),
        };
        let said = r.status.or(r.closed_at.map(|_| if old.status.is_final() { old.status } else { TicketStatus::Closed }));
        let mut events =
            if said.is_some() || reported_at != old.reported_at { status_events(&self.transitions(id).await?) } else { vec![] };
        let heard = said.and_then(|to| {
            let told = self.settled(status_time(r, to));
            let known = match told {
                Some(at) => events.iter().any(|e| e.told && e.to == to && e.at == at),
                // Said again without a time it is no news, and that it was received goes without saying.
                None => to == TicketStatus::Received || to == old.status || events.last().is_some_and(|e| e.to == to),
            };
            let at = told.unwrap_or_else(|| write.fallback.now.min(self.recorded_at));
            (!known).then_some(StatusEvent { to, at, recorded_at: self.recorded_at, told: told.is_some() })
        });
        events.extend(heard);
        let (status, closed_at) = match said.is_some() || reported_at != old.reported_at {
            true => standing(&Ticket { reported_at, ..old.clone() }, &events),
            false => (old.status, old.closed_at),
        };
        let kept_closed = status.is_final() && said.is_some_and(|s| !s.is_final());
        let mut new = Ticket {
            id,
            source: old.source.clone(),
            external_id: old.external_id.clone(),
            category: keep(&r.category, &old.category),
            title: keep(&r.title, &old.title),
            description: keep(&r.description, &old.description),
            place: r.place.or(old.place),
            accuracy_m: r.accuracy_m.or(old.accuracy_m),
            address: keep(&r.address, &old.address),
            channel: r.channel.or(old.channel),
            platform: r.platform.or(old.platform),
            severity: r.severity.unwrap_or(old.severity),
            community_code: keep(&r.community_code, &old.community_code),
            reported_at,
            recorded_at: old.recorded_at,
            due_at: r.due_at.or(old.due_at),
            status,
            suspended_at: old.suspended_at,
            closed_at,
            attachments: old.attachments.clone(),
            sensitive: r.sensitive.unwrap_or(old.sensitive),
            inverted_times: false,
        };
        // By the times that hold now, told by this record or an earlier one.
        new.inverted_times = new.closed_at.is_some_and(|c| c < new.appears_at(Timebase::System));
        if let Some(reporter) = &r.reporter {
            self.seal_reporter(id.0, reporter).await?;
        }
        let files = attachments(r);
        let new_files = !files.is_empty()
            && self
                .tx
                .execute(sql("UPDATE ticket SET attachments = $1 WHERE id = $2 AND attachments <> $1").bind(&files).bind(id.0))
                .await?
                > 0;
        if new == old && !new_files && heard.is_none() {
            self.tx.execute(sql("UPDATE ticket SET content_hash = $1 WHERE id = $2").bind(hash).bind(id.0)).await?;
            return Ok(if kept_closed { TicketOutcome::KeptClosed(id) } else { TicketOutcome::Unchanged(id) });
        }
        let revision = self.line(ChangeKind::Ticket, id.0);
        self.write_ticket(&new, Some(hash), revision).await?;
        if let Some(StatusEvent { to, at, told, .. }) = heard {
            let reason = r.status_word.clone();
            steps.push(Step { ticket: id.0, from: Some(old.status), to, at, told, reason, revision });
        }
        if let Some(a) = write.attributed
            && new.place != old.place
        {
            belongs.push((id.0, a, revision));
        }
        Ok(if kept_closed { TicketOutcome::KeptClosed(id) } else { TicketOutcome::Updated(id) })
    }

    /// A told time as it is kept: within the tolerance ahead of the system's clock it is now.
    fn settled(&self, told: Option<UtcMs>) -> Option<UtcMs> {
        told.map(|t| settled(t, self.recorded_at))
    }

    async fn transitions(&mut self, ticket: TicketId) -> Result<Vec<StoredTransition>, StoreError> {
        let rows = self.tx.rows(sql(HISTORY).bind(ticket.0)).await?;
        rows.iter().map(|r| transition_row(r).map(|(_, t)| t)).collect()
    }

    async fn write_ticket(&mut self, t: &Ticket, hash: Option<&[u8]>, revision: i64) -> Result<(), StoreError> {
        let row = sql(
            "UPDATE ticket SET category = $1, title = $2, description = $3, lon = $4, lat = $5, accuracy_m = $6, address = $7, \
             channel = $8, platform = $9, severity = $10, community_code = $11, reported_at = $12, due_at = $13, status = $14, \
             closed_at = $15, sensitive = $16, inverted_times = $17, content_hash = coalesce($18, content_hash), revision = $19 \
             WHERE id = $20",
        )
        .bind(&t.category)
        .bind(&t.title)
        .bind(&t.description)
        .bind(t.place.map(|p| p.lon))
        .bind(t.place.map(|p| p.lat))
        .bind(t.accuracy_m)
        .bind(&t.address)
        .bind(t.channel.map(Channel::code))
        .bind(t.platform.map(Platform::code))
        .bind(i64::from(t.severity.get()))
        .bind(&t.community_code)
        .bind(t.reported_at)
        .bind(t.due_at)
        .bind(t.status.code())
        .bind(t.closed_at)
        .bind(t.sensitive)
        .bind(t.inverted_times)
        .bind(hash)
        .bind(revision)
        .bind(t.id.0);
        self.tx.execute(row).await.map(drop)
    }

    /// Moves a ticket by hand. Only legal moves are accepted; an illegal one is refused and nothing changes.
    pub async fn move_ticket(&mut self, id: TicketId, to: TicketStatus, at: UtcMs, reason: &str) -> Result<(), StoreError> {
        let row = self.tx.optional(sql(TICKETS).push(" FROM ticket WHERE id = ").push_bind(id.0)).await?;
        let row = row.ok_or_else(|| StoreError::Refused(format!("there is no ticket {}", id.0)))?;
        let mut ticket = ticket_row(&row)?;
        let from = ticket.status;
        if !from.legal_next().contains(&to) {
            return Err(StoreError::Refused(format!("a ticket cannot move from {} to {}", from.code(), to.code())));
        }
        let mut events = status_events(&self.transitions(id).await?);
        events.push(StatusEvent { to, at, recorded_at: self.recorded_at, told: true });
        let (status, closed_at) = standing(&ticket, &events);
        if status != to {
            return Err(StoreError::Refused(format!(
                "at {} the ticket would have moved to {}, but it is {} since then",
                at.to_rfc3339(),
                to.code(),
                status.code()
            )));
        }
        (ticket.status, ticket.closed_at) = (status, closed_at);
        let revision = self.line(ChangeKind::Ticket, id.0);
        self.write_ticket(&ticket, None, revision).await?;
        let step = Step { ticket: id.0, from: Some(from), to, at, told: true, reason: reason.into(), revision };
        self.put_steps(&[step], "move").await
    }

    /// The ticket with this key, for commands that name it by its source.
    pub async fn ticket_id(&mut self, source: &str, external_id: &str) -> Result<Option<TicketId>, StoreError> {
        id_of(self.tx.optional(sql(BY_KEY).bind(source).bind(external_id)).await?)
    }

    /// Notes that an input was imported whole.
    pub async fn note_ticket_import(&mut self, digest: &[u8; 32]) -> Result<(), StoreError> {
        let import = sql("INSERT INTO ticket_import (digest, recorded_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        self.tx.execute(import.bind(self.store.import_mark(digest)).bind(self.recorded_at)).await.map(drop)
    }

    /// Writes new attribution lines; the old ones stay.
    pub async fn attribute(&mut self, lines: &[(TicketId, Attributed)]) -> Result<(), StoreError> {
        let rows: Vec<_> = lines.iter().map(|(t, a)| (t.0, *a, self.line(ChangeKind::Ticket, t.0))).collect();
        self.put_attributions(&rows).await
    }

    /// Attributes tickets anew to `plan`: those never attributed in `network`, and those open that belong to a cell of
    /// another plan. Old lines stay. Returns how many lines were written. O(tickets).
    pub async fn attribute_all(
        &mut self,
        network: NetworkId,
        plan: PlanId,
        cell_at: &(dyn Fn(&WaitingTicket) -> Option<CellId> + Send + Sync),
    ) -> Result<u64, StoreError> {
        let (mut after, mut written) = (0i64, 0u64);
        loop {
            let rows = self.tx.rows(waiting(network, plan, after, 8192)).await?;
            let Some(last) = rows.last() else { return Ok(written) };
            after = last.get("id")?;
            let line = |r: &Row| {
                let (cell, home): (Option<i64>, Option<i64>) = (r.get("cell_id")?, r.get("home_id")?);
                let sensitive: bool = r.get("sensitive")?;
                let place = Place { lon: r.get("lon")?, lat: r.get("lat")? };
                let waiting = WaitingTicket { place, had: cell.map(CellId), home: home.map(CellId).filter(|_| sensitive) };
                Ok((TicketId(r.get("id")?), Attributed { network, plan, cell: cell_at(&waiting) }))
            };
            let lines: Vec<(TicketId, Attributed)> = rows.iter().map(line).collect::<Result<_, StoreError>>()?;
            written += lines.len() as u64;
            self.attribute(&lines).await?;
        }
    }

    async fn put_steps(&mut self, steps: &[Step], kind: &'static str) -> Result<(), StoreError> {
        let mut id = self.ids("transition", steps.len()).await?;
        let (recorded_at, actor) = (self.recorded_at, self.actor.who.clone());
        let written = self.tx.insert("transition", NEW_STEP, "", steps, |s| {
            id += 1;
            [
                (id - 1).into(),
                s.ticket.into(),
                s.from.map_or("", TicketStatus::code).into(),
                s.to.code().into(),
                s.at.into(),
                recorded_at.into(),
                (&actor).into(),
                (&s.reason).into(),
                kind.into(),
                s.revision.into(),
                s.told.into(),
            ]
        });
        written.await.map(drop)
    }

    async fn put_attributions(&mut self, rows: &[(i64, Attributed, i64)]) -> Result<(), StoreError> {
        let columns = ["ticket_id", "network_id", "from_revision", "plan_id", "cell_id"];
        self.tx
            .insert("attribution", columns, "", rows, |(ticket, a, revision)| {
                [(*ticket).into(), a.network.0.into(), (*revision).into(), a.plan.0.into(), a.cell.map(|c| c.0).into()]
            })
            .await?;
        let inside: Vec<(i64, NetworkId, CellId)> = rows.iter().filter_map(|(t, a, _)| Some((*t, a.network, a.cell?))).collect();
        let columns = ["ticket_id", "network_id", "cell_id"];
        self.tx
            .insert("ticket_home", columns, "ON CONFLICT DO NOTHING", &inside, |(ticket, network, cell)| {
                [(*ticket).into(), network.0.into(), cell.0.into()]
            })
            .await
            .map(drop)
    }

    /// Seals who reported; what this record does not tell of them stays.
    async fn seal_reporter(&mut self, ticket: i64, reporter: &wall_core::Reporter) -> Result<(), StoreError> {
        self.seal_stated("reporter", ticket, &[("name", &reporter.name), ("phone", &reporter.phone)]).await.map(drop)
    }

    /// Keyed, so that the hash tells nothing about a reporter to who has only the database.
    fn content_hash(&self, r: &TicketRecord) -> [u8; 16] {
        let time = |t: Option<UtcMs>| t.map_or([0xff; 8], |t| t.0.to_le_bytes());
        let number = |n: Option<f64>| n.map_or([0xff; 8], |n| n.to_bits().to_le_bytes());
        let small = [
            r.channel.map_or(255, |c| c as u8),
            r.platform.map_or(255, |p| p as u8),
            r.severity.map_or(255, Severity::get),
            r.status.map_or(255, |s| s as u8),
            r.sensitive.map_or(255, u8::from),
            u8::from(r.inverted_times),
        ];
        let reporter = r.reporter.clone().unwrap_or_default();
        let (at, accuracy) = ([time(r.reported_at), time(r.due_at), time(r.closed_at)], number(r.accuracy_m));
        let (lon, lat, files) = (number(r.place.map(|p| p.lon)), number(r.place.map(|p| p.lat)), attachments(r));
        let status_at = r.status_at.map(|t| t.0.to_le_bytes());
        let mut parts: Vec<&[u8]> = vec![
            r.category.as_bytes(),
            r.title.as_bytes(),
            r.description.as_bytes(),
            &lon,
            &lat,
            &accuracy,
            r.address.as_bytes(),
            r.community_code.as_bytes(),
            &at[0],
            &at[1],
            &at[2],
            &small,
            files.as_bytes(),
            reporter.name.as_bytes(),
            reporter.phone.as_bytes(),
        ];
        // Only where there is one, so that what was stored before there were such words has the same hash.
        if !r.status_word.is_empty() {
            parts.push(r.status_word.as_bytes());
        }
        if let Some(at) = &status_at {
            parts.push(at);
        }
        self.store.keyed_hash(parts)
    }
}

fn attachments(r: &TicketRecord) -> String {
    if r.attachments.is_empty() {
        return String::new();
    }
    serde_json::json!(r.attachments.iter().map(|a| [&a.name, &a.hash]).collect::<Vec<_>>()).to_string()
}

/// The attachments of a ticket as [`attachments`] writes them.
fn files(ticket: i64, text: &str) -> Result<Vec<Attachment>, StoreError> {
    if text.is_empty() {
        return Ok(vec![]);
    }
    let pairs: Option<Vec<[String; 2]>> = serde_json::from_str(text).ok();
    let pairs = word(pairs, "ticket.attachments", ticket, "no list")?;
    Ok(pairs.into_iter().map(|[name, hash]| Attachment { name, hash }).collect())
}

/// Tickets after `after` that [`WriteTx::attribute_all`] would attribute to `plan`.
fn waiting(network: NetworkId, plan: PlanId, after: i64, limit: i64) -> Sql {
    sql("SELECT t.id, t.lon, t.lat, t.sensitive, a.cell_id, \
         (SELECT h.cell_id FROM ticket_home h WHERE h.ticket_id = t.id AND h.network_id = $1) AS home_id \
         FROM ticket t LEFT JOIN attribution a ON a.ticket_id = t.id AND a.network_id = $1 AND \
         a.from_revision = (SELECT max(from_revision) FROM attribution WHERE ticket_id = t.id AND network_id = $1) \
         WHERE t.id > $2 AND (a.plan_id IS NULL OR (a.plan_id <> $3 AND t.status NOT IN ('closed', 'rated', 'cancelled'))) \
         ORDER BY t.id LIMIT $4")
    .bind(network.0)
    .bind(after)
    .bind(plan.0)
    .bind(limit)
}

const BY_KEY: &str = "SELECT id FROM ticket WHERE source = $1 AND external_id = $2";

fn id_of(row: Option<Row>) -> Result<Option<TicketId>, StoreError> {
    row.map(|r| r.get("id").map(TicketId)).transpose()
}

/// Of each ticket a cell.
fn cells_of(rows: &[Row]) -> impl Iterator<Item = Result<(TicketId, CellId), StoreError>> {
    rows.iter().map(|r| Ok((TicketId(r.get("ticket_id")?), CellId(r.get("cell_id")?))))
}

/// Tickets changed since a time, on from an id: along the table's own key, however many lie before it.
pub(crate) const CHANGED_AFTER: &str = "SELECT id, revision FROM ticket WHERE id < $1 AND revision > coalesce( \
        (SELECT revision FROM change_log WHERE recorded_at <= $2 ORDER BY revision DESC LIMIT 1), 0) \
     ORDER BY id DESC LIMIT $3";

impl Store {
    /// When an input with this digest was imported whole; `None` = never.
    pub async fn tickets_imported(&self, digest: &[u8; 32]) -> Result<Option<UtcMs>, StoreError> {
        let import = sql("SELECT recorded_at FROM ticket_import WHERE digest = $1").bind(self.import_mark(digest));
        self.inner.read.optional(import).await?.map(|r| r.get("recorded_at")).transpose()
    }

    /// Under the key of the store: what was imported cannot be guessed from it.
    fn import_mark(&self, digest: &[u8; 32]) -> Vec<u8> {
        self.inner.keys.mac([b"gridwall ticket import".as_slice(), digest]).to_vec()
    }

    /// Whether `attribute_all` would write anything, asked without holding up those who write. O(tickets).
    pub async fn is_attributed_to(&self, network: NetworkId, plan: PlanId) -> Result<bool, StoreError> {
        Ok(self.inner.read.optional(waiting(network, plan, 0, 1)).await?.is_none())
    }

    /// Tickets with their newest attribution in `network`, by ascending id after `after`, at most `limit`.
    pub async fn tickets_after(
        &self,
        network: NetworkId,
        after: TicketId,
        limit: u32,
    ) -> Result<Vec<(Ticket, Option<CellId>)>, StoreError> {
        let tickets =
            tickets_in(network).push("id > ").push_bind(after.0).push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
        self.inner.read.rows(tickets).await?.iter().map(ticket_in).collect()
    }

    /// The last cell that each ticket had under a plan.
    pub async fn attributions_under(&self, plan: PlanId) -> Result<Vec<(TicketId, CellId)>, StoreError> {
        let last = sql(
            "SELECT a.ticket_id, a.cell_id FROM attribution a JOIN (SELECT ticket_id, network_id, max(from_revision) AS revision \
             FROM attribution WHERE plan_id = $1 AND cell_id IS NOT NULL GROUP BY ticket_id, network_id) l \
             ON l.ticket_id = a.ticket_id AND l.network_id = a.network_id AND l.revision = a.from_revision ORDER BY a.ticket_id",
        );
        cells_of(&self.inner.read.rows(last.bind(plan.0)).await?).collect()
    }

    /// Tickets by id with their newest attribution in `network`, in no particular order.
    pub async fn tickets_by_id(&self, network: NetworkId, ids: &[TicketId]) -> Result<Vec<(Ticket, Option<CellId>)>, StoreError> {
        let mut out = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let tickets = tickets_in(network).push("id IN (").push_list(chunk.iter().map(|id| id.0)).push(")");
            for row in self.inner.read.rows(tickets).await? {
                out.push(ticket_in(&row)?);
            }
        }
        Ok(out)
    }

    /// Tickets of which something was learned after `since`, with the revision of it: those with ids below `before`, newest
    /// first. O(tickets passed).
    pub async fn tickets_changed_after(&self, since: UtcMs, before: i64, limit: u32) -> Result<Vec<(TicketId, i64)>, StoreError> {
        let rows = self.inner.read.rows(sql(CHANGED_AFTER).bind(before).bind(since).bind(i64::from(limit))).await?;
        rows.iter().map(|r| Ok((TicketId(r.get("id")?), r.get("revision")?))).collect()
    }

    /// Names of a ticket's attachments.
    pub async fn attachments(&self, ticket: TicketId) -> Result<Vec<String>, StoreError> {
        let row = self.inner.read.optional(sql("SELECT attachments FROM ticket WHERE id = $1").bind(ticket.0)).await?;
        let Some(row) = row else { return Ok(vec![]) };
        Ok(files(ticket.0, row.get("attachments")?)?.into_iter().map(|f| f.name).collect())
    }

    /// A keyed hash: who does not have the key file cannot try what it may be of.
    pub fn keyed_hash<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
        let mac = self.inner.keys.mac(parts);
        let mut short = [0; 16];
        short.copy_from_slice(&mac[..16]);
        short
    }

    /// Whether any ticket is of this source.
    pub async fn has_source(&self, source: &str) -> Result<bool, StoreError> {
        Ok(self.inner.read.optional(sql("SELECT id FROM ticket WHERE source = $1 LIMIT 1").bind(source)).await?.is_some())
    }

    /// The cells in which tickets were first found, of those with ids in `ids`.
    pub async fn homes(
        &self,
        network: NetworkId,
        ids: std::ops::RangeInclusive<TicketId>,
    ) -> Result<HashMap<TicketId, CellId>, StoreError> {
        let homes = sql("SELECT ticket_id, cell_id FROM ticket_home WHERE ticket_id BETWEEN $1 AND $2 AND network_id = $3");
        let homes = homes.bind(ids.start().0).bind(ids.end().0).bind(network.0);
        cells_of(&self.inner.read.rows(homes).await?).collect()
    }

    /// The same for single tickets.
    pub async fn homes_of(&self, network: NetworkId, ids: &[TicketId]) -> Result<HashMap<TicketId, CellId>, StoreError> {
        let mut out = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let homes = sql("SELECT ticket_id, cell_id FROM ticket_home WHERE network_id = ").push_bind(network.0);
            let homes = homes.push(" AND ticket_id IN (").push_list(chunk.iter().map(|id| id.0)).push(")");
            for home in cells_of(&self.inner.read.rows(homes).await?) {
                let (ticket, cell) = home?;
                out.insert(ticket, cell);
            }
        }
        Ok(out)
    }

    /// The ticket with this key.
    pub async fn ticket_by_key(&self, source: &str, external_id: &str) -> Result<Option<TicketId>, StoreError> {
        id_of(self.inner.read.optional(sql(BY_KEY).bind(source).bind(external_id)).await?)
    }

    /// Ids below `before` of tickets whose external id, title or address may contain `text` once it is masked, newest
    /// first: a `*` in `text` stands for any character. What is shown of them decides.
    pub async fn find_tickets(
        &self,
        text: &str,
        until: UtcMs,
        base: Timebase,
        before: TicketId,
        limit: u32,
    ) -> Result<Vec<TicketId>, StoreError> {
        let inside = containing(text).replace('*', "_");
        // As `Ticket::appears_at` says it.
        let found = sql("SELECT id FROM ticket WHERE id < $1 AND (reported_at <= $2 OR ($3 AND recorded_at <= $2)) \
             AND (lower(external_id) LIKE $4 ESCAPE '\\' OR (NOT sensitive AND \
             (lower(title) LIKE $4 ESCAPE '\\' OR lower(address) LIKE $4 ESCAPE '\\'))) ORDER BY id DESC LIMIT $5");
        let found = found.bind(before.0).bind(until).bind(base == Timebase::System).bind(inside).bind(i64::from(limit));
        self.inner.read.rows(found).await?.iter().map(|r| r.get("id").map(TicketId)).collect()
    }

    /// The history of a ticket, in the order in which it was recorded.
    pub async fn transitions(&self, ticket: TicketId) -> Result<Vec<StoredTransition>, StoreError> {
        let rows = self.inner.read.rows(sql(HISTORY).bind(ticket.0)).await?;
        rows.iter().map(|r| transition_row(r).map(|(_, t)| t)).collect()
    }

    /// The histories of tickets, each in the order in which it was recorded.
    pub async fn histories(&self, ids: &[TicketId]) -> Result<HashMap<TicketId, Vec<StoredTransition>>, StoreError> {
        let mut out: HashMap<TicketId, Vec<StoredTransition>> = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let steps = sql(STEPS).push(" WHERE ticket_id IN (").push_list(chunk.iter().map(|id| id.0));
            for row in self.inner.read.rows(steps.push(") ORDER BY ticket_id, id")).await? {
                let (ticket, step) = transition_row(&row)?;
                out.entry(ticket).or_default().push(step);
            }
        }
        Ok(out)
    }

    /// The courses of tickets by a clock, in their order: where each stands, and stood, at any time.
    pub async fn courses(&self, tickets: &[&Ticket], base: Timebase) -> Result<Vec<Course>, StoreError> {
        let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
        let histories = self.histories(&ids).await?;
        let course = |t: &&Ticket| {
            let events = histories.get(&t.id).map_or_else(Vec::new, |h| status_events(h));
            Course::of(t.appears_at(base), &events, base)
        };
        Ok(tickets.iter().map(course).collect())
    }

    /// Number of tickets.
    pub async fn ticket_count(&self) -> Result<i64, StoreError> {
        self.inner.read.one(sql("SELECT count(*) AS n FROM ticket")).await?.get("n")
    }
}

const STEPS: &str = "SELECT ticket_id, from_status, to_status, at, recorded_at, actor, reason, kind, told FROM transition";
const HISTORY: &str = "SELECT ticket_id, from_status, to_status, at, recorded_at, actor, reason, kind, told FROM transition \
     WHERE ticket_id = $1 ORDER BY id";
const NEW_STEP: [&str; 11] =
    ["id", "ticket_id", "from_status", "to_status", "at", "recorded_at", "actor", "reason", "kind", "revision", "told"];

fn transition_row(r: &Row) -> Result<(TicketId, StoredTransition), StoreError> {
    let step = StoredTransition {
        // Empty: the first.
        from: TicketStatus::from_code(r.get("from_status")?),
        to: r.word("transition", "to_status", TicketStatus::from_code)?,
        at: r.get("at")?,
        recorded_at: r.get("recorded_at")?,
        actor: r.get("actor")?,
        reason: r.get("reason")?,
        kind: r.get("kind")?,
        told: r.get("told")?,
    };
    Ok((TicketId(r.get("ticket_id")?), step))
}

/// When a record says that it reached a status.
fn status_time(r: &TicketRecord, status: TicketStatus) -> Option<UtcMs> {
    r.closed_at.filter(|_| status.is_final()).or(r.status_at)
}

/// What the row of a ticket says of its course: its status, and since when it is over where anybody says so.
fn standing(ticket: &Ticket, events: &[StatusEvent]) -> (TicketStatus, Option<UtcMs>) {
    let reported = ticket.appears_at(Timebase::System);
    let last = Course::of(reported, events, Timebase::System).last();
    let closed_at = last.over_by.map(|i| events[i]).and_then(|e| {
        let at = counts_from(e.at, e.recorded_at, Timebase::System);
        (e.told || at > reported).then_some(at)
    });
    (last.status, closed_at)
}

const NEW_TICKET: [&str; 24] = [
    "id",
    "source",
    "external_id",
    "category",
    "title",
    "description",
    "lon",
    "lat",
    "accuracy_m",
    "address",
    "channel",
    "platform",
    "severity",
    "community_code",
    "attachments",
    "reported_at",
    "due_at",
    "status",
    "closed_at",
    "sensitive",
    "inverted_times",
    "content_hash",
    "recorded_at",
    "revision",
];

fn ticket_row(row: &Row) -> Result<Ticket, StoreError> {
    let (id, severity): (i64, i64) = (row.get("id")?, row.get("severity")?);
    Ok(Ticket {
        id: TicketId(id),
        source: row.get("source")?,
        external_id: row.get("external_id")?,
        category: row.get("category")?,
        title: row.get("title")?,
        description: row.get("description")?,
        place: Place::new(row.get("lon")?, row.get("lat")?),
        accuracy_m: row.get("accuracy_m")?,
        address: row.get("address")?,
        channel: row.word_if_any("ticket", "channel", Channel::from_code)?,
        platform: row.word_if_any("ticket", "platform", Platform::from_code)?,
        severity: word(u8::try_from(severity).ok().and_then(Severity::new), "ticket.severity", id, &severity.to_string())?,
        community_code: row.get("community_code")?,
        reported_at: row.get("reported_at")?,
        due_at: row.get("due_at")?,
        status: row.word("ticket", "status", TicketStatus::from_code)?,
        closed_at: row.get("closed_at")?,
        attachments: files(id, row.get("attachments")?)?,
        sensitive: row.get("sensitive")?,
        inverted_times: row.get("inverted_times")?,
        recorded_at: row.get("recorded_at")?,
        suspended_at: row.get("suspended_at")?,
    })
}
