//! From the coordinate system that a file names to WGS-84 degrees: the datum, and the projection to be undone.
//!
//! Well-known text of ESRI (`.prj`) and of the OGC, and the numbers of the EPSG that name Chinese zones, UTM zones and web
//! mercator. The formulas of the projections are those of `proj4rs`. What is not known for certain is refused by name:
//! ground that is silently some metres off is worse than none.

mod belt;
mod wkt;

use std::collections::HashMap;

use proj4rs::{Proj, transform::transform};
use wall_core::{Datum, DatumChoice, Place, RawPolygon, UnknownCrs, in_china};

use super::CellsError;
use super::raw::{CrsText, Note};
use belt::{Belt, Misfit};

/// CGCS2000's ellipsoid.
const CGCS2000: &str = "+a=6378137 +rf=298.257222101";
/// WGS-84's ellipsoid.
const WGS84: &str = "+a=6378137 +rf=298.257223563";
/// The sphere of web mercator.
const SPHERE: &str = "+a=6378137 +b=6378137";

/// A coordinate system as read.
#[derive(Clone, PartialEq, Debug)]
struct Crs {
    /// Its name, for people.
    name: String,
    /// The datum of its degrees, or why it is not known.
    datum: Result<Datum, &'static str>,
    /// The projection as proj strings: the whole, and the ellipsoid alone; `None` = degrees.
    projection: Option<(String, String)>,
}

/// Takes positions of a file to WGS-84.
pub(super) struct Ground {
    /// The datum, and why.
    pub(super) choice: DatumChoice,
    projection: Option<(Proj, Proj)>,
    /// Neighbours repeat each other's vertices: the same numbers give the same place, and are converted once.
    known: HashMap<[u64; 2], [f64; 2]>,
    /// Name of the coordinate system, when it is projected.
    name: String,
    /// Its zone, when it has one.
    belt: Option<Belt>,
    /// Whether the format fixes the datum: what a file "declares" then says nothing about how it was drawn.
    by_format: bool,
    /// What a person should look at.
    pub(super) doubts: Vec<Note>,
}

impl Ground {
    /// What is asked for and what the file names, together.
    ///
    /// # Errors
    /// A coordinate system that cannot be read.
    pub(super) fn settle(asked: Option<Datum>, named: Option<&CrsText>) -> Result<Self, CellsError> {
        let Some(named) = named else { return Ok(Self::new(DatumChoice::new(asked, None), None)) };
        let crs = match named {
            CrsText::Name(name) => match by_name(name) {
                Ok(crs) => crs,
                // Named by the user and in degrees, for all we know.
                Err(unknown) => Crs { name: unknown.name, datum: Err(unknown.why), projection: None },
            },
            CrsText::Wkt(text) => by_wkt(text)?,
        };
        let mut choice = match (crs.datum, asked) {
            (Ok(declared), _) => DatumChoice::new(asked, Some((declared, &crs.name))),
            (Err(why), None) => return Err(UnknownCrs { name: crs.name, why }.into()),
            (Err(why), Some(used)) => {
                let warning = format!(
                    "the file declares {:?}, which is {why}; read as {} because that was asked for",
                    crs.name,
                    used.code()
                );
                DatumChoice { asked, used, why: "asked for".into(), warning: Some(warning) }
            }
        };
        let Some((whole, ellipsoid)) = crs.projection else { return Ok(Self::new(choice, None)) };
        let refused = |_| UnknownCrs { name: crs.name.clone(), why: "a projection whose parameters make no sense" };
        let from = Proj::from_proj_string(&whole).map_err(refused)?;
        let to = Proj::from_proj_string(&format!("+proj=longlat {ellipsoid} +no_defs")).map_err(refused)?;
        match asked {
            Some(_) => choice.why.push_str(&format!(", and {} taken to degrees", crs.name)),
            None => choice.why.push_str(", taken to degrees"),
        }
        let belt = Belt::of(&whole, &crs.name);
        Ok(Self { name: crs.name, belt, ..Self::new(choice, Some((from, to))) })
    }

    /// The datum is fixed by the format, whatever the ground was drawn on.
    pub(super) fn by_format(mut self, fixed: bool) -> Self {
        self.by_format = fixed;
        self
    }

    /// Looks at a position of each feature: can they be of the zone that the file names?
    ///
    /// # Errors
    /// When most of them cannot: in which way.
    pub(super) fn look_at_zone(&mut self, positions: impl Iterator<Item = [f64; 2]>) -> Result<(), CellsError> {
        let (Some(belt), true) = (self.belt, self.projection.is_some()) else { return Ok(()) };
        let (mut all, mut misfits, mut lost, mut far, mut first) = (0usize, 0usize, 0usize, 0usize, None);
        for p in positions.filter(|p| p.iter().all(|v| v.is_finite())) {
            all += 1;
            if let Some(misfit) = belt.misfit(p) {
                misfits += 1;
                first.get_or_insert((misfit, p));
                continue;
            }
            match self.degrees(p).map(|place| (place.lon - belt.lon_0 + 540.0).rem_euclid(360.0) - 180.0) {
                Some(away) if away.abs() <= belt.reach => {}
                Some(away) if away.abs() <= 20.0 => far += 1,
                _ => lost += 1,
            }
        }
        let refuse = |code, what| Err(CellsError::Ground { code, name: self.name.clone(), what });
        if let (true, Some((misfit, [x, y]))) = (misfits * 2 > all, &first) {
            return match misfit {
                Misfit::Axes => refuse("axes_exchanged", format!("northing and easting are exchanged ({x}, {y})")),
                Misfit::Zone(what) => refuse("zone_differs", format!("{what} ({x}, {y})")),
            };
        }
        if lost * 2 > all {
            let what = format!("its central meridian is {}°, and the numbers lie far from it or nowhere", belt.lon_0);
            return refuse("far_from_meridian", what);
        }
        if misfits + lost + far > 0 {
            let message = format!(
                "{} of {all} features lie more than {}° from {}°, the central meridian of {:?}, or nowhere: is it the right system?",
                misfits + lost + far,
                belt.reach,
                belt.lon_0,
                self.name
            );
            self.doubts.push(Note::new("far_from_meridian", message));
        }
        Ok(())
    }

    /// A file may name a projected system and hold degrees all the same: no city is within 200 m of the origin of one.
    ///
    /// # Errors
    /// When that is so and nobody said which datum the degrees are in.
    pub(super) fn look_at_numbers(&mut self, mut positions: impl Iterator<Item = [f64; 2]>) -> Result<(), CellsError> {
        let degrees = |p: [f64; 2]| p[0].abs() <= 180.0 && p[1].abs() <= 90.0;
        if self.projection.is_none() || !positions.next().is_some_and(degrees) || !positions.all(degrees) {
            return Ok(());
        }
        if self.choice.asked.is_none() {
            return Err(
                UnknownCrs { name: self.name.clone(), why: "a projected system in metres, but the numbers are degrees" }.into()
            );
        }
        self.projection = None;
        self.choice.why = "asked for".into();
        self.choice.warning =
            Some(format!("the file declares {:?}, in metres, but its numbers are degrees: read as such", self.name));
        Ok(())
    }

    fn new(choice: DatumChoice, projection: Option<(Proj, Proj)>) -> Self {
        Self { choice, projection, known: HashMap::new(), name: String::new(), belt: None, by_format: false, doubts: Vec::new() }
    }

    /// The polygons in WGS-84; the first place decides about a warning. What is no place stays what it is (and is refused
    /// later, with its reason).
    pub(super) fn in_wgs84(&mut self, polygons: &[RawPolygon], declared: bool) -> Vec<RawPolygon> {
        let plain = matches!(self.choice.used, Datum::Wgs84 | Datum::Cgcs2000);
        let first = polygons.iter().flatten().flatten().find_map(|&p| self.degrees(p));
        if let Some(place) = first {
            self.choice.look_at(place, declared || self.by_format);
            if self.by_format && self.choice.asked.is_none() && self.choice.warning.is_none() && in_china(place) {
                let why = "the data lies in China, and the format says WGS-84 of every file: it may have been drawn on GCJ-02 \
                    (100–700 m off). Compare it with the base map, or name its datum with --datum";
                self.choice.warning = Some(why.into());
            }
        }
        if plain && self.projection.is_none() {
            return polygons.to_vec();
        }
        let ring = |r: &Vec<[f64; 2]>, ground: &mut Self| r.iter().map(|&p| ground.convert(p)).collect();
        polygons.iter().map(|polygon| polygon.iter().map(|r| ring(r, self)).collect()).collect()
    }

    /// A position in degrees of the file's datum.
    fn degrees(&self, p: [f64; 2]) -> Option<Place> {
        let Some((from, to)) = &self.projection else { return Place::new(p[0], p[1]) };
        let mut at = (p[0], p[1]);
        transform(from, to, &mut at).ok()?;
        Place::new(at.0.to_degrees(), at.1.to_degrees())
    }

    fn convert(&mut self, p: [f64; 2]) -> [f64; 2] {
        if let Some(done) = self.known.get(&p.map(f64::to_bits)) {
            return *done;
        }
        let Some(given) = self.degrees(p) else { return if self.projection.is_some() { [f64::NAN; 2] } else { p } };
        let w = self.choice.used.to_wgs84(given);
        self.known.insert(p.map(f64::to_bits), [w.lon, w.lat]);
        [w.lon, w.lat]
    }
}

fn tmerc(lon_0: u32, x_0: u32) -> (String, String) {
    (format!("+proj=etmerc +lat_0=0 +lon_0={lon_0} +k=1 +x_0={x_0} +y_0=0 {CGCS2000} +units=m"), CGCS2000.into())
}

/// A coordinate system by its name or number.
fn by_name(name: &str) -> Result<Crs, UnknownCrs> {
    let unknown = match Datum::from_crs_name(name) {
        Ok(datum) => return Ok(Crs { name: name.into(), datum: Ok(datum), projection: None }),
        Err(unknown) => unknown,
    };
    let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let digits: String = name.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    let Some(n) = digits.parse::<u32>().ok().filter(|_| word.contains("epsg") || word == digits) else { return Err(unknown) };
    let (datum, projection) = match n {
        // Gauss-Krüger of six degrees: zones 13–23 (zone number before the easting), and by central meridian.
        4491..=4501 => (Datum::Cgcs2000, tmerc(6 * (n - 4478) - 3, (n - 4478) * 1_000_000 + 500_000)),
        4502..=4512 => (Datum::Cgcs2000, tmerc(6 * (n - 4502) + 75, 500_000)),
        // Of three degrees: zones 25–45, and by central meridian.
        4513..=4533 => (Datum::Cgcs2000, tmerc(3 * (n - 4488), (n - 4488) * 1_000_000 + 500_000)),
        4534..=4554 => (Datum::Cgcs2000, tmerc(3 * (n - 4534) + 75, 500_000)),
        32601..=32660 | 32701..=32760 => {
            let (zone, south) = (n % 100, if n > 32700 { " +south" } else { "" });
            (Datum::Wgs84, (format!("+proj=utm +zone={zone}{south} {WGS84} +units=m"), WGS84.into()))
        }
        3857 | 900_913 | 3785 | 102_100 | 102_113 => (Datum::Wgs84, web_mercator()),
        3395 => (Datum::Wgs84, (format!("+proj=merc +lon_0=0 +k=1 +x_0=0 +y_0=0 {WGS84} +units=m"), WGS84.into())),
        _ => return Err(unknown),
    };
    Ok(Crs { name: name.into(), datum: Ok(datum), projection: Some(projection) })
}

fn web_mercator() -> (String, String) {
    (format!("+proj=merc +lon_0=0 +k=1 +x_0=0 +y_0=0 {SPHERE} +units=m"), SPHERE.into())
}

/// The datum by the names that files give it.
fn datum_by_names(names: &[&str]) -> Result<Datum, &'static str> {
    let words: Vec<String> = names
        .iter()
        .map(|n| n.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase())
        .filter(|n| !n.is_empty())
        .collect();
    let any = |parts: &[&str]| words.iter().any(|w| parts.iter().any(|p| w.contains(p)));
    if any(&["gcj02"]) {
        Ok(Datum::Gcj02)
    } else if any(&["bd09"]) {
        Ok(Datum::Bd09)
    } else if any(&["wgs84", "wgs1984", "worldgeodeticsystem1984"]) {
        Ok(Datum::Wgs84)
    } else if any(&["cgcs2000", "china2000", "chinageodeticcoordinatesystem2000", "国家2000", "2000国家大地"]) {
        Ok(Datum::Cgcs2000)
    } else if any(&["beijing1954", "beijing54", "xian1980", "xian80", "newbeijing"]) {
        Err("an old Chinese datum, tens of metres away from WGS-84")
    } else if any(&[
        "northamerican1983",
        "nad83",
        "etrs89",
        "etrs1989",
        "europeanterrestrialreferencesystem1989",
        "gda94",
        "gda2020",
    ]) {
        Err("a regional datum, up to two metres away from WGS-84")
    } else {
        Err("a datum that is not known here")
    }
}

/// A coordinate system by its well-known text.
fn by_wkt(text: &str) -> Result<Crs, UnknownCrs> {
    let short = || text.trim().chars().take(80).collect::<String>();
    let refuse = |name: &str, why| UnknownCrs { name: name.chars().take(200).collect(), why };
    let Some(top) = wkt::parse(text) else { return Err(refuse(&short(), "no well-known text")) };
    let name = top.name().to_owned();
    let (projected, geographic) = match top.keyword.as_str() {
        "GEOGCS" | "GEOGCRS" | "GEODCRS" => (None, &top),
        "PROJCS" | "PROJCRS" => match top.child(&["GEOGCS", "BASEGEOGCRS", "BASEGEODCRS"]) {
            Some(base) => (Some(&top), base),
            None => return Err(refuse(&name, "a projected system without its base")),
        },
        // Horizontal and vertical together: the first is the ground.
        "COMPD_CS" | "COMPOUNDCRS" => {
            return match top.children.first() {
                Some(first) => by_wkt(&first.to_text()),
                None => Err(refuse(&name, "a compound system without parts")),
            };
        }
        _ => return Err(refuse(&name, "no geographic or projected system")),
    };
    let datum_node = geographic.child(&["DATUM", "ENSEMBLE", "TRF", "GEODETICDATUM"]);
    let datum = datum_by_names(&[geographic.name(), datum_node.map_or("", wkt::Node::name)]);
    let meridian = geographic.child(&["PRIMEM", "PRIMEMERIDIAN"]).and_then(|m| m.number(0)).unwrap_or(0.0);
    if meridian != 0.0 {
        return Err(refuse(&name, "counted from another meridian than Greenwich"));
    }
    let Some(projected) = projected else {
        let unit = geographic.unit().unwrap_or(wkt::DEGREE);
        if (unit - wkt::DEGREE).abs() > 1e-9 {
            return Err(refuse(&name, "geographic, but not in degrees"));
        }
        return Ok(Crs { name, datum, projection: None });
    };
    let spheroid = datum_node.and_then(|d| d.child(&["SPHEROID", "ELLIPSOID"]));
    let ellipsoid = match spheroid.and_then(|s| Some((s.number(0)?, s.number(1)?))) {
        Some((a, rf)) if (6_000_000.0..7_000_000.0).contains(&a) && rf > 200.0 => format!("+a={a} +rf={rf}"),
        Some((a, 0.0)) if (6_000_000.0..7_000_000.0).contains(&a) => format!("+a={a} +b={a}"),
        _ => return Err(refuse(&name, "a projected system without a usable ellipsoid")),
    };
    match projection(projected, &ellipsoid) {
        Ok(projection) => Ok(Crs { name, datum, projection: Some(projection) }),
        Err(why) => Err(refuse(&name, why)),
    }
}

/// The projection of a `PROJCS` as proj strings.
fn projection(node: &wkt::Node, ellipsoid: &str) -> Result<(String, String), &'static str> {
    let method = node.child(&["PROJECTION"]).or_else(|| node.child(&["CONVERSION"])?.child(&["METHOD", "PROJECTION"]));
    let method = wkt::plain(method.map_or("", wkt::Node::name));
    let extension = node.child(&["EXTENSION"]).map(wkt::Node::to_text).unwrap_or_default();
    if extension.contains("nadgrids=@null")
        || method.contains("mercatorauxiliarysphere")
        || method.contains("popularvisualisation")
    {
        return Ok(web_mercator());
    }
    let unit = node.unit().unwrap_or(1.0);
    if !(unit.is_finite() && unit > 0.0) {
        return Err("a projected system without a usable unit");
    }
    let parameters = node.parameters();
    let get = |names: &[&str]| parameters.iter().find(|(n, _)| names.contains(&n.as_str())).map(|(_, v)| *v);
    let lon_0 =
        get(&["centralmeridian", "longitudeofcenter", "longitudeoforigin", "longitudeofnaturalorigin", "longitudeoffalseorigin"]);
    let lat_0 = get(&["latitudeoforigin", "latitudeofcenter", "latitudeofnaturalorigin", "latitudeoffalseorigin"]);
    let x_0 = get(&["falseeasting", "eastingatfalseorigin"]).unwrap_or(0.0) * unit;
    let y_0 = get(&["falsenorthing", "northingatfalseorigin"]).unwrap_or(0.0) * unit;
    let k = get(&["scalefactor", "scalefactoratnaturalorigin"]).unwrap_or(1.0);
    let lat_1 = get(&["standardparallel1", "latitudeof1ststandardparallel"]);
    let lat_2 = get(&["standardparallel2", "latitudeof2ndstandardparallel"]);
    let (lon, lat) = (lon_0.unwrap_or(0.0), lat_0.unwrap_or(0.0));
    let own = match method.as_str() {
        "transversemercator" | "gausskruger" | "gausskrueger" | "transversemercatorcomplex" => {
            format!("+proj=etmerc +lat_0={lat} +lon_0={lon} +k={k}")
        }
        "mercator" | "mercator1sp" | "mercator2sp" | "mercatorvarianta" | "mercatorvariantb" => match lat_1 {
            Some(lat_1) => format!("+proj=merc +lat_ts={lat_1} +lon_0={lon}"),
            None => format!("+proj=merc +k={k} +lon_0={lon}"),
        },
        "lambertconformalconic" | "lambertconformalconic1sp" | "lambertconformalconic2sp" => {
            let first = lat_1.unwrap_or(lat);
            format!("+proj=lcc +lat_0={lat} +lat_1={first} +lat_2={} +lon_0={lon} +k_0={k}", lat_2.unwrap_or(first))
        }
        "albers" | "albersconicequalarea" | "albersequalarea" => match (lat_1, lat_2) {
            (Some(a), Some(b)) => format!("+proj=aea +lat_0={lat} +lat_1={a} +lat_2={b} +lon_0={lon}"),
            _ => return Err("a projected system without its standard parallels"),
        },
        _ => {
            return Err(
                "a projection that is not read (transverse and plain mercator, Gauss-Krüger, UTM, Lambert and Albers are)",
            );
        }
    };
    Ok((format!("{own} +x_0={x_0} +y_0={y_0} {ellipsoid} +to_meter={unit}"), ellipsoid.to_owned()))
}

#[cfg(test)]
mod tests;
