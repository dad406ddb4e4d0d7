//! Key sites (重点部位).

use crate::{Place, SiteId};

/// A school, hospital, station, bank, gas depot …
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// Identity inside the store.
    pub id: SiteId,
    /// Identity in its source.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// Kind as the source names it (`school`, `hospital` …).
    pub kind: String,
    /// Where it is.
    pub place: Place,
    /// Opening hours as the source writes them.
    pub hours: String,
    /// Hazards as the source writes them.
    pub hazards: String,
}
