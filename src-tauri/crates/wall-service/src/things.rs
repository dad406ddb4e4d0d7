//! Everything that sources list and that comes in whole by `gridwall import`: one list. Reader, key, right, command, report and
//! point on the map follow from it.
//!
//! A noun is one line of `things!` and what follows below: [`Thing`] says how it is read, `Marker` what is shown of it on the map.

use crate::import::{
    ReadOptions, Records, Source, SourceError,
    fields::{self, FieldReader, Fields},
    listed::{id, line, placed, polygons, unknown, validity},
    read::{Problem, shown},
    records::Placed,
    tickets::{Defaults, limits},
    twins::Keyed,
    words,
};
use crate::wall::world::markers::{AnyMarkers, Marker, MarkerView, Markers};
use serde_json::Value;
use std::{
    fmt::Debug,
    hash::{Hash, Hasher},
};
use wall_core::{
    Absent, BuildingRecord, Camera, CameraState, CategoryRecord, DeadlineKind, Place, Platform, RepairOptions, Site, SiteRecord,
    StaffRecord, Stored, StreetRecord, Whole, label_point, repair,
};
use wall_store::{ChangeKind, Listed, Store, StoreError};

/// Fields that a table must have, each by any of several names.
pub type Needs = &'static [&'static [&'static str]];

/// A thing that sources list by a key of their own.
pub trait Thing: Listed + Debug + Send + Sized + 'static {
    /// The word of its command, in the plural; also that of its lines in the audit log.
    const COMMAND: &'static str;
    /// What the help of its command says.
    const HELP: &'static str;
    /// Without these fields a table is none of such things.
    const NEEDS: Needs;
    /// The right to import it: one that is for the whole territory.
    const RIGHT: Whole = Whole::ImportThings;

    /// Reads it from the fields of a row, with its place as given.
    ///
    /// # Errors
    /// Why the row is refused.
    fn read(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<Self>, Problem>;

    /// Its key for a message: the name of the field, and the value.
    fn key_words(&self) -> (&'static str, &str) {
        ("id", self.key().first().map_or("", |(_, value)| value))
    }
}

/// Two rows are about one thing when they would be kept as one.
impl<T: Thing> Keyed for T {
    fn hash_key(&self, hasher: &mut impl Hasher) {
        self.key().hash(hasher);
    }

    fn key_words(&self) -> (&'static str, &str) {
        Thing::key_words(self)
    }
}

/// The things of a source, one row at a time.
///
/// # Errors
/// [`SourceError`] when the source as a whole cannot be used.
pub fn open<T: Thing>(source: Source, options: &ReadOptions) -> Result<Records<T>, SourceError> {
    Records::from_source(source, options, T::NEEDS, T::read)
}

/// What is done with a kind of things, whichever it is.
pub trait Visit {
    /// What comes of it.
    type Out;

    /// Does it with things of this type.
    fn visit<T: Thing>(self) -> Self::Out;
}

macro_rules! things {
    ($($(#[$doc:meta])* $name:ident: $thing:ty $(, on the map: $marker:ty)?;)+) => {
        /// A kind of things that are listed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ThingKind { $($(#[$doc])* $name),+ }

        impl ThingKind {
            /// All kinds, in the order of their commands.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Those that have a point on the map, by the lines of the change log that are about them.
            pub(crate) const ON_MAP: &'static [ChangeKind] = &[$($(<$marker as Marker>::CHANGE,)?)+];

            /// See [`Thing::COMMAND`].
            pub fn command(self) -> &'static str {
                match self { $(Self::$name => <$thing as Thing>::COMMAND),+ }
            }

            /// See [`Thing::HELP`].
            pub fn help(self) -> &'static str {
                match self { $(Self::$name => <$thing as Thing>::HELP),+ }
            }

            /// Goes on with the type of the kind.
            pub fn go<V: Visit>(self, on: V) -> V::Out {
                match self { $(Self::$name => on.visit::<$thing>()),+ }
            }

            /// A world's points on the map, of each kind none yet.
            pub(crate) fn no_markers() -> Vec<Box<dyn AnyMarkers>> {
                vec![$($(Box::new(Markers::<$marker>::default()),)?)+]
            }
        }
    };
}

things! {
    /// 视频监控: `id,name,lon,lat,kind,heading_deg,fov_deg,range_m,stream_url,snapshot_url,state`
    Cameras: Camera, on the map: Stored<Camera>;
    /// 网格员: `id,name,role,unit,cell_codes,phone,shifts`
    Staff: StaffRecord;
    /// 重点部位: `id,name,kind,lon,lat,contact,phone,hours,hazards`
    Sites: SiteRecord, on the map: Site;
    /// 楼栋: GeoJSON polygons or points, or `lon,lat`, with `id,name,households,population,block`
    Buildings: BuildingRecord;
    /// 道路: GeoJSON lines with `id,name,class`
    Streets: StreetRecord;
    /// 事项和部件类别: `kind,code,name,platform,default_severity,deadline,deadline_kind,standard,edition,valid_from,valid_to,sensitive`
    Categories: CategoryRecord;
}

/// What a table needs of things that have a place.
const POINT: [&[&str]; 2] = [&["lon", "point"], &["lat", "point"]];

impl Thing for Camera {
    const COMMAND: &'static str = "cameras";
    const HELP: &'static str = "Cameras (视频监控): CSV, .xlsx or GeoJSON";
    const NEEDS: Needs = &[&["id"], POINT[0], POINT[1]];

    fn read(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<Self>, Problem> {
        let external_id = id(row)?;
        let (place, given) = placed(row, defaults)?;
        let state = row.word("state", CameraState::from_code, words::CAMERA_STATE).unwrap_or_else(|word| {
            row.notes.repaired("unknown_state", format!("state {word} is not known"));
            None
        });
        let record = Self {
            external_id,
            name: row.bounded("name", limits::NAME),
            place,
            kind: row.bounded("kind", limits::NAME),
            heading_deg: row.optional_number("heading_deg", -360.0..=360.0).map(|h| h.rem_euclid(360.0)),
            fov_deg: row.optional_number("fov_deg", 0.0..=360.0),
            range_m: row.optional_number("range_m", 0.0..=100_000.0),
            stream_url: row.bounded("stream_url", limits::TEXT),
            snapshot_url: row.bounded("snapshot_url", limits::TEXT),
            state: state.unwrap_or_default(),
            absent: row.absent(&["name", "kind", "heading_deg", "fov_deg", "range_m", "stream_url", "snapshot_url", "state"]),
        };
        Ok((record, Some(given)))
    }
}

impl Marker for Stored<Camera> {
    const CHANGE: ChangeKind = ChangeKind::Camera;
    const ORDER: u8 = 3;

    async fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        store.cameras().await
    }

    fn view(&self) -> MarkerView<'_> {
        let camera = &self.of;
        MarkerView {
            id: self.id,
            external_id: &camera.external_id,
            name: &camera.name,
            state: camera.state.code(),
            subtitle: &camera.external_id,
            place: camera.place,
            by_id: true,
            heading_deg: camera.heading_deg,
            fov_deg: camera.fov_deg,
            range_m: camera.range_m,
        }
    }
}

impl Thing for StaffRecord {
    const COMMAND: &'static str = "staff";
    const HELP: &'static str = "Field staff (网格员): CSV or .xlsx";
    const NEEDS: Needs = &[&["id"]];

    fn read(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<Self>, Problem> {
        let record = Self {
            external_id: id(row)?,
            name: row.bounded("name", limits::NAME),
            role: row.bounded("role", limits::NAME),
            unit: row.bounded("unit", limits::NAME),
            cell_codes: list(row, "cell_codes"),
            phone: row.bounded("phone", limits::KEY),
            shifts: match row.json("shifts") {
                Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
                _ => row.bounded("shifts", limits::LINE),
            },
            absent: row.absent(&["name", "role", "unit", "cell_codes", "shifts", "phone"]),
        };
        Ok((record, None))
    }
}

/// A list of codes: a JSON array, or a text with `;` `,` `、` or white space between.
fn list(row: &FieldReader<'_>, field: &str) -> Vec<String> {
    let mut codes: Vec<String> = match row.json(field) {
        Some(Value::Array(items)) => {
            items.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), |s| s.trim().to_owned())).collect()
        }
        _ => {
            let text = row.text(field).unwrap_or_default();
            let between = |c: char| matches!(c, ';' | ',' | '；' | '，' | '、' | '|') || c.is_whitespace();
            text.split(between).map(str::to_owned).collect()
        }
    };
    codes.retain(|c| !c.is_empty());
    codes
}

impl Thing for SiteRecord {
    const COMMAND: &'static str = "sites";
    const HELP: &'static str = "Key sites (重点部位): CSV, .xlsx or GeoJSON";
    const NEEDS: Needs = &[&["id"], POINT[0], POINT[1]];

    fn read(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<Self>, Problem> {
        let external_id = id(row)?;
        let (place, given) = placed(row, defaults)?;
        let record = Self {
            external_id,
            name: row.bounded("name", limits::NAME),
            kind: row.bounded("kind", limits::NAME),
            place,
            contact: row.bounded("contact", limits::NAME),
            phone: row.bounded("phone", limits::KEY),
            hours: row.bounded("hours", limits::LINE),
            hazards: row.bounded("hazards", limits::TEXT),
            absent: row.absent(&["name", "kind", "hours", "hazards", "contact", "phone"]),
        };
        Ok((record, Some(given)))
    }
}

impl Marker for Site {
    const CHANGE: ChangeKind = ChangeKind::Site;
    const ORDER: u8 = 1;

    async fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        store.sites().await
    }

    fn view(&self) -> MarkerView<'_> {
        MarkerView {
            id: self.id.0,
            external_id: &self.external_id,
            name: &self.name,
            state: &self.kind,
            subtitle: &self.kind,
            place: self.place,
            by_id: false,
            heading_deg: None,
            fov_deg: None,
            range_m: None,
        }
    }
}

impl Thing for BuildingRecord {
    const COMMAND: &'static str = "buildings";
    const HELP: &'static str = "Buildings with households: GeoJSON or CSV";
    const NEEDS: Needs = &POINT;

    fn read(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<Self>, Problem> {
        let datum = row.datum(defaults.datum)?;
        let (place, given, footprint) = match polygons(row)? {
            None => {
                let given = row.place()?;
                (datum.to_wgs84(given), given, None)
            }
            Some(mut polygons) => {
                let first = polygons.first().and_then(|p| p.first()).and_then(|r| r.first()).copied();
                for position in polygons.iter_mut().flatten().flatten() {
                    let moved = datum.to_wgs84(Place { lon: position[0], lat: position[1] });
                    *position = [moved.lon, moved.lat];
                }
                let (footprint, findings) =
                    repair(&polygons, RepairOptions::default()).map_err(|f| Problem::new(f.code, f.message))?;
                for f in findings {
                    row.notes.push(f.code, f.message, f.action, f.place);
                }
                let inside = label_point(&footprint);
                (inside, first.map_or(inside, |[lon, lat]| Place { lon, lat }), Some(footprint))
            }
        };
        let external_id = match id(row) {
            Ok(id) => id,
            // A building without a number is known by its place.
            Err(problem) if problem.code == "id_missing" => format!("@{:.7},{:.7}", place.lon, place.lat),
            Err(problem) => return Err(problem),
        };
        let record = Self {
            external_id,
            name: row.bounded("name", limits::NAME),
            place,
            footprint,
            households: row.optional_count("households"),
            population: row.optional_count("population"),
            block: row.bounded("block", limits::NAME),
            // A table has no column for the ground that a building covers.
            absent: match row.fields() {
                Fields::Delimited { .. } => row.absent(&["name", "households", "population", "block", "footprint"]),
                Fields::Json { .. } => row.absent(&["name", "households", "population", "block"]),
            },
        };
        Ok((record, Some(given)))
    }
}

impl Thing for StreetRecord {
    const COMMAND: &'static str = "streets";
    const HELP: &'static str = "Streets as lines: GeoJSON";
    const NEEDS: Needs = &[&["no table: streets are lines, give GeoJSON"]];

    fn read(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<Self>, Problem> {
        let datum = row.datum(defaults.datum)?;
        let Fields::Json { geometry: Some(geometry), .. } = row.fields() else {
            return Err(Problem::new("bad_geometry", "a street needs a line: give GeoJSON"));
        };
        let coordinates = geometry.get("coordinates").and_then(Value::as_array);
        let lines = match (geometry.get("type").and_then(Value::as_str), coordinates) {
            (Some("LineString"), Some(positions)) => vec![line(positions)?],
            (Some("MultiLineString"), Some(parts)) => parts
                .iter()
                .map(|part| line(part.as_array().map(Vec::as_slice).unwrap_or_default()))
                .collect::<Result<Vec<_>, _>>()?,
            (kind, _) => {
                let kind = shown(kind.unwrap_or("nothing"));
                return Err(Problem::new("bad_geometry", format!("a street is a LineString or MultiLineString, not {kind}")));
            }
        };
        let lines: Vec<Vec<Place>> = lines.into_iter().filter(|l| l.len() > 1).collect();
        let Some(given) = lines.first().and_then(|l| l.first()).copied() else {
            return Err(Problem::new("bad_geometry", "the street's line has no length"));
        };
        let external_id = match id(row) {
            Ok(id) => id,
            // A street without a number is known by its line.
            Err(problem) if problem.code == "id_missing" => {
                let (points, last) = (lines.iter().map(Vec::len).sum::<usize>(), lines.last().and_then(|l| l.last()));
                let last = last.copied().unwrap_or(given);
                format!("@{:.7},{:.7}…{:.7},{:.7}#{points}", given.lon, given.lat, last.lon, last.lat)
            }
            Err(problem) => return Err(problem),
        };
        let record = Self {
            external_id,
            name: row.bounded("name", limits::NAME),
            class: row.bounded("class", limits::NAME),
            absent: row.absent(&["name", "class"]),
            lines: lines.into_iter().map(|l| l.into_iter().map(|p| datum.to_wgs84(p)).collect()).collect(),
        };
        Ok((record, Some(given)))
    }
}

impl Thing for CategoryRecord {
    const COMMAND: &'static str = "categories";
    const HELP: &'static str = "Category table: CSV or .xlsx";
    const NEEDS: Needs = &[&["code"], &["name"]];

    fn read(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<Self>, Problem> {
        let code = row.key("code", limits::KEY, "code_missing", "code_too_long")?;
        let name = row.name("name", limits::NAME, "name_missing", "name_too_long")?;
        let kind = match row.bounded("kind", limits::KEY) {
            kind if kind.is_empty() => "event".to_owned(),
            kind if kind == "事项" || kind == "事件" => "event".to_owned(),
            kind if kind == "部件" => "component".to_owned(),
            kind => kind,
        };
        let platform =
            row.word("platform", Platform::from_code, words::PLATFORM).map_err(unknown("unknown_platform", "platform"))?;
        let default_severity =
            row.word("default_severity", words::severity, &[]).map_err(unknown("unknown_severity", "default_severity"))?;
        let deadline_kind = row
            .word("deadline_kind", DeadlineKind::from_code, words::DEADLINE_KIND)
            .map_err(unknown("unknown_deadline_kind", "deadline_kind"))?
            .unwrap_or(DeadlineKind::Calendar);
        let deadline_s = deadline(row, deadline_kind)?;
        let (valid_from, valid_to) = validity(row)?;
        let mut absent = vec!["platform", "default_severity", "deadline_kind", "valid_from", "valid_to", "sensitive"];
        absent.retain(|f| !row.has(f));
        if !["deadline", "deadline_h", "deadline_s"].iter().any(|f| row.has(f)) {
            absent.push("deadline_s");
        }
        let absent = Absent::of(absent);
        let record = Self {
            kind,
            code,
            name,
            platform,
            default_severity,
            deadline_s,
            deadline_kind,
            standard: row.bounded("standard", limits::NAME),
            edition: row.bounded("edition", limits::NAME),
            valid_from,
            valid_to,
            sensitive: row.optional_flag("sensitive").unwrap_or(false),
            absent,
        };
        Ok((record, None))
    }

    fn key_words(&self) -> (&'static str, &str) {
        ("code", &self.code)
    }
}

/// Hours of a working day, for deadlines in days of the work calendar.
const WORKING_DAY_H: f64 = 8.0;

/// A deadline in seconds: `deadline` with a unit (`30m`, `2h`, `3d`; a bare number is hours), `deadline_h` or `deadline_s`.
fn deadline(row: &FieldReader<'_>, kind: DeadlineKind) -> Result<Option<i64>, Problem> {
    let seconds = if let Some(text) = row.text("deadline") {
        let bad = || Problem::new("bad_deadline", format!("deadline {} is not like 30m, 2h or 3d", shown(&text)));
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let day_h = if kind == DeadlineKind::Working { WORKING_DAY_H } else { 24.0 };
        let unit_s = match text[end..].trim().to_lowercase().as_str() {
            "s" | "秒" => 1.0,
            "m" | "min" | "分" | "分钟" => 60.0,
            "" | "h" | "时" | "小时" => 3600.0,
            "d" | "天" | "日" | "工作日" => day_h * 3600.0,
            _ => return Err(bad()),
        };
        Some(fields::number(&text[..end]).ok_or_else(bad)? * unit_s)
    } else if let Some(hours) = row.number("deadline_h")? {
        Some(hours * 3600.0)
    } else {
        row.number("deadline_s")?
    };
    match seconds {
        Some(s) if !(1.0..=1e9).contains(&s) => Err(Problem::new("bad_deadline", format!("a deadline of {s} seconds"))),
        other => Ok(other.map(|s| s.round() as i64)),
    }
}

#[cfg(test)]
#[path = "thing_tests.rs"]
mod tests;
