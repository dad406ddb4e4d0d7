//! People: the card of a member of staff, and who answers for an area.

use super::{
    super::{Wall, WallError, WhoseQuery, lists::find, shown::Sight, world::ticket_of},
    owner_views, staff_view,
};
use crate::wire::{StaffCard, StaffCell, Whose, WhoseLine};
use std::collections::{BTreeMap, HashMap};
use wall_core::{Level, PartyKind, StaffId, TicketId, UtcMs};
use wall_store::Actor;

/// Tickets on the card; the counts of the cells open the rest.
const MOST_TICKETS: usize = 8;
/// People told of a large area.
const MOST_PEOPLE: usize = 100;

impl Wall {
    /// The card of a member of staff, now or at another time. Their cells are those of the staff list, with the role in which a
    /// person of that name answers there. O(tickets).
    pub async fn staff_card(&self, actor: &Actor, id: i64, as_of: Option<UtcMs>) -> Result<StaffCard, WallError> {
        let ground = self.ground_as_of(as_of).await?;
        let base = self.world().base;
        let then = match as_of {
            Some(t) => self.store().positions_at(t, base).await?.into_iter().find(|p| p.staff.0 == id),
            None => None,
        };
        let (mut card, ids, at) = {
            let world = self.world();
            let at = as_of.unwrap_or(world.now);
            let mut walker = world
                .staff
                .get(&StaffId(id))
                .cloned()
                .ok_or_else(|| WallError::NotFound(format!("there is no member of staff {id}")))?;
            if as_of.is_some() {
                walker.position = then;
            }
            let staff = staff_view(&world, &walker, at);
            let here = staff.lon.zip(staff.lat).and_then(|(lon, lat)| ground.cell_at(wall_core::Place { lon, lat }));
            let mut cells: BTreeMap<u32, StaffCell> = BTreeMap::new();
            for (i, cell) in ground.cells.iter().enumerate() {
                if !walker.staff.cell_codes.contains(&cell.code) {
                    continue;
                }
                let same = |o: &&super::super::ground::Owner| {
                    ground.parties.get(&o.party).is_some_and(|p| p.kind == PartyKind::Person && p.name == walker.staff.name)
                };
                let role = ground.owners[i].iter().find(same).map_or("", |o| o.role.code()).to_owned();
                cells.insert(i as u32, StaffCell { area: ground.cell_area(i as u32).into(), role, open: 0, overdue: 0 });
            }
            let mut open: Vec<(i64, TicketId)> = Vec::new();
            for (slot, t) in world.all().filter(|(_, t)| t.life.open_at(at)) {
                let Some(cell) = world.shown_cell(&ground, slot, t, Sight::of(actor)).and_then(|c| cells.get_mut(&c)) else {
                    continue;
                };
                cell.open += 1;
                cell.overdue += u32::from(t.life.overdue_at(at));
                open.push((t.life.due, ticket_of(slot)));
            }
            open.sort_unstable();
            open.truncate(MOST_TICKETS);
            let card = StaffCard {
                staff,
                here: here.map(|c| ground.cell_area(c).into()),
                cells: cells.into_values().collect(),
                tickets: vec![],
                at_ms: at.0,
            };
            (card, open.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), at)
        };
        card.tickets = self.ticket_lines(actor, &ids, &ground, at).await?;
        card.tickets.sort_by_key(|t| (t.due_ms.unwrap_or(i64::MAX), t.id));
        Ok(card)
    }

    /// Who answers for an area, or for the cell at a place. O(cells of the area).
    pub async fn whose(&self, _actor: &Actor, of: WhoseQuery, as_of: Option<UtcMs>) -> Result<Whose, WallError> {
        let ground = self.ground_as_of(as_of).await?;
        let world = self.world();
        let at = as_of.unwrap_or(world.now);
        let area = match &of {
            WhoseQuery::Area(level, key) => Some(find(&ground, *level, key)?),
            WhoseQuery::At(place) => ground.cell_at(*place).map(|c| &ground.areas[c as usize]),
        };
        let mut answer = Whose {
            area: area.map(|a| (&a.facts).into()),
            level: area.map_or(Level::Cell, |a| a.level).into(),
            cells: area.map_or(0, |a| a.members.len() as u32),
            unowned: 0,
            people: vec![],
            people_count: 0,
            at_ms: at.0,
        };
        let mut lines: HashMap<(String, String), usize> = HashMap::new();
        for cell in area.into_iter().flat_map(|a| &a.members) {
            let owners = owner_views(&world, &ground, *cell, at);
            answer.unowned += u32::from(owners.is_empty());
            for owner in owners {
                let line = *lines.entry((owner.role.clone(), owner.name.clone())).or_insert(answer.people.len());
                match answer.people.get_mut(line) {
                    Some(known) => known.cells += 1,
                    None => answer.people.push(WhoseLine { owner, cells: 1 }),
                }
            }
        }
        // Stable: within a cell they stay in the order of their roles.
        answer.people.sort_by_key(|p| std::cmp::Reverse(p.cells));
        answer.people_count = answer.people.len() as u32;
        answer.people.truncate(MOST_PEOPLE);
        Ok(answer)
    }
}
