//! Counts by cell, category, platform or owner: one pass over the tickets into plain sums, words only for the lines.

use super::{
    AsOf, StatLine, Stats, Wall, WallError,
    counts::{Days, Share},
    ground::Ground,
    shown::{Part, Sight},
    world::World,
};
use std::collections::BTreeMap;
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

    fn add_to(self, line: &mut StatLine) {
        line.open += self.open;
        line.overdue += self.overdue;
        line.received_today += self.received_today;
        line.closed_today += self.closed_today;
        line.total += self.total;
        line.on_time += self.on_time;
        line.due += self.due;
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
        let mut sums = vec![Sum::default(); heads.len()];
        let (then, sight) = (moment.then(&world), Sight::of(actor));
        for (slot, t) in then.all() {
            let group = match by {
                By::Category | By::Platform => t.category as usize,
                By::Cell | By::Owner => match world.shown_part(&ground, slot, &t, &sight) {
                    Part::Cell(cell) => cell as usize,
                    Part::Outside => ground.cells.len(),
                    Part::Unplaced => ground.cells.len() + 1,
                },
            };
            sums[group].add(then.share(slot, &t, &days), t.life, at);
        }
        // By key, and by cell where there is one: two cells may share a code.
        let mut lines: BTreeMap<(String, Option<CellId>), StatLine> = BTreeMap::new();
        for (head, sum) in heads.into_iter().zip(sums) {
            // Cells without a ticket are lines too.
            if sum.total == 0 && head.cell.is_none() {
                continue;
            }
            let Head { key, name, cell } = head;
            let line = lines.entry((key.clone(), cell)).or_insert_with(|| StatLine {
                cell: cell.map(|c| c.0),
                in_table: matches!(by, By::Category).then(|| world.categories.listed(&key)),
                key,
                name,
                ..StatLine::default()
            });
            sum.add_to(line);
        }
        Ok(Stats { lines: lines.into_values().collect(), late_events })
    }
}
