//! Where an address is: the one imported building that has exactly this name or number. Anything less is no place: part of a
//! name, two buildings of one name, or a street, whose half length would be no place that a cell could answer for.

use super::{Wall, WallError};
use std::collections::HashMap;
use wall_core::{LocationMethod, Spot, TicketId, Timebase, UtcMs, folded};
use wall_store::Addressed;

/// How far the matter is from a building at least, in metres: it may be in front of it.
const LEAST_M: f64 = 20.0;
/// The same where only one point of the building is known.
const POINT_M: f64 = 100.0;

/// What the imported buildings and streets say of addresses: by name as it is compared; `None` = several have it, or a street.
#[derive(Debug)]
pub(super) struct AddressBook(HashMap<String, Option<Spot>>);

impl AddressBook {
    /// Of everything that has an address. O(all).
    pub fn new(all: Vec<Addressed>) -> Self {
        let mut spots: HashMap<String, Option<Spot>> = HashMap::with_capacity(all.len());
        for Addressed { name, place, extent_m } in all {
            let accuracy_m = extent_m.map_or(POINT_M, |m| m.ceil().max(LEAST_M));
            let spot = place.map(|place| Spot { place, accuracy_m: Some(accuracy_m) });
            spots.entry(compared(&name)).and_modify(|known| *known = None).or_insert(spot);
        }
        Self(spots)
    }

    /// Where an address is, when exactly one building has it. O(1).
    pub fn find(&self, address: &str) -> Option<Spot> {
        self.0.get(&compared(address)).copied().flatten()
    }
}

/// An address as it is compared: of half width, in small letters, and without the blanks that tell no two words apart.
fn compared(address: &str) -> String {
    let text = folded(address);
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if blank && c.is_ascii_alphanumeric() && out.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            out.push(' ');
        }
        blank = false;
        out.push(c);
    }
    out
}

/// What is known of the place of a ticket that was told without one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Whereabouts {
    /// It was told by an earlier message, or a person set it.
    Known,
    /// Its address is that of one building.
    ByAddress {
        /// How far from it the matter may be, in metres.
        accuracy_m: f64,
    },
    /// Nobody knows: it is in no cell and on no map.
    Unplaced,
}

impl Wall {
    /// What is known of the places of tickets, as they stand in the store. O(their events).
    pub async fn whereabouts(&self, ids: &[TicketId]) -> Result<HashMap<TicketId, Whereabouts>, WallError> {
        let tickets = self.store().tickets_by_id(self.network_id(), ids).await?;
        let stood = self.store().fold(&tickets, UtcMs::MAX, Timebase::System, None).await?;
        let of = |located_by: Option<LocationMethod>, accuracy_m: Option<f64>| match located_by {
            None => Whereabouts::Unplaced,
            Some(LocationMethod::Address) => Whereabouts::ByAddress { accuracy_m: accuracy_m.unwrap_or(POINT_M) },
            Some(LocationMethod::Told | LocationMethod::Hand) => Whereabouts::Known,
        };
        Ok(stood.into_iter().map(|(t, _)| (t.ticket.id, of(t.located_by, t.ticket.accuracy_m))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::Place;

    fn named(name: &str, at: Option<(f64, f64)>, extent_m: Option<f64>) -> Addressed {
        Addressed { name: name.into(), place: at.map(|(lon, lat)| Place { lon, lat }), extent_m }
    }

    #[test]
    fn an_address_is_one_building_or_nowhere() {
        let book = AddressBook::new(vec![
            named("福中路12号", Some((114.1, 22.5)), Some(33.2)),
            named("福中路14号", Some((114.2, 22.5)), None),
            named("1 2nd St", Some((114.3, 22.5)), Some(3.0)),
            named("万达广场", Some((114.4, 22.5)), None),
            named("万达广场", Some((114.5, 22.5)), None),
            named("中央花园", Some((114.6, 22.5)), None),
            named("中央花园", None, None),
            named("福中路", None, None),
        ]);
        let found = |address: &str| book.find(address).map(|s| (s.place.lon, s.accuracy_m));
        for same in ["福中路12号", "福中路１２号", " 福中路 12 号\u{3000}"] {
            assert_eq!(found(same), Some((114.1, Some(34.0))), "{same}");
        }
        assert_eq!(found("福中路14号"), Some((114.2, Some(POINT_M))));
        assert_eq!(found("1  2ND st"), Some((114.3, Some(LEAST_M))));
        for other in ["福中路1号", "福中路12号3楼", "12nd St", "万达广场", "中央花园", "福中路", "无此地", ""]
        {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
