//! Tickets: each the row that follows from its events.

use crate::{
    Attributed, Store, StoreError, WriteTx,
    db::{Row, Sql, Value, chunks, sql, stretches},
    kinds::ChangeKind,
    rows::word,
};
use std::collections::HashMap;
use wall_core::{
    Attachment, CellId, Channel, Command, Decision, NetworkId, Origin, Place, Platform, Reporter, Severity, Spot, Stamp, Ticket,
    TicketEvent, TicketFallback, TicketId, TicketRecord, TicketRefusal, TicketStatus, UtcMs, decide,
};

/// A ticket to be written, with its cell already found.
#[derive(Clone, Debug)]
pub struct TicketWrite {
    /// The record as it came.
    pub record: TicketRecord,
    /// What a new ticket gets where the record is silent; a known one keeps what it has.
    pub fallback: TicketFallback,
    /// The cell of its place, told or found; `None` when no plan is in force, or it has no place.
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
    /// Not taken: no ticket has this key, and the message has neither a place nor an address for a new one.
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

/// Tickets with the cell of their newest attribution in a network, up to `WHERE`.
fn tickets_in(network: NetworkId) -> Sql {
    let newest = sql("SELECT ticket.*, (SELECT a.cell_id FROM attribution a WHERE a.ticket_id = ticket.id AND a.network_id = ");
    newest.push_bind(network.0).push(" ORDER BY a.from_revision DESC LIMIT 1) AS cell_id FROM ticket WHERE ")
}

fn ticket_in(row: &Row) -> Result<(Ticket, Option<CellId>), StoreError> {
    Ok((ticket_row(row)?, row.get::<Option<i64>>("cell_id")?.map(CellId)))
}

/// A row to be written with its events.
struct Projected<'a> {
    ticket: Ticket,
    /// Hash of the record that was told last; `None` = it stays what it is.
    hash: Option<[u8; 16]>,
    revision: i64,
    /// Where it belongs when it is new or its place is.
    attributed: Option<Attributed>,
    reporter: Option<&'a Reporter>,
}

impl WriteTx {
    /// Writes tickets by their key `source` + `external_id`, in order; one outcome each. Idempotent: the same record
    /// again changes nothing. Fields left empty keep what is known. O(n log tickets), in bulk statements.
    pub async fn put_tickets(&mut self, writes: &[TicketWrite], origin: Origin) -> Result<Vec<TicketOutcome>, StoreError> {
        self.put_all(writes, origin, false).await
    }

    /// The same for what was imported whole before ([`Store::tickets_imported`]): whatever came since, known tickets stay as
    /// they are, and only those that are missing are written.
    pub async fn put_tickets_again(&mut self, writes: &[TicketWrite]) -> Result<Vec<TicketOutcome>, StoreError> {
        self.put_all(writes, Origin::Imported, true).await
    }

    async fn put_all(&mut self, writes: &[TicketWrite], origin: Origin, again: bool) -> Result<Vec<TicketOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        // A key that comes again is then a known ticket.
        for unique in stretches(writes, |w| (w.record.source.as_str(), w.record.external_id.as_str())) {
            self.put_unique(unique, origin, again, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    /// Reads what is known of the tickets, decides, appends what was decided, and writes the rows that follow from it.
    async fn put_unique(
        &mut self,
        writes: &[TicketWrite],
        origin: Origin,
        again: bool,
        outcomes: &mut Vec<TicketOutcome>,
    ) -> Result<(), StoreError> {
        let hashes: Vec<[u8; 16]> = writes.iter().map(|w| self.content_hash(&w.record, w.fallback.found)).collect();
        let known = self.known(writes).await?;
        let id_of = |w: &TicketWrite| known.get(&(w.record.source.clone(), w.record.external_id.clone()));
        let is_same = |known_hash: &[u8], hash: &[u8; 16]| again || known_hash == hash;
        let news = writes.iter().zip(&hashes).filter_map(|(w, hash)| id_of(w).filter(|(_, known)| !is_same(known, hash)));
        let news: Vec<TicketId> = news.map(|(id, _)| *id).collect();
        let mut rows = self.ticket_rows(&news).await?;
        let mut events = self.events_of(&news).await?;
        // Numbers without gaps: what is not taken gets none.
        let new = writes.iter().filter(|w| w.record.says_where() && id_of(w).is_none()).count();
        let mut next = self.ids("ticket", new).await?;
        let (mut fresh, mut changed, mut told_again, mut appended) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut reworded = Vec::new();
        for (write, hash) in writes.iter().zip(hashes) {
            let record = &write.record;
            let (id, row) = match id_of(write) {
                Some((id, known_hash)) if is_same(known_hash, &hash) => {
                    outcomes.push(TicketOutcome::Unchanged(*id));
                    continue;
                }
                Some((id, _)) => (*id, rows.remove(id)),
                None => (TicketId(next), None),
            };
            let history = events.remove(&id).unwrap_or_default();
            let known = row.as_ref().map(|row| (row, &history[..]));
            let decision = match self.decide(id, known, Command::Hear { record, fallback: &write.fallback }, origin) {
                Ok(decision) => decision,
                Err(TicketRefusal::NoPlace) => {
                    outcomes.push(TicketOutcome::Unknown);
                    continue;
                }
                Err(refused) => return Err(StoreError::Refused(refused.to_string())),
            };
            let reporter = record.reporter.as_ref();
            outcomes.push(match &row {
                None => TicketOutcome::Created(id),
                Some(_) if decision.kept_closed => TicketOutcome::KeptClosed(id),
                Some(_) if decision.events.is_empty() => TicketOutcome::Unchanged(id),
                Some(_) => TicketOutcome::Updated(id),
            });
            if decision.events.is_empty() {
                told_again.push((id, hash, reporter));
                continue;
            }
            let revision = self.line(ChangeKind::Ticket, id.0);
            let moved = row.as_ref().is_none_or(|row| row.place != decision.ticket.place);
            let attributed = write.attributed.filter(|_| moved);
            if row.as_ref().is_some_and(|row| searched(row) != searched(&decision.ticket)) {
                reworded.push(id);
            }
            let projected = Projected { ticket: decision.ticket, hash: Some(hash), revision, attributed, reporter };
            appended.extend(decision.events.into_iter().map(|e| (id, e)));
            if row.is_some() {
                changed.push(projected);
            } else {
                next += 1;
                fresh.push(projected);
            }
        }
        self.tx.insert("ticket", TICKET, "", &fresh, |p| row_values(&p.ticket, p.hash, p.revision)).await?;
        for p in &changed {
            self.write_ticket(p).await?;
            if let Some(a) = p.attributed {
                // A place that was corrected is another place: the old home says nothing about it.
                let home = sql("DELETE FROM ticket_home WHERE ticket_id = $1 AND network_id = $2");
                self.tx.execute(home.bind(p.ticket.id.0).bind(a.network.0)).await?;
            }
        }
        for (id, hash, _) in &told_again {
            let told = sql("UPDATE ticket SET content_hash = $1 WHERE id = $2");
            self.tx.execute(told.bind(hash.as_slice()).bind(id.0)).await?;
        }
        self.texts_changed(reworded.into_iter()).await?;
        self.append(&appended).await?;
        let written = || fresh.iter().chain(&changed);
        let reporters = written().map(|p| (p.ticket.id, p.reporter)).chain(told_again.iter().map(|(id, _, r)| (*id, *r)));
        for (id, reporter) in reporters.filter_map(|(id, reporter)| Some((id, reporter?))) {
            self.seal_reporter(id.0, reporter).await?;
        }
        for (projected, are_new) in [(&fresh, true), (&changed, false)] {
            let belongs = projected.iter().filter_map(|p| Some((p.ticket.id.0, p.attributed?, p.revision)));
            self.put_attributions(&belongs.collect::<Vec<_>>(), are_new).await?;
        }
        Ok(())
    }

    /// What is known by the keys of these records: ids, and hashes of the records that were told last.
    async fn known(&mut self, writes: &[TicketWrite]) -> Result<HashMap<(String, String), (TicketId, Vec<u8>)>, StoreError> {
        let mut known = HashMap::new();
        // Looked up one by one along the key: of a join PostgreSQL reads the whole table until it has counted it.
        for chunk in chunks(writes) {
            let keys = chunk.iter().map(|w| [Value::from(&w.record.source), Value::from(&w.record.external_id)]);
            let found = sql("WITH k (s, e) AS (VALUES ").push_rows(keys).push(
                ") SELECT s, e, (SELECT id FROM ticket WHERE source = s AND external_id = e) AS id, \
                 (SELECT content_hash FROM ticket WHERE source = s AND external_id = e) AS content_hash FROM k",
            );
            for row in self.tx.rows(found).await? {
                if let Some(id) = row.get("id")? {
                    known.insert((row.get("s")?, row.get("e")?), (TicketId(id), row.get("content_hash")?));
                }
            }
        }
        Ok(known)
    }

    async fn ticket_rows(&mut self, ids: &[TicketId]) -> Result<HashMap<TicketId, Ticket>, StoreError> {
        let mut out = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let rows = sql("SELECT * FROM ticket WHERE id IN (").push_list(chunk.iter().map(|id| id.0)).push(")");
            for row in self.tx.rows(rows).await? {
                let ticket = ticket_row(&row)?;
                out.insert(ticket.id, ticket);
            }
        }
        Ok(out)
    }

    /// What follows from a command, as this write would record it.
    fn decide(
        &self,
        id: TicketId,
        known: Option<(&Ticket, &[TicketEvent])>,
        command: Command<'_>,
        origin: Origin,
    ) -> Result<Decision, TicketRefusal> {
        let (recorded_at, revision) = (self.recorded_at, self.next_revision());
        let stamp = Stamp { recorded_at, revision, origin, actor: &self.actor.who, station: &self.actor.station };
        decide(id, known, command, &stamp)
    }

    async fn write_ticket(&mut self, p: &Projected<'_>) -> Result<(), StoreError> {
        // Its identity stays; so does the hash where no record was told.
        let stays = |column| matches!(column, "id" | "source" | "external_id") || (column == "content_hash" && p.hash.is_none());
        let values = TICKET.into_iter().zip(row_values(&p.ticket, p.hash, p.revision)).filter(|(column, _)| !stays(*column));
        let mut update = sql("UPDATE ticket SET ");
        for (i, (column, value)) in values.enumerate() {
            update = update.push(if i == 0 { "" } else { ", " }).push(column).push(" = ").push_bind(value);
        }
        self.tx.execute(update.push(" WHERE id = ").push_bind(p.ticket.id.0)).await.map(drop)
    }

    /// Moves a ticket by hand. Only legal moves are accepted; an illegal one is refused and nothing changes.
    pub async fn move_ticket(&mut self, id: TicketId, to: TicketStatus, at: UtcMs, reason: &str) -> Result<(), StoreError> {
        let row = self.ticket_rows(&[id]).await?.remove(&id);
        let row = row.ok_or_else(|| StoreError::Refused(format!("there is no ticket {}", id.0)))?;
        let events = self.events_of(&[id]).await?.remove(&id).unwrap_or_default();
        let decision = self
            .decide(id, Some((&row, &events)), Command::Move { to, at, reason }, Origin::Move)
            .map_err(|refused| StoreError::Refused(refused.to_string()))?;
        let revision = self.line(ChangeKind::Ticket, id.0);
        let projected = Projected { ticket: decision.ticket, hash: None, revision, attributed: None, reporter: None };
        self.write_ticket(&projected).await?;
        self.append(&decision.events.into_iter().map(|e| (id, e)).collect::<Vec<_>>()).await
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

    /// Seals who reported; what this record does not tell of them stays.
    async fn seal_reporter(&mut self, ticket: i64, reporter: &Reporter) -> Result<(), StoreError> {
        self.seal_stated("reporter", ticket, &[("name", &reporter.name), ("phone", &reporter.phone)]).await.map(drop)
    }

    /// Keyed, so that the hash tells nothing about a reporter to who has only the database. `found`: where its address was found;
    /// the same message is news when its address is found that was not, or elsewhere.
    fn content_hash(&self, r: &TicketRecord, found: Option<Spot>) -> [u8; 16] {
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
        let (lon, lat, files) = (number(r.place.map(|p| p.lon)), number(r.place.map(|p| p.lat)), file_list(&r.attachments));
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
        let spot =
            found.map(|s| [s.place.lon.to_bits().to_le_bytes(), s.place.lat.to_bits().to_le_bytes(), number(s.accuracy_m)]);
        parts.extend(spot.iter().flatten().map(|number| number.as_slice()));
        self.store.keyed_hash(parts)
    }
}

fn file_list(files: &[Attachment]) -> String {
    if files.is_empty() {
        return String::new();
    }
    serde_json::json!(files.iter().map(|a| [&a.name, &a.hash]).collect::<Vec<_>>()).to_string()
}

/// The attachments of a ticket as [`file_list`] writes them.
fn files(ticket: i64, text: &str) -> Result<Vec<Attachment>, StoreError> {
    if text.is_empty() {
        return Ok(vec![]);
    }
    let pairs: Option<Vec<[String; 2]>> = serde_json::from_str(text).ok();
    let pairs = word(pairs, "ticket.attachments", ticket, "no list")?;
    Ok(pairs.into_iter().map(|[name, hash]| Attachment { name, hash }).collect())
}

/// What the search of tickets depends on, and may change.
fn searched(t: &Ticket) -> (&str, &str, bool) {
    (&t.title, &t.address, t.sensitive)
}

const BY_KEY: &str = "SELECT id FROM ticket WHERE source = $1 AND external_id = $2";

fn id_of(row: Option<Row>) -> Result<Option<TicketId>, StoreError> {
    row.map(|r| r.get("id").map(TicketId)).transpose()
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

    /// The ticket with this key.
    pub async fn ticket_by_key(&self, source: &str, external_id: &str) -> Result<Option<TicketId>, StoreError> {
        id_of(self.inner.read.optional(sql(BY_KEY).bind(source).bind(external_id)).await?)
    }

    /// Number of tickets.
    pub async fn ticket_count(&self) -> Result<i64, StoreError> {
        self.inner.read.one(sql("SELECT count(*) AS n FROM ticket")).await?.get("n")
    }
}

/// Columns of a ticket, in the order of [`row_values`].
const TICKET: [&str; 26] = [
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
    "suspended_at",
    "closed_at",
    "sensitive",
    "inverted_times",
    "varied",
    "content_hash",
    "recorded_at",
    "revision",
];

fn row_values(t: &Ticket, hash: Option<[u8; 16]>, revision: i64) -> [Value; 26] {
    [
        t.id.0.into(),
        (&t.source).into(),
        (&t.external_id).into(),
        (&t.category).into(),
        (&t.title).into(),
        (&t.description).into(),
        t.place.map(|p| p.lon).into(),
        t.place.map(|p| p.lat).into(),
        t.accuracy_m.into(),
        (&t.address).into(),
        t.channel.map(Channel::code).into(),
        t.platform.map(Platform::code).into(),
        i64::from(t.severity.get()).into(),
        (&t.community_code).into(),
        file_list(&t.attachments).into(),
        t.reported_at.into(),
        t.due_at.into(),
        t.status.code().into(),
        t.suspended_at.into(),
        t.closed_at.into(),
        t.sensitive.into(),
        t.inverted_times.into(),
        t.varied.into(),
        hash.map(|h| h.to_vec()).into(),
        t.recorded_at.into(),
        revision.into(),
    ]
}

fn ticket_row(row: &Row) -> Result<Ticket, StoreError> {
    let (id, severity): (i64, i64) = (row.get("id")?, row.get("severity")?);
    Ok(Ticket {
        id: TicketId(id),
        source: row.get("source")?,
        external_id: row.get("external_id")?,
        category: row.get("category")?,
        title: row.get("title")?,
        description: row.get("description")?,
        place: row.get::<Option<f64>>("lon")?.zip(row.get("lat")?).and_then(|(lon, lat)| Place::new(lon, lat)),
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
        varied: row.get("varied")?,
        recorded_at: row.get("recorded_at")?,
        suspended_at: row.get("suspended_at")?,
    })
}
