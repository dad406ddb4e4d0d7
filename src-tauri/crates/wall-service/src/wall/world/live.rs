//! What the world keeps of a ticket: 64 bytes, since there are millions.

use crate::wall::counts::Share;
use wall_core::{Place, Severity, TicketStatus, tally::Life};

/// No index.
const NONE: u32 = u32::MAX;

/// What the world keeps of a ticket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live {
    pub life: Life,
    /// NaN where nobody knows where it is. What is shown of it is asked of [`super::World::shown_place`].
    pub(super) lon: f64,
    pub(super) lat: f64,
    /// Index of its cell in the present ground.
    pub(super) cell: u32,
    /// Number of the cell in which it was first found.
    pub(super) home: u32,
    /// Index into the category names.
    pub category: u32,
    pub severity: Severity,
    pub status: TicketStatus,
    pub sensitive: bool,
    /// Whether its phases have to be asked how it was before.
    pub varied: bool,
    pub(super) share: Share,
}

fn index(n: u32) -> Option<u32> {
    (n != NONE).then_some(n)
}

impl Live {
    /// A ticket with such a life, of which nothing else is known.
    pub(super) fn new(life: Life) -> Self {
        Self {
            life,
            lon: f64::NAN,
            lat: f64::NAN,
            cell: NONE,
            home: NONE,
            category: 0,
            severity: Severity::DEFAULT,
            status: TicketStatus::Received,
            sensitive: false,
            varied: false,
            share: Share::default(),
        }
    }

    /// The same somewhere: in a cell of the present ground, first found in another, each by its number.
    pub(super) fn at(self, place: Option<Place>, cell: Option<u32>, home: Option<u32>) -> Self {
        let Place { lon, lat } = place.unwrap_or(Place { lon: f64::NAN, lat: f64::NAN });
        Self { lon, lat, cell: cell.unwrap_or(NONE), home: home.unwrap_or(NONE), ..self }
    }

    /// What it adds to the heat.
    pub(super) fn weight(&self) -> f64 {
        self.severity.weight()
    }

    /// Finds the cell around its place.
    pub(in crate::wall) fn find_cell(&mut self, cell_at: impl Fn(Place) -> Option<u32>) {
        self.cell = self.exact_place().and_then(cell_at).unwrap_or(NONE);
    }

    /// The true place, for `shown` only.
    pub(in crate::wall) fn exact_place(&self) -> Option<Place> {
        (!self.lon.is_nan()).then_some(Place { lon: self.lon, lat: self.lat })
    }

    /// The cell it is attributed to, for `shown` only.
    pub(in crate::wall) fn attributed(&self) -> Option<u32> {
        index(self.cell)
    }

    /// Number of the cell in which it was first found.
    pub(in crate::wall) fn home(&self) -> Option<u32> {
        index(self.home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_takes_a_line_of_the_cache() {
        assert_eq!(size_of::<Option<Live>>(), 64);
        let live = Live::new(Life { reported: 0, due: 0, closed: 0 });
        assert_eq!((live.exact_place(), live.attributed(), live.home()), (None, None, None));
        let place = Some(Place { lon: 1.0, lat: -2.0 });
        let live = live.at(place, Some(0), Some(7));
        assert_eq!((live.exact_place(), live.attributed(), live.home()), (place, Some(0), Some(7)));
    }
}
