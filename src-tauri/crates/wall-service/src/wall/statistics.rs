//! Counts by cell, category, platform or owner: one pass over the tickets into plain sums, words only for the lines.

use super::{
    AsOf, StatLine, Stats, Wall, WallError,
    counts::{Days, Share},
    gather::{Gather, Met},
    ground::Ground,
    shown::{Part, Sight},
    then::Then,
    world::World,
};
use std::{collections::BTreeMap, sync::Arc};
use wall_core::{CellId, UtcMs, tally::Life};
use wall_store::Actor;

/// What is counted of the tickets of a group.
#[derive(Clone, Copy, Default)]
struct Sum {
    open: u64,
    overdue: u64,
    received_today: u64,
    closed_today: u64,
    total: u64,
    on_time: u64,
    due: u64,
}

impl Sum {
    fn add(&mut self, share: Share, life: Life, at: UtcMs) {
        self.total += 1;
        self.open += u64::from(share.open);
        self.overdue += u64::from(share.overdue);
        self.received_today += u64::from(share.received_today);
        self.closed_today += u64::from(share.closed_today);
        if life.fell_due(i64::MIN, at.0 + 1) {
            self.due += 1;
            self.on_time += u64::from(life.on_time());
        }
    }

    fn join(&mut self, more: Self) {
        self.open += more.open;
        self.overdue += more.overdue;
        self.received_today += more.received_today;
        self.closed_today += more.closed_today;
        self.total += more.total;
        self.on_time += more.on_time;
        self.due += more.due;
    }

    fn line(self, head: Head, in_table: Option<bool>) -> StatLine {
        StatLine {
            key: head.key,
            cell: head.cell.map(|c| c.0),
            in_table,
            name: head.name,
            open: self.open,
            overdue: self.overdue,
            received_today: self.received_today,
            closed_today: self.closed_today,
            total: self.total,
            on_time: self.on_time,
            due: self.due,
        }
    }
}

/// Of which line a group is: several may be of one.
struct Head {
    key: String,
    name: String,
    cell: Option<CellId>,
}

impl Head {
    fn new(key: &str, name: &str) -> Self {
        Self { key: key.to_owned(), name: name.to_owned(), cell: None }
    }
}

/// By what is counted.
#[derive(Clone, Copy)]
enum By {
    Cell,
    Category,
    Platform,
    Owner,
}

impl By {
    fn named(word: &str) -> Result<Self, WallError> {
        Ok(match word {
            "cell" => Self::Cell,
            "category" => Self::Category,
            "platform" => Self::Platform,
            "owner" => Self::Owner,
            other => {
                return Err(WallError::Invalid(format!("stats counts by cell, category, platform or owner, not \"{other}\"")));
            }
        })
    }

    /// The groups: by where a ticket is the cells, outside and unplaced; by what it is about its categories.
    fn heads(self, world: &World, ground: &Ground, at: UtcMs) -> Vec<Head> {
        let codes = || world.categories.codes().iter();
        let elsewhere = || [Head::new("-", ""), Head::new("unplaced", "")];
        match self {
            Self::Cell => {
                let of = |c: &wall_core::Cell| Head { cell: Some(c.id), ..Head::new(&c.code, &c.name) };
                ground.cells.iter().map(of).chain(elsewhere()).collect()
            }
            Self::Owner => {
                let of = |c: u32| Head::new(&ground.cell_area(c).owner, "");
                (0..ground.cells.len() as u32).map(of).chain(elsewhere()).collect()
            }
            Self::Category => codes().map(|code| Head::new(code, world.categories.name(code, at))).collect(),
            Self::Platform => {
                let word = |code: &String| world.categories.platform(code, at).map_or("-", |p| p.code());
                codes().map(|code| Head::new(word(code), "")).collect()
            }
        }
    }
}

/// The sums of all groups.
#[derive(Clone)]
struct Summing {
    by: By,
    ground: Arc<Ground>,
    days: Days,
    sight: Sight,
    sums: Vec<Sum>,
}

impl Gather for Summing {
    fn meet(&mut self, then: Then<'_>, met: &Met<'_>) {
        let Some(t) = &met.live else { return };
        let group = match self.by {
            By::Category | By::Platform => t.category as usize,
            By::Cell | By::Owner => match then.world.shown_part(&self.ground, met.slot, t, &self.sight) {
                Part::Cell(cell) => cell as usize,
                Part::Outside => self.ground.cells.len(),
                Part::Unplaced => self.ground.cells.len() + 1,
            },
        };
        self.sums[group].add(met.share(t, &self.days), t.life, met.at);
    }

    fn join(&mut self, other: Self) {
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, more)| sum.join(more));
    }
}

impl Wall {
    /// Counts by cell, category, platform or owner, now or at another time. By cell and by owner, what lies outside all cells is the
    /// line `-`, and what has no place the line `unplaced`. O(tickets).
    pub async fn stats(&self, actor: &Actor, by: &str, as_of: AsOf) -> Result<Stats, WallError> {
        let by = By::named(by)?;
        let mut moment = self.moment(as_of).await?;
        let ground = self.ground_as_of(moment.as_of).await?;
        let late_events = self.late_events(&moment).await?;
        let world = self.world_of(&mut moment).await?;
        let at = moment.at(&world);
        let days = Days::around(at, &world.zone);
        let heads = by.heads(&world, &ground, at);
        let sums = vec![Sum::default(); heads.len()];
        let Summing { sums, .. } = moment.then(&world).gather(Summing { by, ground, days, sight: Sight::of(actor), sums });
        // By key, and by cell where there is one: two cells may share a code.
        let mut lines: BTreeMap<(String, Option<CellId>), (Head, Sum)> = BTreeMap::new();
        for (head, sum) in heads.into_iter().zip(sums) {
            // Cells without a ticket are lines too.
            if sum.total > 0 || head.cell.is_some() {
                lines.entry((head.key.clone(), head.cell)).or_insert_with(|| (head, Sum::default())).1.join(sum);
            }
        }
        let in_table = |head: &Head| matches!(by, By::Category).then(|| world.categories.listed(&head.key));
        let lines = lines
            .into_values()
            .map(|(head, sum)| {
                let listed = in_table(&head);
                sum.line(head, listed)
            })
            .collect();
        Ok(Stats { lines, late_events })
    }
}
