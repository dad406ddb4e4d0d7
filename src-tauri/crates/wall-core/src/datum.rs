//! Datums: Chinese web maps move every point (GCJ-02, BD-09); surveying data (CGCS2000) and the world (WGS-84) do not.
//!
//! The offset of GCJ-02 is defined over a box around China and is nothing outside it, as in every published converter:
//! **outside that box GCJ-02 is WGS-84 unchanged**. BD-09 is a further turn on top of GCJ-02 and applies everywhere.
//! Forward formulas with the published constants; the inverses are iterated until they hold within far less than 1 cm.

use crate::Place;
use crate::coded::coded;

coded! {
    /// What the numbers of a coordinate mean.
    Datum {
        /// The world's, and what GridWall stores.
        Wgs84 = "wgs84",
        /// 国家大地坐标系: equal to WGS-84 for display (differences of centimetres).
        Cgcs2000 = "cgcs2000",
        /// 火星坐标: WGS-84 moved by 100–700 m (AMap, Tencent, Google in China).
        Gcj02 = "gcj02",
        /// GCJ-02 moved once more (Baidu).
        Bd09 = "bd09",
    }
}

/// Semi-major axis of the Krasovsky ellipsoid, metres.
const A: f64 = 6_378_245.0;
/// Its first eccentricity squared.
const EE: f64 = 0.006_693_421_622_965_943;
/// The angle of BD-09.
const X_PI: f64 = std::f64::consts::PI * 3000.0 / 180.0;
/// Iterations of an inverse stop when the error is below this, degrees (about 0.1 µm).
const CLOSE_DEG: f64 = 1e-12;
/// Each iteration takes the error down by two orders of magnitude; this many are never needed.
const MAX_ITERATIONS: usize = 30;

impl Datum {
    /// A place given in this datum, in WGS-84. The inverse of [`Datum::from_wgs84`] within 1 mm.
    ///
    /// Outside the box in which GCJ-02 is defined it is the identity for GCJ-02.
    pub fn to_wgs84(self, given: Place) -> Place {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => given,
            Self::Gcj02 => gcj_to_wgs(given),
            Self::Bd09 => gcj_to_wgs(bd_to_gcj(given)),
        }
    }

    /// A WGS-84 place in this datum.
    pub fn from_wgs84(self, place: Place) -> Place {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => place,
            Self::Gcj02 => wgs_to_gcj(place),
            Self::Bd09 => gcj_to_bd(wgs_to_gcj(place)),
        }
    }

    /// The datum of a CRS name as files write it: `urn:ogc:def:crs:OGC:1.3:CRS84`, `EPSG:4326`, `EPSG:4490`, `GCJ-02` …
    ///
    /// # Errors
    /// A name that is projected or unknown, with the reason in words.
    pub fn from_crs_name(name: &str) -> Result<Self, UnknownCrs> {
        let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match word.as_str() {
            "gcj02" | "mars" => return Ok(Self::Gcj02),
            "bd09" | "bd09ll" => return Ok(Self::Bd09),
            "wgs84" | "wgs1984" | "gcswgs1984" => return Ok(Self::Wgs84),
            "cgcs2000" | "gcscgcs2000" | "chinageodeticcoordinatesystem2000" => return Ok(Self::Cgcs2000),
            _ => {}
        }
        // CRS84 and CRS84h have no number of their own; every other name ends in the number of its authority.
        if word.ends_with("crs84") || word.ends_with("crs84h") {
            return Ok(Self::Wgs84);
        }
        let number: String = name.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
        let why = match (word.contains("epsg") || word == number, number.as_str()) {
            (true, "4326" | "4979") => return Ok(Self::Wgs84),
            (true, "4490" | "4480") => return Ok(Self::Cgcs2000),
            (true, "3857" | "900913" | "3395") => "a projected system in metres (web mercator)",
            (true, n) if n.len() == 5 && (n.starts_with("326") || n.starts_with("327")) => "a projected system in metres (UTM)",
            (true, "4214" | "4610" | "4555") => "an old Chinese datum, tens of metres away from WGS-84",
            (true, "4269" | "4258" | "4283") => "a regional datum, up to two metres away from WGS-84",
            (true, n) if matches!(n.parse::<u32>(), Ok(4491..=4554 | 2327..=2442)) => "a projected Chinese system in metres",
            _ => "not known here",
        };
        Err(UnknownCrs { name: name.chars().take(200).collect(), why })
    }
}

/// A coordinate system that GridWall cannot read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "coordinate system {name:?} is {why}: convert the file to WGS-84 degrees, or name its datum with --datum if it is in degrees"
)]
pub struct UnknownCrs {
    /// Its name as the file gives it.
    pub name: String,
    /// Why it is refused.
    pub why: &'static str,
}

/// Which datum was taken for an input, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatumChoice {
    /// What was asked for; `None` = `auto`.
    pub asked: Option<Datum>,
    /// What was taken.
    pub used: Datum,
    /// Why, in words.
    pub why: String,
    /// What a person should look at.
    pub warning: Option<String>,
}

impl DatumChoice {
    /// The datum that is asked for, else the one the file declares, else WGS-84.
    ///
    /// `declared` is the file's own statement with its words.
    pub fn new(asked: Option<Datum>, declared: Option<(Datum, &str)>) -> Self {
        let same_ground = |a: Datum, b: Datum| {
            let plain = |d| matches!(d, Datum::Wgs84 | Datum::Cgcs2000);
            a == b || (plain(a) && plain(b))
        };
        match (asked, declared) {
            (Some(used), Some((said, words))) if !same_ground(used, said) => Self {
                asked,
                used,
                why: "asked for".into(),
                warning: Some(format!("the file declares {} ({words}), but {} was asked for", said.code(), used.code())),
            },
            (Some(used), _) => Self { asked, used, why: "asked for".into(), warning: None },
            (None, Some((used, words))) => Self { asked, used, why: format!("the file declares {words}"), warning: None },
            (None, None) => Self { asked, used: Datum::Wgs84, why: "nothing declared: WGS-84 taken".into(), warning: None },
        }
    }

    /// Looks at a place of the input (as given): a datum that nobody named draws a warning inside China.
    pub fn look_at(&mut self, given: Place, declared: bool) {
        if self.asked.is_none() && !declared && self.warning.is_none() && in_china(given) {
            self.warning =
                Some("the data lies in China and names no datum: it may be GCJ-02 (100–700 m off); name it with --datum".into());
        }
    }
}

/// Whether GCJ-02 is defined at a place: the box of the published converters.
fn gcj_defined(p: Place) -> bool {
    (72.004..=137.8347).contains(&p.lon) && (0.8293..=55.8271).contains(&p.lat)
}

/// Whether a place is in mainland China, coarsely (a few rectangles, right to some tens of kilometres): good enough to
/// decide about a warning, not about a border.
pub fn in_china(p: Place) -> bool {
    // (south, west, north, east)
    const INSIDE: [(f64, f64, f64, f64); 6] = [
        (42.8899, 79.4462, 49.2204, 96.3300),
        (39.3742, 109.6872, 54.1415, 135.0002),
        (29.5297, 73.1246, 42.8899, 124.1433),
        (26.7186, 82.9684, 29.5297, 97.0352),
        (20.4141, 97.0253, 29.5297, 124.3674),
        (17.8715, 107.9758, 20.4141, 111.7441),
    ];
    const OUTSIDE: [(f64, f64, f64, f64); 6] = [
        (21.7850, 119.9213, 25.3986, 122.4976),
        (20.0988, 101.8652, 22.2840, 106.6650),
        (20.4878, 106.4525, 21.5422, 108.0510),
        (50.3257, 109.0323, 55.8175, 119.1270),
        (49.5574, 127.4568, 55.8175, 137.0227),
        (42.5692, 131.2662, 44.8922, 137.0227),
    ];
    let within = |&(s, w, n, e): &(f64, f64, f64, f64)| (s..=n).contains(&p.lat) && (w..=e).contains(&p.lon);
    INSIDE.iter().any(within) && !OUTSIDE.iter().any(within)
}

fn wgs_to_gcj(p: Place) -> Place {
    if !gcj_defined(p) {
        return p;
    }
    let (dlon, dlat) = gcj_offset(p);
    Place { lon: p.lon + dlon, lat: p.lat + dlat }
}

/// Offset of GCJ-02 at a WGS-84 place, degrees.
fn gcj_offset(p: Place) -> (f64, f64) {
    use std::f64::consts::PI;
    let (x, y) = (p.lon - 105.0, p.lat - 35.0);
    let wave = |v: f64, a: f64, b: f64, c: f64, pa: f64, pb: f64, pc: f64| {
        (a * (pa * PI * v).sin() + b * (pb * PI * v).sin()) * 2.0 / 3.0 + c * (pc * PI * v).sin() * 2.0 / 3.0
    };
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let root = x.abs().sqrt();
    let lat_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + common
        + wave(y, 20.0, 40.0, 160.0, 1.0, 1.0 / 3.0, 1.0 / 12.0)
        + 320.0 * (y * PI / 30.0).sin() * 2.0 / 3.0;
    let lon_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + common
        + wave(x, 20.0, 40.0, 150.0, 1.0, 1.0 / 3.0, 1.0 / 12.0)
        + 300.0 * (x / 30.0 * PI).sin() * 2.0 / 3.0;
    let phi = p.lat.to_radians();
    let magic = 1.0 - EE * phi.sin().powi(2);
    let root = magic.sqrt();
    (lon_m * 180.0 / (A / root * phi.cos() * PI), lat_m * 180.0 / ((A * (1.0 - EE)) / (magic * root) * PI))
}

fn gcj_to_wgs(g: Place) -> Place {
    // Defined where the answer is defined: a point just outside the box may have its source just inside.
    let source = invert(g, |p| {
        let (dlon, dlat) = gcj_offset(p);
        Place { lon: p.lon + dlon, lat: p.lat + dlat }
    });
    if gcj_defined(source) { source } else { g }
}

fn gcj_to_bd(g: Place) -> Place {
    let (x, y) = (g.lon, g.lat);
    let z = (x * x + y * y).sqrt() + 0.00002 * (y * X_PI).sin();
    let theta = y.atan2(x) + 0.000003 * (x * X_PI).cos();
    Place { lon: z * theta.cos() + 0.0065, lat: z * theta.sin() + 0.006 }
}

fn bd_to_gcj(b: Place) -> Place {
    invert(b, gcj_to_bd)
}

/// The place that `forward` takes to `target`, by fixed-point iteration: the maps are translations that vary slowly.
fn invert(target: Place, forward: impl Fn(Place) -> Place) -> Place {
    let mut p = target;
    for _ in 0..MAX_ITERATIONS {
        let f = forward(p);
        let (ex, ey) = (f.lon - target.lon, f.lat - target.lat);
        p = Place { lon: p.lon - ex, lat: p.lat - ey };
        if ex.abs() < CLOSE_DEG && ey.abs() < CLOSE_DEG {
            break;
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metres(a: Place, b: Place) -> f64 {
        let k = 111_320.0;
        ((a.lon - b.lon) * k * a.lat.to_radians().cos()).hypot((a.lat - b.lat) * k)
    }

    #[test]
    fn published_pairs_agree() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data/datum_pairs/china-cities.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: no datum pairs at ../shared/data");
            return;
        };
        let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert!(rows.len() > 100);
        let at = |row: &serde_json::Value, key: &str| {
            let c = &row["coords"][key];
            Place::new(c[0].as_f64().unwrap(), c[1].as_f64().unwrap()).unwrap()
        };
        let mut worst = [0.0f64; 3];
        for row in &rows {
            let (wgs, gcj, bd) = (at(row, "WGS84"), at(row, "GCJ02"), at(row, "BD09"));
            worst[0] = worst[0].max(metres(Datum::Gcj02.from_wgs84(wgs), gcj));
            worst[1] = worst[1].max(metres(Datum::Bd09.to_wgs84(bd), wgs));
            worst[2] = worst[2].max(metres(gcj_to_bd(gcj), bd)).max(metres(bd_to_gcj(bd), gcj));
        }
        // These WGS-84 numbers stand 0.47 m east and 0.47 m north of the formula's, everywhere alike: another way of
        // making them. A wrong constant would show as hundreds of metres, a single pass of the inverse as 1–3 m.
        assert!(worst[0] < 0.8 && worst[1] < 0.8, "{worst:?}");
        // GCJ-02 and BD-09 agree to the last of their seven decimals (1 cm).
        assert!(worst[2] < 0.02, "{worst:?}");
    }

    #[test]
    fn outside_its_box_gcj02_is_the_identity() {
        for (lon, lat) in [(-71.06, 42.36), (24.94, 60.17), (139.7, 35.7), (0.0, 0.0), (-180.0, -90.0), (180.0, 90.0)] {
            let p = Place { lon, lat };
            assert_eq!(Datum::Gcj02.from_wgs84(p), p);
            assert_eq!(Datum::Gcj02.to_wgs84(p), p);
        }
    }

    #[test]
    fn china_is_told_from_its_neighbours() {
        for (lon, lat) in
            [(116.4, 39.9), (121.5, 31.2), (114.06, 22.54), (87.6, 43.8), (126.6, 45.8), (91.1, 29.65), (110.3, 20.0)]
        {
            assert!(in_china(Place { lon, lat }), "{lon} {lat}");
        }
        for (lon, lat) in [
            (-71.06, 42.36),
            (126.98, 37.57),
            (105.85, 21.03),
            (121.56, 25.03),
            (131.9, 43.1),
            (106.9, 47.9),
            (77.2, 28.6),
            (139.7, 35.7),
        ] {
            assert!(!in_china(Place { lon, lat }), "{lon} {lat}");
        }
    }

    #[test]
    fn crs_names_are_read_or_refused_by_name() {
        for name in [
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84",
            "EPSG:4326",
            "epsg:4326",
            "urn:ogc:def:crs:EPSG::4326",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "http://www.opengis.net/def/crs/EPSG/0/4326",
            "WGS 84",
            "WGS84",
        ] {
            assert_eq!(Datum::from_crs_name(name), Ok(Datum::Wgs84), "{name}");
        }
        assert_eq!(Datum::from_crs_name("urn:ogc:def:crs:EPSG::4490"), Ok(Datum::Cgcs2000));
        assert_eq!(Datum::from_crs_name("GCJ-02"), Ok(Datum::Gcj02));
        assert_eq!(Datum::from_crs_name("BD-09"), Ok(Datum::Bd09));
        for name in
            ["urn:ogc:def:crs:EPSG::32632", "EPSG:3857", "EPSG:14326", "", "local grid of 1954", "EPSG:4547", "ESRI:4326x"]
        {
            let refused = Datum::from_crs_name(name).unwrap_err();
            assert_eq!(refused.name, name);
            assert!(refused.to_string().contains(&format!("{name:?}")), "{refused}");
        }
    }

    #[test]
    fn the_choice_says_why() {
        let c = DatumChoice::new(None, Some((Datum::Wgs84, "CRS84")));
        assert_eq!((c.used, c.why.as_str(), c.warning), (Datum::Wgs84, "the file declares CRS84", None));
        let c = DatumChoice::new(Some(Datum::Gcj02), Some((Datum::Wgs84, "CRS84")));
        assert_eq!(c.used, Datum::Gcj02);
        assert!(c.warning.unwrap().contains("declares wgs84"));
        let c = DatumChoice::new(Some(Datum::Wgs84), Some((Datum::Cgcs2000, "EPSG:4490")));
        assert_eq!(c.warning, None);
        let shanghai = Place { lon: 121.5, lat: 31.2 };
        let mut c = DatumChoice::new(None, None);
        c.look_at(Place { lon: -71.0, lat: 42.0 }, false);
        assert_eq!(c.warning, None);
        c.look_at(shanghai, false);
        assert!(c.warning.unwrap().contains("GCJ-02"));
        let mut c = DatumChoice::new(None, Some((Datum::Wgs84, "CRS84")));
        c.look_at(shanghai, true);
        assert_eq!(c.warning, None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_within_a_millimetre(lon in -180.0..180.0f64, lat in -85.0..85.0f64) {
            let p = Place { lon, lat };
            for datum in Datum::ALL {
                let back = datum.to_wgs84(datum.from_wgs84(p));
                // At the rim of the box a moved point may have two sources or none; the rim is nobody's city.
                let rim = (lon - 72.004).abs() < 0.02 || (lon - 137.8347).abs() < 0.02 || (lat - 0.8293).abs() < 0.02 || (lat - 55.8271).abs() < 0.02;
                prop_assert!(rim || metres(back, p) < 1e-3, "{datum:?} {p:?} {back:?}");
            }
        }

        #[test]
        fn the_inverse_holds_over_china(lon in 73.0..135.0f64, lat in 18.0..54.0f64) {
            let g = Place { lon, lat };
            for datum in [Datum::Gcj02, Datum::Bd09] {
                prop_assert!(metres(datum.from_wgs84(datum.to_wgs84(g)), g) < 1e-3, "{datum:?}");
            }
            let moved = metres(Datum::Gcj02.from_wgs84(g), g);
            prop_assert!((10.0..2000.0).contains(&moved), "{moved}");
        }

        #[test]
        fn any_crs_name_has_an_answer(name in ".{0,60}") {
            let _ = Datum::from_crs_name(&name);
        }
    }
}
