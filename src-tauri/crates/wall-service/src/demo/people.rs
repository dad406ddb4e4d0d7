//! Who answers for the cells and who is on duty. All names are invented; telephone numbers are extensions.

use super::dice::Dice;
use super::layout::{COMMUNITIES, Theme};
use super::names::People;
use wall_core::{CellKind, OwnerRecord, OwnerRole, PartyKind, StaffRecord};

/// What the roster needs to know of a cell, in code order.
pub(super) struct Post<'a> {
    pub(super) code: &'a str,
    pub(super) community: usize,
    pub(super) kind: CellKind,
    pub(super) theme: Theme,
    pub(super) name: &'a str,
}

/// Cells that nobody answers for yet.
const UNOWNED: usize = 3;

const DAY_SHIFTS: [&str; 3] = ["Mon-Fri 08:00-17:00; Sat 09:00-12:00", "Mon-Sat 08:30-17:30", "Tue-Sun 09:00-18:00"];
const WATCH_SHIFTS: [&str; 3] = ["Mon-Sun 00:00-08:00", "Mon-Sun 08:00-16:00", "Mon-Sun 16:00-23:59"];

struct Roster {
    people: People,
    owners: Vec<OwnerRecord>,
    staff: Vec<StaffRecord>,
}

impl Roster {
    fn hire(&mut self, role: &str, unit: &str, cells: &[&str], shifts: &str) -> (String, String) {
        let n = self.staff.len() + 1;
        let name = self.people.next();
        let phone = format!("分机{}", 6000 + n);
        self.staff.push(StaffRecord {
            external_id: format!("CW-{n:03}"),
            name: name.clone(),
            role: role.to_owned(),
            unit: unit.to_owned(),
            cell_codes: cells.iter().map(|c| (*c).to_owned()).collect(),
            phone: phone.clone(),
            shifts: shifts.to_owned(),
            absent: wall_core::Absent::default(),
        });
        (name, phone)
    }

    fn answer(&mut self, cell: &str, party: &str, kind: PartyKind, role: OwnerRole, phone: &str) {
        self.owners.push(OwnerRecord {
            cell_code: cell.to_owned(),
            party: party.to_owned(),
            party_kind: kind,
            role,
            phone: phone.to_owned(),
            valid_from: None,
            valid_to: None,
            absent: wall_core::Absent::default(),
        });
    }
}

/// Owners (sorted by cell and role) and staff.
pub(super) fn roster(posts: &[Post<'_>], seed: u64) -> (Vec<OwnerRecord>, Vec<StaffRecord>) {
    let mut dice = Dice::new(seed, 5);
    let mut r = Roster { people: People::new(seed), owners: Vec::new(), staff: Vec::new() };
    let mut basic: Vec<usize> = (0..posts.len()).filter(|&i| posts[i].kind == CellKind::Basic).collect();
    dice.shuffle(&mut basic);
    let vacant: Vec<usize> = basic.into_iter().take(UNOWNED).collect();
    for (c, community) in COMMUNITIES.iter().enumerate() {
        let mine: Vec<usize> = (0..posts.len()).filter(|i| posts[*i].community == c && !vacant.contains(i)).collect();
        let code = |i: usize| posts[i].code;
        // A leader answers for four cells or so that follow each other.
        for group in mine.chunks(mine.len().div_ceil((mine.len() / 4).max(1))) {
            let cells: Vec<&str> = group.iter().map(|i| code(*i)).collect();
            let (name, phone) = r.hire("网格长", community, &cells, DAY_SHIFTS[0]);
            for i in group {
                r.answer(code(*i), &name, PartyKind::Person, OwnerRole::Leader, &phone);
            }
        }
        let basic: Vec<usize> = mine.iter().copied().filter(|i| posts[*i].kind == CellKind::Basic).collect();
        let mut at = 0;
        while at < basic.len() {
            let n = if dice.chance(0.3) { 2 } else { 1 };
            let group = &basic[at..(at + n).min(basic.len())];
            let cells: Vec<&str> = group.iter().map(|i| code(*i)).collect();
            let shifts = *dice.pick(&DAY_SHIFTS);
            let (name, phone) = r.hire("专职网格员", community, &cells, shifts);
            for i in group {
                r.answer(code(*i), &name, PartyKind::Person, OwnerRole::FullTime, &phone);
                if dice.chance(0.35) {
                    let part_timer = r.people.next();
                    r.answer(code(*i), &part_timer, PartyKind::Person, OwnerRole::PartTime, "");
                }
            }
            at += n;
        }
        let all: Vec<&str> = mine.iter().map(|i| code(*i)).collect();
        let (police, phone) = r.hire("社区民警", "澄湾派出所", &all, "Mon-Sat 08:30-17:30");
        for i in &mine {
            r.answer(code(*i), &police, PartyKind::Person, OwnerRole::Police, &phone);
            let unit = match (posts[*i].kind, posts[*i].theme) {
                (CellKind::Basic, _) => format!("{}居民委员会", community.trim_end_matches("社区")),
                (_, Theme::Park) => "青屿区园林绿化所".to_owned(),
                _ => posts[*i].name.to_owned(),
            };
            r.answer(code(*i), &unit, PartyKind::Unit, OwnerRole::Unit, "");
        }
        for (role, unit, shifts) in [
            ("巡防队员", "澄湾街道巡防队", WATCH_SHIFTS[0]),
            ("巡防队员", "澄湾街道巡防队", WATCH_SHIFTS[1]),
            ("巡防队员", "澄湾街道巡防队", WATCH_SHIFTS[2]),
            ("巡防队员", "澄湾街道巡防队", WATCH_SHIFTS[2]),
            ("城管队员", "澄湾街道综合执法队", "Mon-Sun 07:00-15:00"),
            ("城管队员", "澄湾街道综合执法队", "Mon-Sun 14:00-22:00"),
        ] {
            r.hire(role, unit, &all, shifts);
        }
    }
    r.owners.sort_by(|a, b| (&a.cell_code, a.role, &a.party).cmp(&(&b.cell_code, b.role, &b.party)));
    (r.owners, r.staff)
}

/// Whether someone with these shifts is on duty at a local weekday (0 = Monday) and minute of the day.
pub(super) fn on_duty(shifts: &str, weekday: usize, minute: u32) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = |d: &str| DAYS.iter().position(|x| *x == d);
    let clock = |t: &str| t.split_once(':').and_then(|(h, m)| Some(h.parse::<u32>().ok()? * 60 + m.parse::<u32>().ok()?));
    shifts.split(';').any(|part| {
        let Some((days, hours)) = part.trim().split_once(' ') else { return false };
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (Some(first), Some(last), Some((from, to))) = (day(first), day(last), hours.split_once('-')) else { return false };
        let (Some(from), Some(to)) = (clock(from), clock(to)) else { return false };
        (first..=last).contains(&weekday) && (from..=to).contains(&minute)
    })
}
