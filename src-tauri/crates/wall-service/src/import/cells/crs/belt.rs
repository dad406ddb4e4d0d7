//! Whether projected numbers can be of the zone that the file names: a zone number before the eastings that the system does
//! not have (or the other way round), axes exchanged, ground far from the central meridian. Each would otherwise be ground
//! in the wrong place, or no number at all.

/// A transverse Mercator zone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Belt {
    /// Central meridian, degrees.
    pub(super) lon_0: f64,
    /// False easting, metres.
    x_0: f64,
    /// Metres in a unit of the numbers.
    unit: f64,
    /// How far from its meridian the zone is used, degrees.
    pub(super) reach: f64,
}

/// What is wrong with a position.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Misfit {
    /// The eastings carry a zone number that the system does not have, or another, or none.
    Zone(String),
    /// Northing and easting are exchanged.
    Axes,
}

impl Belt {
    /// The zone of a projection's text; `None` = no transverse Mercator.
    pub(super) fn of(projection: &str, name: &str) -> Option<Self> {
        let value = |key: &str| {
            projection
                .split_whitespace()
                .find_map(|w| w.strip_prefix('+')?.strip_prefix(key)?.strip_prefix('=')?.parse::<f64>().ok())
        };
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let number: u32 = plain.strip_prefix("epsg").and_then(|n| n.parse().ok()).unwrap_or(0);
        let narrow = plain.contains("3degree") || (4513..=4554).contains(&number);
        let reach = if narrow { 3.0 } else { 6.0 };
        let unit = value("to_meter").unwrap_or(1.0);
        if projection.contains("+proj=utm") {
            return Some(Self { lon_0: value("zone")? * 6.0 - 183.0, x_0: 500_000.0, unit, reach });
        }
        projection.contains("+proj=etmerc").then_some(())?;
        Some(Self { lon_0: value("lon_0")?, x_0: value("x_0")?, unit, reach })
    }

    /// What is wrong with a position, as far as its numbers alone can say.
    pub(super) fn misfit(&self, p: [f64; 2]) -> Option<Misfit> {
        let [x, y] = p.map(|v| v * self.unit);
        if !(x.is_finite() && y.is_finite()) {
            return None;
        }
        // Millions are the number of the zone; what is left lies within a zone.
        let zoned = |v: f64| {
            let zone = (v / 1e6).floor();
            let rest = v - zone * 1e6;
            ((0.0..=60.0).contains(&zone) && (100_000.0..=900_000.0).contains(&rest)).then_some(zone)
        };
        let own = zoned(self.x_0);
        if self.near(x) && zoned(x).is_none_or(|z| Some(z) == own || own.is_none()) {
            return None;
        }
        // A northing where the easting should be, and the other way round.
        if (1e6..1e7).contains(&x) && (self.near(y) && (y - self.x_0).abs() <= 500_000.0 || zoned(y).is_some_and(|z| z >= 13.0)) {
            return Some(Misfit::Axes);
        }
        match (zoned(x), own) {
            (Some(z), Some(0.0)) if z >= 1.0 && !self.near(x) => Some(Misfit::Zone(format!(
                "the eastings begin with zone number {z}, but the system counts them without ({})",
                self.x_0
            ))),
            (Some(0.0), Some(own)) if own >= 1.0 => {
                Some(Misfit::Zone(format!("the system has zone number {own} before its eastings, the numbers have none")))
            }
            (Some(z), Some(own)) if z >= 13.0 && own >= 1.0 && z != own => {
                Some(Misfit::Zone(format!("the eastings are of zone {z}, the system is of zone {own}")))
            }
            _ => None,
        }
    }

    /// Whether an easting can be within some degrees of the meridian.
    fn near(&self, x: f64) -> bool {
        (x - self.x_0).abs() <= 1_000_000.0
    }
}
