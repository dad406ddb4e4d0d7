//! The world image: what the world keeps of tickets, in columns, in one file beside the store, so that a start reads it back
//! in one read instead of every row of the store.
//!
//! It is disposable. It says of which store, tables, program, network, plan and revision it is; where any of that is another,
//! a checksum does not agree or a single value makes no sense, nothing of it is believed and the world is built from the
//! store. Nothing personal is in it: no text, no name, and of sensitive tickets only their numbers (they are read from the
//! store). A number is little-endian; `MAX` (of a time or an index) and NaN (of a degree) stand for "none".

use super::{
    Live, World,
    columns::{CUT, Columns, Doubt, NONE, NONSENSE, Reader},
    ticket_of,
};
use crate::wall::{
    late::LateNews,
    then::{Phase, Phases},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use wall_core::{CellId, Place, Severity, TicketId, TicketStatus, Timebase, UtcMs, tally::Life};

/// What the file begins with.
const MAGIC: &[u8; 8] = b"GWWORLD2";
/// Longest head that is believed, bytes.
const HEAD_MOST: usize = 64 << 20;

/// Of what an image is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) struct Subject {
    /// Which store.
    pub store: String,
    /// The newest of its tables' versions.
    pub schema: i64,
    /// Which build of the program: rules by which tickets are read change with it.
    pub program: String,
    /// Key of the network.
    pub network: String,
    /// The plan on whose cells the tickets lie, 0 = none, and how many cells it has.
    pub plan: (i64, usize),
}

#[derive(Serialize, Deserialize)]
struct Home {
    cell: i64,
    code: String,
    division: String,
    /// Bits of degrees: texts of numbers are not read back to the last digit.
    place: (u64, u64),
}

#[derive(Serialize, Deserialize)]
struct Head {
    subject: Subject,
    /// Up to which line of the log it is true.
    revision: i64,
    /// What that line was, so that a store put back to an earlier state is noticed.
    line: String,
    /// By which clock the lives are.
    foreign: bool,
    categories: Vec<String>,
    homes: Vec<Home>,
}

/// An image that was read, and not yet believed.
pub(crate) struct Image {
    head: Head,
    bytes: Vec<u8>,
    body: usize,
}

const DISORDER: Doubt = "its tickets are not in order";

impl Image {
    /// Takes a file apart. O(bytes).
    pub fn read(bytes: Vec<u8>) -> Result<Self, Doubt> {
        let (content, sum) = bytes.split_last_chunk::<4>().ok_or(CUT)?;
        if content.first_chunk() != Some(MAGIC) {
            return Err("it is of another edition, or no image");
        }
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Err("its checksum does not agree");
        }
        let length = content.get(8..12).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b) as usize);
        let length = length.filter(|n| *n <= HEAD_MOST).ok_or(CUT)?;
        let head = content.get(12..12 + length).ok_or(CUT)?;
        let head = serde_json::from_slice(head).map_err(|_| "its head cannot be read")?;
        Ok(Self { head, bytes, body: 12 + length })
    }

    /// Of what it is.
    pub fn subject(&self) -> &Subject {
        &self.head.subject
    }

    /// Up to which line of the log it is true, and what that line was.
    pub fn stand(&self) -> (i64, &str) {
        (self.head.revision, &self.head.line)
    }
}

impl Columns {
    /// The columns of tickets, or of states of tickets.
    fn lives<'a>(&mut self, rows: impl Iterator<Item = &'a Live> + Clone) {
        let degree = |v: Option<f64>| v.unwrap_or(f64::NAN).to_bits() as i64;
        self.i64s(rows.clone().map(|l| l.life.reported));
        self.i64s(rows.clone().map(|l| l.life.due));
        self.i64s(rows.clone().map(|l| l.life.closed));
        self.i64s(rows.clone().map(|l| degree(l.exact_place().map(|p| p.lon))));
        self.i64s(rows.clone().map(|l| degree(l.exact_place().map(|p| p.lat))));
        self.u32s(rows.clone().map(|l| l.attributed().unwrap_or(NONE)));
        self.u32s(rows.clone().map(|l| l.home().unwrap_or(NONE)));
        self.u32s(rows.clone().map(|l| l.category));
        let status = |l: &Live| TicketStatus::ALL.iter().position(|s| *s == l.status).map_or(NONE, |i| i as u32);
        self.u32s(rows.clone().map(|l| u32::from(l.severity.get()) | u32::from(l.varied) << 8 | status(l) << 16));
    }
}

impl<'a> Reader<'a> {
    /// The columns of so many tickets, or states of tickets, each checked against `bounds`.
    fn lives(&mut self, count: usize, bounds: Bounds) -> Result<impl Iterator<Item = Result<Live, Doubt>> + use<'a>, Doubt> {
        let (reported, due, closed) = (self.i64s(count)?, self.i64s(count)?, self.i64s(count)?);
        let (lon, lat) = (self.i64s(count)?, self.i64s(count)?);
        let (cell, home) = (self.u32s(count)?, self.u32s(count)?);
        let (category, bits) = (self.u32s(count)?, self.u32s(count)?);
        let lives = reported.zip(due).zip(closed).map(|((reported, due), closed)| Life { reported, due, closed });
        let places = lon.zip(lat).map(|(lon, lat)| (f64::from_bits(lon as u64), f64::from_bits(lat as u64)));
        let rows = lives.zip(places).zip(cell.zip(home)).zip(category.zip(bits));
        Ok(rows.map(move |(((life, (lon, lat)), (cell, home)), (category, bits))| {
            let within = |n: u32, most: usize| match n {
                NONE => Ok(None),
                n if (n as usize) < most => Ok(Some(n)),
                _ => Err(NONSENSE),
            };
            let place = match lon.is_nan() && lat.is_nan() {
                true => None,
                false => Some(Place::new(lon, lat).ok_or(NONSENSE)?),
            };
            let live = Live {
                category: within(category, bounds.categories)?.ok_or(NONSENSE)?,
                severity: Severity::new(bits as u8).ok_or(NONSENSE)?,
                status: TicketStatus::ALL.get((bits >> 16) as usize).copied().ok_or(NONSENSE)?,
                varied: bits >> 8 & 1 == 1,
                ..Live::new(life)
            };
            Ok(live.at(place, within(cell, bounds.cells)?, within(home, bounds.homes)?))
        }))
    }
}

/// What indexes in an image point into.
#[derive(Clone, Copy)]
struct Bounds {
    cells: usize,
    homes: usize,
    categories: usize,
}

impl World {
    /// The image of what it keeps of tickets, and of which of their events came late. `line` is what the log says of its revision.
    /// O(tickets), some 60 bytes each and 8 for each event that came late.
    pub fn image(&self, subject: Subject, line: String, late: &LateNews) -> Vec<u8> {
        let homes = self.homes.known().map(|(cell, home)| Home {
            cell: cell.0,
            code: home.code.clone(),
            division: home.division.clone(),
            place: (home.place.lon.to_bits(), home.place.lat.to_bits()),
        });
        let head = Head {
            subject,
            revision: self.revision,
            line,
            foreign: self.base == Timebase::Foreign,
            categories: self.categories.codes().to_vec(),
            homes: homes.collect(),
        };
        // A head of texts and numbers is always written.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let sensitive = |slot: &u32| {
            let live = self.tickets.get(*slot as usize).copied().flatten();
            // What a ticket without a place tells of where it is stands in the store alone.
            live.is_none_or(|l| l.sensitive)
                || self.told.contains_key(slot)
                || self.phases.get(slot).is_some_and(|p| p.states().any(|s| s.live.sensitive))
        };
        let (guarded, open): (Vec<u32>, Vec<u32>) = self.all().map(|(slot, _)| slot).partition(sensitive);
        let rows = open.iter().filter_map(|slot| self.tickets[*slot as usize].as_ref());
        let mut columns = Columns(Vec::with_capacity(16 + head.len() + open.len() * 60));
        columns.0.extend_from_slice(MAGIC);
        columns.count(head.len());
        columns.0.extend_from_slice(&head);
        columns.count(guarded.len());
        columns.u32s(guarded.iter().copied());
        columns.count(open.len());
        columns.u32s(open.iter().copied());
        columns.lives(rows);
        let mut varied: Vec<(u32, &Phases)> = self.phases.iter().map(|(s, p)| (*s, p)).filter(|(s, _)| !sensitive(s)).collect();
        varied.sort_unstable_by_key(|(slot, _)| *slot);
        for base in [Timebase::System, Timebase::Foreign] {
            let states: Vec<(u32, Phase)> =
                varied.iter().flat_map(|(s, p)| p.by(base).iter().map(|phase| (*s, *phase))).collect();
            columns.count(states.len());
            columns.u32s(states.iter().map(|(slot, _)| *slot));
            columns.i64s(states.iter().map(|(_, p)| p.from.0));
            columns.lives(states.iter().map(|(_, p)| &p.live));
        }
        let mut ahead: Vec<(u32, [Life; 2])> = self.ahead.iter().map(|(s, l)| (*s, *l)).filter(|(s, _)| !sensitive(s)).collect();
        ahead.sort_unstable_by_key(|(slot, _)| *slot);
        columns.count(ahead.len());
        columns.u32s(ahead.iter().map(|(slot, _)| *slot));
        columns.i64s(ahead.iter().flat_map(|(_, lives)| lives.iter().flat_map(|l| [l.reported, l.due, l.closed])));
        late.write(&mut columns, |ticket| u32::try_from(ticket.0 - 1).is_ok_and(|slot| sensitive(&slot)));
        let sum = crc32fast::hash(&columns.0);
        columns.0.extend_from_slice(&sum.to_le_bytes());
        columns.0
    }

    /// Takes an image in, into a world without tickets whose subject it is; gives the tickets that are not in it and have to be
    /// read, and which events came late. Where it is doubtful the world is in no state to be used. O(tickets).
    pub fn take_image(&mut self, image: &Image) -> Result<(Vec<TicketId>, LateNews), Doubt> {
        let Head { revision, foreign, categories, homes, .. } = &image.head;
        for (n, code) in categories.iter().enumerate() {
            if self.categories.seen(code) as usize != n {
                return Err("its categories are not in order");
            }
        }
        for (n, home) in homes.iter().enumerate() {
            let (lon, lat) = (f64::from_bits(home.place.0), f64::from_bits(home.place.1));
            let place = Place::new(lon, lat).ok_or("a home of it lies nowhere")?;
            if self.homes.put(CellId(home.cell), (&home.code, &home.division), place, &self.ground) as usize != n {
                return Err("its homes are not in order");
            }
        }
        let bounds = Bounds { cells: self.ground.cells.len(), homes: homes.len(), categories: categories.len() };
        self.base = if *foreign { Timebase::Foreign } else { Timebase::System };
        let mut body = Reader(&image.bytes[image.body..image.bytes.len() - 4]);
        let guarded = body.count()?;
        let guarded: Vec<TicketId> = body.u32s(guarded)?.map(ticket_of).collect();
        let open = body.count()?;
        let slots = body.u32s(open)?;
        let most = slots.clone().last().map_or(0, |slot| slot as usize + 1);
        // Numbers are given one after the other, and few are never used.
        if most > (open + guarded.len()).saturating_mul(16).max(1 << 20) {
            return Err(DISORDER);
        }
        self.tickets = vec![None; most];
        let mut next = 0;
        for (slot, live) in slots.zip(body.lives(open, bounds)?) {
            if slot < next {
                return Err(DISORDER);
            }
            *self.tickets.get_mut(slot as usize).ok_or(DISORDER)? = Some(live?);
            next = slot + 1;
        }
        let mut phases: HashMap<u32, [Vec<Phase>; 2]> = HashMap::new();
        for clock in 0..2 {
            let count = body.count()?;
            let (slots, from) = (body.u32s(count)?, body.i64s(count)?);
            for ((slot, from), live) in slots.zip(from).zip(body.lives(count, bounds)?) {
                phases.entry(slot).or_default()[clock].push(Phase { from: UtcMs(from), live: live? });
            }
        }
        for (slot, by) in phases {
            if by.iter().any(Vec::is_empty) {
                return Err("a ticket of it has states by one clock only");
            }
            self.phases.insert(slot, Phases::kept(by.map(Into::into)));
        }
        let ahead = body.count()?;
        let slots = body.u32s(ahead)?;
        let mut times = body.i64s(ahead * 6)?;
        let mut life = move || Some(Life { reported: times.next()?, due: times.next()?, closed: times.next()? });
        for slot in slots {
            self.ahead.insert(slot, [life().ok_or(CUT)?, life().ok_or(CUT)?]);
        }
        let late = LateNews::read(&mut body)?;
        if !body.0.is_empty() {
            return Err("there is more in it than it says");
        }
        self.revision = *revision;
        Ok((guarded, late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::{ground::Ground, late::tests::sample};
    use rand::{RngExt, SeedableRng};
    use std::sync::Arc;

    fn subject() -> Subject {
        Subject { store: "s".into(), schema: 1, program: "p".into(), network: "n".into(), plan: (0, 0) }
    }

    fn empty() -> World {
        World::new(Arc::new(Ground::empty()), UtcMs(0), jiff::tz::TimeZone::UTC, 3_600.0)
    }

    /// Tickets of every shape: placed and not, closed and open, with phases, ahead of the clock, sensitive.
    fn world() -> World {
        let mut world = empty();
        world.revision = 77;
        let home = world.homes.put(
            CellId(5),
            ("0005", "330108001001"),
            Place { lon: 120.608_154_166_666_67, lat: 31.300_000_000_000_004 },
            &world.ground.clone(),
        );
        for slot in 0..40_u32 {
            let place = (slot % 5 != 0).then_some(Place { lon: f64::from(slot) - 20.0, lat: f64::from(slot) / 2.0 });
            let closed = if slot % 2 == 0 { i64::MAX } else { 5_000 };
            let due = if slot % 3 == 0 { i64::MAX } else { 9_000 };
            let live = Live {
                category: world.categories.seen(["", "a", "b"][slot as usize % 3]),
                status: TicketStatus::ALL[slot as usize % TicketStatus::ALL.len()],
                sensitive: slot % 11 == 0,
                varied: slot % 4 == 0,
                ..Live::new(Life { reported: i64::from(slot), due, closed })
            };
            let live = live.at(place, None, (slot % 7 == 0).then_some(home));
            // Numbers are not dense.
            let slot = slot * 3;
            world.load(ticket_of(slot), live);
            if live.varied {
                let phase = |from| Phase { from: UtcMs(from), live };
                world.phases.insert(slot, Phases::kept([vec![phase(1), phase(2)].into(), vec![phase(3)].into()]));
            }
            if slot % 5 == 0 {
                world.ahead.insert(slot, [live.life; 2]);
            }
        }
        world
    }

    fn parts(world: &World) -> String {
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines.join("\n")
        };
        let guarded = |slot: &u32| world.tickets[*slot as usize].is_none_or(|t| t.sensitive);
        [
            sorted(world.all().filter(|(_, t)| !t.sensitive).map(|row| format!("{row:?}")).collect()),
            sorted(world.phases.iter().filter(|(s, _)| !guarded(s)).map(|row| format!("{row:?}")).collect()),
            sorted(world.ahead.iter().filter(|(s, _)| !guarded(s)).map(|row| format!("{row:?}")).collect()),
            format!("{:?} {:?}", world.categories.codes(), world.homes.known().collect::<Vec<_>>()),
        ]
        .join("\n")
    }

    #[test]
    fn a_world_comes_back_as_it_was() {
        let world = world();
        let image = Image::read(world.image(subject(), "line".into(), &sample())).unwrap();
        assert_eq!((image.subject(), image.stand()), (&subject(), (77, "line")));
        let mut again = empty();
        let (guarded, _) = again.take_image(&image).unwrap();
        let sensitive: Vec<TicketId> = world.all().filter(|(_, t)| t.sensitive).map(|(slot, _)| ticket_of(slot)).collect();
        assert_eq!(guarded, sensitive);
        assert_eq!(parts(&again), parts(&world));
    }

    /// Whatever the bytes are, even with a checksum that agrees: an answer, and never a panic or an index beyond what there is.
    #[test]
    fn no_bytes_make_it_fall() {
        let good = world().image(subject(), "line".into(), &sample());
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(9);
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = good[..good.len() - 4].to_vec();
            for _ in 0..dice.random_range(1..4) {
                let at = dice.random_range(0..bytes.len());
                match dice.random_range(0..3) {
                    0 => bytes[at] = dice.random(),
                    1 => bytes[at..].iter_mut().take(4).for_each(|b| *b = 0xff),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let sum = crc32fast::hash(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
            let mut world = empty();
            match Image::read(bytes).and_then(|image| world.take_image(&image)) {
                Ok(_) => {
                    // What was taken can be counted.
                    world.recount();
                    taken += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
    }
}
