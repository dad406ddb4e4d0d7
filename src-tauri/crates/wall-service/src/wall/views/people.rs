//! People: the card of a member of staff, and who answers for an area.

use super::{
    super::{
        AsOf, Wall, WallError, WhoseQuery,
        contents::{WalkedCell, walked},
        lists::find,
        shown::Sight,
    },
    owner_views, staff_view,
};
use crate::wire::{StaffCard, StaffCell, Whose, WhoseLine};
use std::collections::HashMap;
use wall_core::{Level, OwnerRole, StaffId, UtcMs};
use wall_store::Actor;

/// People told of a large area.
const MOST_PEOPLE: usize = 100;

impl Wall {
    /// The card of a member of staff, now or at another time. Their cells are those of the staff list, with the role in which a
    /// person of that name answers there. O(tickets).
    pub async fn staff_card(&self, actor: &Actor, id: i64, as_of: AsOf) -> Result<StaffCard, WallError> {
        let mut moment = self.moment(as_of).await?;
        let as_of = moment.as_of;
        let late_events = self.late_events(&moment).await?;
        let ground = self.ground_as_of(as_of).await?;
        let base = self.world().base;
        let kept = match as_of {
            Some(t) => self.store().positions_at(t, base).await?,
            None => None,
        };
        let positions_kept = as_of.is_none() || kept.is_some();
        let (mut card, ids, at) = {
            let world = self.world_of(&mut moment).await?;
            let at = moment.at(&world);
            let mut walker = world
                .staff
                .get(&StaffId(id))
                .cloned()
                .ok_or_else(|| WallError::NotFound(format!("there is no member of staff {id}")))?;
            if as_of.is_some() {
                walker.position = kept.and_then(|positions| positions.into_iter().find(|p| p.staff == walker.staff.id));
            }
            let staff = staff_view(&world, &walker, at);
            let here = staff.lon.zip(staff.lat).and_then(|(lon, lat)| ground.cell_at(wall_core::Place { lon, lat }));
            let (cells, due_first) = walked(moment.then(&world), &ground, &walker.staff, &Sight::of(actor));
            let cell = |w: WalkedCell| StaffCell {
                area: ground.cell_area(w.cell).into(),
                role: w.role.into(),
                open: w.open,
                overdue: w.overdue,
            };
            let card = StaffCard {
                staff,
                here: here.map(|c| ground.cell_area(c).into()),
                cells: cells.into_iter().map(cell).collect(),
                tickets: vec![],
                positions_kept,
                late_events,
                at_ms: at.0,
            };
            (card, due_first, at)
        };
        card.tickets = self.ticket_lines(actor, &ids, &ground, at, moment.revision()).await?;
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
        let mut lines: HashMap<(OwnerRole, String), usize> = HashMap::new();
        for cell in area.into_iter().flat_map(|a| &a.members) {
            let owners = owner_views(&world, &ground, *cell, at);
            answer.unowned += u32::from(owners.is_empty());
            for owner in owners {
                let line = *lines.entry((owner.role.0, owner.name.clone())).or_insert(answer.people.len());
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
