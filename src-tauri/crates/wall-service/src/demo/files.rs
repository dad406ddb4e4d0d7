//! The district as the import files of the interface contract.

use super::District;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wall_core::{CellGeometry, GridPoint, TicketRecord, UtcMs};

/// Where the files of a district were written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DistrictFiles {
    /// Grid cells, GeoJSON.
    pub cells: PathBuf,
    /// Police beats, GeoJSON.
    pub beats: PathBuf,
    /// Owners, CSV.
    pub owners: PathBuf,
    /// Staff, CSV.
    pub staff: PathBuf,
    /// Cameras, CSV.
    pub cameras: PathBuf,
    /// Key sites, CSV.
    pub sites: PathBuf,
    /// Buildings, GeoJSON.
    pub buildings: PathBuf,
    /// Streets, GeoJSON.
    pub streets: PathBuf,
    /// Categories, CSV.
    pub categories: PathBuf,
    /// The past week's tickets as of now, NDJSON.
    pub tickets: PathBuf,
    /// Base map, PMTiles.
    pub base_map: PathBuf,
}

impl DistrictFiles {
    /// The names of the files inside a directory.
    pub fn inside(dir: &Path) -> Self {
        Self {
            cells: dir.join("cells.geojson"),
            beats: dir.join("police_beats.geojson"),
            owners: dir.join("owners.csv"),
            staff: dir.join("staff.csv"),
            cameras: dir.join("cameras.csv"),
            sites: dir.join("sites.csv"),
            buildings: dir.join("buildings.geojson"),
            streets: dir.join("streets.geojson"),
            categories: dir.join("categories.csv"),
            tickets: dir.join("tickets.ndjson"),
            base_map: dir.join("basemap.pmtiles"),
        }
    }
}

/// Generates the district of `seed` and writes its files into `dir` (created when absent), with the tickets as they
/// stand at `now`. The same seed and now give the same bytes.
///
/// # Errors
/// Only those of the file system.
pub fn write_district(dir: &Path, seed: u64, now: UtcMs) -> io::Result<DistrictFiles> {
    District::generate(seed).write(dir, now)
}

impl District {
    /// Writes the files of this district into `dir`; see [`write_district`].
    ///
    /// # Errors
    /// Only those of the file system.
    pub fn write(&self, dir: &Path, now: UtcMs) -> io::Result<DistrictFiles> {
        std::fs::create_dir_all(dir)?;
        let files = DistrictFiles::inside(dir);
        collection(
            &files.cells,
            self.cells.iter().map(|c| {
                json!({"type": "Feature", "properties": {
                "code": c.code, "name": c.name, "kind": c.kind.code(), "community_code": c.community_code,
                "community_name": c.community_name, "households": c.households,
            }, "geometry": polygon(&c.geometry)})
            }),
        )?;
        collection(
            &files.beats,
            self.beats.iter().map(|b| {
                let properties = json!({"code": b.code, "name": b.name, "kind": b.kind.code()});
                json!({"type": "Feature", "properties": properties, "geometry": polygon(&b.geometry)})
            }),
        )?;
        collection(
            &files.buildings,
            self.buildings.iter().map(|b| {
                json!({"type": "Feature", "properties": {
                "id": b.external_id, "name": b.name, "households": b.households, "population": b.population, "block": b.block,
            }, "geometry": b.footprint.as_ref().map(polygon)})
            }),
        )?;
        collection(
            &files.streets,
            self.streets.iter().map(|s| {
                let lines: Vec<Vec<[f64; 2]>> = s.lines.iter().map(|l| l.iter().map(|p| [p.lon, p.lat]).collect()).collect();
                json!({"type": "Feature", "properties": {"id": s.external_id, "name": s.name, "class": s.class},
                "geometry": {"type": "MultiLineString", "coordinates": lines}})
            }),
        )?;
        table(
            &files.owners,
            &["cell_code", "party", "party_kind", "role", "phone", "valid_from", "valid_to"],
            self.owners.iter().map(|o| {
                vec![
                    o.cell_code.clone(),
                    o.party.clone(),
                    o.party_kind.code().into(),
                    o.role.code().into(),
                    o.phone.clone(),
                    String::new(),
                    String::new(),
                ]
            }),
        )?;
        table(
            &files.staff,
            &["id", "name", "role", "unit", "cell_codes", "phone", "shifts"],
            self.staff.iter().map(|s| {
                vec![
                    s.external_id.clone(),
                    s.name.clone(),
                    s.role.clone(),
                    s.unit.clone(),
                    s.cell_codes.join(";"),
                    s.phone.clone(),
                    s.shifts.clone(),
                ]
            }),
        )?;
        table(
            &files.cameras,
            &["id", "name", "lon", "lat", "kind", "heading_deg", "fov_deg", "range_m", "stream_url", "snapshot_url", "state"],
            self.cameras.iter().map(|c| {
                let n = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
                vec![
                    c.external_id.clone(),
                    c.name.clone(),
                    degree(c.place.lon),
                    degree(c.place.lat),
                    c.kind.clone(),
                    n(c.heading_deg),
                    n(c.fov_deg),
                    n(c.range_m),
                    c.stream_url.clone(),
                    c.snapshot_url.clone(),
                    c.state.code().into(),
                ]
            }),
        )?;
        table(
            &files.sites,
            &["id", "name", "kind", "lon", "lat", "contact", "phone", "hours", "hazards"],
            self.sites.iter().map(|s| {
                vec![
                    s.external_id.clone(),
                    s.name.clone(),
                    s.kind.clone(),
                    degree(s.place.lon),
                    degree(s.place.lat),
                    s.contact.clone(),
                    s.phone.clone(),
                    s.hours.clone(),
                    s.hazards.clone(),
                ]
            }),
        )?;
        table(
            &files.categories,
            &[
                "kind",
                "code",
                "name",
                "platform",
                "default_severity",
                "deadline_h",
                "deadline_kind",
                "standard",
                "edition",
                "valid_from",
                "valid_to",
                "sensitive",
            ],
            self.categories.iter().map(|c| {
                vec![
                    c.kind.clone(),
                    c.code.clone(),
                    c.name.clone(),
                    c.platform.map_or("", |p| p.code()).into(),
                    c.default_severity.map(|s| s.get().to_string()).unwrap_or_default(),
                    c.deadline_s.map(|s| (s / 3600).to_string()).unwrap_or_default(),
                    c.deadline_kind.code().into(),
                    c.standard.clone(),
                    c.edition.clone(),
                    String::new(),
                    String::new(),
                    c.sensitive.to_string(),
                ]
            }),
        )?;
        let mut out = BufWriter::new(File::create(&files.tickets)?);
        for t in self.tickets(now) {
            serde_json::to_writer(&mut out, &ticket_json(&t))?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        self.write_base_map(&files.base_map)?;
        Ok(files)
    }
}

/// A ticket with the field names of the intake. Keys are sorted, absent values left out.
fn ticket_json(t: &TicketRecord) -> Value {
    let time = |x: Option<UtcMs>| x.map(UtcMs::to_rfc3339);
    let mut v = json!({
        "source": t.source, "external_id": t.external_id, "category": t.category, "title": t.title,
        "description": t.description, "lon": t.place.map(|p| p.lon), "lat": t.place.map(|p| p.lat), "address": t.address,
        "channel": t.channel.map(|c| c.code()), "platform": t.platform.map(|p| p.code()),
        "severity": t.severity.map(|s| s.get()), "community_code": t.community_code,
        "reported_at": time(t.reported_at), "due_at": time(t.due_at), "closed_at": time(t.closed_at),
        "status": t.status.map(|s| s.code()), "status_at": time(t.status_at), "sensitive": t.sensitive,
    });
    if let Some(map) = v.as_object_mut() {
        map.retain(|_, x| !x.is_null());
    }
    v
}

/// Degrees with the seven digits that the generator draws with.
fn degree(x: f64) -> String {
    format!("{x:.7}")
}

fn polygon(geometry: &CellGeometry) -> Value {
    let ring =
        |r: &[GridPoint]| -> Vec<[f64; 2]> { r.iter().chain(r.first()).map(|p| p.place()).map(|p| [p.lon, p.lat]).collect() };
    let rings: Vec<Vec<[f64; 2]>> = geometry.polygons.iter().map(|p| ring(&p.outer)).collect();
    json!({"type": "Polygon", "coordinates": rings})
}

/// One feature a line, so that differences can be read.
fn collection(path: &Path, features: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[\n")?;
    for (i, f) in features.enumerate() {
        if i > 0 {
            out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut out, &f)?;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()
}

fn table(path: &Path, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut out = csv::Writer::from_path(path).map_err(io::Error::other)?;
    out.write_record(header).map_err(io::Error::other)?;
    for row in rows {
        out.write_record(&row).map_err(io::Error::other)?;
    }
    out.flush()
}
