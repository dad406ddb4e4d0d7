//! Vector tiles (MVT 2) from features in metres, packed as PMTiles.

use super::plane::Pt;
use mvt::{GeomEncoder, GeomType, Tile};
use pmtiles::{PmTilesWriter, TileCoord, TileType};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// Smallest zoom with tiles.
const MIN_ZOOM: u8 = 10;
/// Largest zoom with tiles.
const MAX_ZOOM: u8 = 16;
/// Units across a tile.
const EXTENT: f64 = 4096.0;
/// How far geometry reaches over the tile's edge, so that line ends and outlines stay hidden.
const BUFFER: f64 = 80.0;
/// Tiles of bare earth around the drawing.
const EARTH_MARGIN: i64 = 2;

/// Layers in the order they are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Layer {
    Landuse,
    Water,
    Roads,
    Buildings,
    Places,
    Pois,
}

impl Layer {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Landuse, "landuse"),
        (Self::Water, "water"),
        (Self::Roads, "roads"),
        (Self::Buildings, "buildings"),
        (Self::Places, "places"),
        (Self::Pois, "pois"),
    ];
}

/// Geometry in metres.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Point(Pt),
    Line(Vec<Pt>),
    /// One ring, not closed.
    Area(Vec<Pt>),
}

/// Something on the map.
#[derive(Clone, Debug)]
pub(super) struct Feature {
    pub(super) layer: Layer,
    pub(super) kind: &'static str,
    /// May be empty.
    pub(super) name: String,
    pub(super) min_zoom: u8,
    pub(super) height_m: Option<u32>,
    /// Finer kind, may be empty.
    pub(super) detail: &'static str,
    pub(super) shape: Shape,
}

/// Position on the world square of web mercator, 0 … 1, y to the south. `libm` gives the same digits everywhere.
fn mercator(p: Pt) -> (f64, f64) {
    let place = p.place();
    let lat = place.lat * (std::f64::consts::PI / 180.0);
    let y = 0.5 - libm::log(libm::tan(std::f64::consts::FRAC_PI_4 + lat / 2.0)) / (2.0 * std::f64::consts::PI);
    ((place.lon + 180.0) / 360.0, y)
}

type Coords = Vec<(f64, f64)>;
/// What one tile shows of which features.
type Parts = Vec<(usize, Vec<Coords>)>;

/// Writes all tiles that any feature or the ground around the drawing touches.
pub(super) fn write_pmtiles(out: File, features: &[Feature], name: &str) -> io::Result<()> {
    let projected: Vec<Coords> = features
        .iter()
        .map(|f| match &f.shape {
            Shape::Point(p) => vec![mercator(*p)],
            Shape::Line(l) | Shape::Area(l) => l.iter().map(|p| mercator(*p)).collect(),
        })
        .collect();
    let world = extent(projected.iter().flatten());
    let mut tiles: BTreeMap<u64, (TileCoord, Vec<u8>)> = BTreeMap::new();
    for zoom in MIN_ZOOM..=MAX_ZOOM {
        for (coord, tile) in tiles_of(zoom, features, &projected, world)? {
            tiles.insert(pmtiles::TileId::from(coord).value(), (coord, tile));
        }
    }
    let (west, north) = degrees(world.0, world.1);
    let (east, south) = degrees(world.2, world.3);
    let metadata = json!({
        "name": name, "format": "pbf", "type": "baselayer", "attribution": "GridWall 演示数据(虚构)", "version": "1",
        "vector_layers": std::iter::once("earth").chain(Layer::ALL.iter().map(|l| l.1)).map(|l| json!({
            "id": l, "minzoom": MIN_ZOOM, "maxzoom": MAX_ZOOM,
            "fields": {"kind": "String", "kind_detail": "String", "name": "String", "height": "Number"},
        })).collect::<Vec<_>>(),
    });
    let mut writer = PmTilesWriter::new(TileType::Mvt)
        .min_zoom(MIN_ZOOM)
        .max_zoom(MAX_ZOOM)
        .bounds(west, south, east, north)
        .center(120.6205, 31.2990)
        .center_zoom(14)
        .metadata(metadata.to_string())
        .create(out)
        .map_err(io::Error::other)?;
    for (coord, tile) in tiles.into_values() {
        writer.add_tile(coord, &tile).map_err(io::Error::other)?;
    }
    writer.finalize().map_err(io::Error::other)
}

/// West, north, east, south of all points on the world square.
fn extent<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> (f64, f64, f64, f64) {
    points.fold((1.0, 1.0, 0.0, 0.0), |b, p| (f64::min(b.0, p.0), f64::min(b.1, p.1), f64::max(b.2, p.0), f64::max(b.3, p.1)))
}

/// Degrees of a point of the world square, rounded as PMTiles stores them.
fn degrees(x: f64, y: f64) -> (f64, f64) {
    let lat = libm::atan(libm::sinh((0.5 - y) * 2.0 * std::f64::consts::PI)) * (180.0 / std::f64::consts::PI);
    (((x * 360.0 - 180.0) * 1e7).round() / 1e7, (lat * 1e7).round() / 1e7)
}

/// The tiles of one zoom, in no particular order of importance but sorted.
fn tiles_of(
    zoom: u8,
    features: &[Feature],
    projected: &[Coords],
    world: (f64, f64, f64, f64),
) -> io::Result<Vec<(TileCoord, Vec<u8>)>> {
    let n = f64::from(1u32 << zoom);
    let index = |v: f64| (v * n).floor() as i64;
    let mut grid: BTreeMap<(i64, i64), Parts> = BTreeMap::new();
    for x in index(world.0) - EARTH_MARGIN..=index(world.2) + EARTH_MARGIN {
        for y in index(world.1) - EARTH_MARGIN..=index(world.3) + EARTH_MARGIN {
            grid.insert((x, y), Vec::new());
        }
    }
    let over = BUFFER / EXTENT;
    for (i, (f, coords)) in features.iter().zip(projected).enumerate() {
        if f.min_zoom > zoom {
            continue;
        }
        let scaled: Coords = coords.iter().map(|p| (p.0 * n, p.1 * n)).collect();
        // Thinned to about a third of a screen pixel.
        let line = match f.shape {
            Shape::Point(_) => scaled,
            _ if zoom == MAX_ZOOM => scaled,
            _ => thinned(&scaled, 2.5 / EXTENT),
        };
        let b = extent_any(&line);
        for x in (b.0 - over).floor() as i64..=(b.2 + over).floor() as i64 {
            for y in (b.1 - over).floor() as i64..=(b.3 + over).floor() as i64 {
                let local: Coords = line.iter().map(|p| ((p.0 - x as f64) * EXTENT, (p.1 - y as f64) * EXTENT)).collect();
                let parts = match f.shape {
                    Shape::Point(_) => vec![local].into_iter().filter(|l| inside_tile(l[0])).collect(),
                    Shape::Line(_) => clip_line(&local),
                    Shape::Area(_) => clip_area(local).into_iter().collect::<Vec<_>>(),
                };
                if !parts.is_empty() {
                    grid.entry((x, y)).or_default().push((i, parts));
                }
            }
        }
    }
    let mut out = Vec::with_capacity(grid.len());
    for ((x, y), parts) in grid {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
        let Ok(coord) = TileCoord::new(zoom, x, y) else { continue };
        out.push((coord, encode(features, &parts).map_err(io::Error::other)?));
    }
    Ok(out)
}

fn extent_any(points: &[(f64, f64)]) -> (f64, f64, f64, f64) {
    points.iter().fold((f64::MAX, f64::MAX, f64::MIN, f64::MIN), |b, p| (b.0.min(p.0), b.1.min(p.1), b.2.max(p.0), b.3.max(p.1)))
}

/// One tile as bytes: earth first, then the layers.
fn encode(features: &[Feature], parts: &[(usize, Vec<Coords>)]) -> Result<Vec<u8>, mvt::Error> {
    let mut tile = Tile::new(EXTENT as u32);
    let (lo, hi) = (-BUFFER, EXTENT + BUFFER);
    let ground = ring(&[(lo, lo), (hi, lo), (hi, hi), (lo, hi)])?;
    if let Some(ground) = ground {
        let mut earth = tile.create_layer("earth").into_feature(ground);
        earth.add_tag_string("kind", "earth");
        tile.add_layer(earth.into_layer())?;
    }
    for (layer, name) in Layer::ALL {
        let mut out = tile.create_layer(name);
        for (i, shapes) in parts.iter().filter(|(i, _)| features[*i].layer == layer) {
            let f = &features[*i];
            for coords in shapes {
                let geometry = match f.shape {
                    Shape::Point(_) => {
                        Some(GeomEncoder::new(GeomType::Point).point(coords[0].0.round(), coords[0].1.round())?.encode()?)
                    }
                    Shape::Line(_) => string(coords)?,
                    Shape::Area(_) => ring(coords)?,
                };
                let Some(geometry) = geometry else { continue };
                let mut feature = out.into_feature(geometry);
                feature.set_id(*i as u64 + 1);
                feature.add_tag_string("kind", f.kind);
                if !f.detail.is_empty() {
                    feature.add_tag_string("kind_detail", f.detail);
                }
                if !f.name.is_empty() {
                    feature.add_tag_string("name", &f.name);
                }
                if let Some(h) = f.height_m {
                    feature.add_tag_uint("height", u64::from(h));
                }
                out = feature.into_layer();
            }
        }
        if out.num_features() > 0 {
            tile.add_layer(out)?;
        }
    }
    tile.to_bytes()
}

/// Whole units, repeats left out.
fn rounded(coords: &[(f64, f64)]) -> Vec<(i64, i64)> {
    let mut out: Vec<(i64, i64)> = coords.iter().map(|p| (p.0.round() as i64, p.1.round() as i64)).collect();
    out.dedup();
    out
}

fn string(coords: &[(f64, f64)]) -> Result<Option<mvt::GeomData>, mvt::Error> {
    let line = rounded(coords);
    if line.len() < 2 {
        return Ok(None);
    }
    let mut e = GeomEncoder::new(GeomType::Linestring);
    for (x, y) in line {
        e.add_point(x as f64, y as f64)?;
    }
    e.encode().map(Some)
}

/// An outer ring: positive area in tile coordinates (y down), as the specification wants.
fn ring(coords: &[(f64, f64)]) -> Result<Option<mvt::GeomData>, mvt::Error> {
    let mut r = rounded(coords);
    while r.len() > 1 && r.first() == r.last() {
        r.pop();
    }
    if r.len() < 3 {
        return Ok(None);
    }
    let twice: i64 = (0..r.len()).map(|i| (r[i], r[(i + 1) % r.len()])).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    match twice {
        0 => return Ok(None),
        t if t < 0 => r.reverse(),
        _ => {}
    }
    let mut e = GeomEncoder::new(GeomType::Polygon);
    for (x, y) in r {
        e.add_point(x as f64, y as f64)?;
    }
    e.encode().map(Some)
}

fn inside_tile(p: (f64, f64)) -> bool {
    (0.0..EXTENT).contains(&p.0) && (0.0..EXTENT).contains(&p.1)
}

/// Leaves out vertices closer than `tolerance` to the line between their kept neighbours (Douglas–Peucker).
fn thinned(line: &[(f64, f64)], tolerance: f64) -> Coords {
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut keep = vec![false; line.len()];
    keep[0] = true;
    keep[line.len() - 1] = true;
    let mut todo = vec![(0, line.len() - 1)];
    while let Some((a, b)) = todo.pop() {
        let (p, q) = (line[a], line[b]);
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let len = (dx * dx + dy * dy).sqrt();
        let mut far = (tolerance, 0);
        for (i, r) in line.iter().enumerate().take(b).skip(a + 1) {
            let (ex, ey) = (r.0 - p.0, r.1 - p.1);
            let d = if len > 0.0 { (ex * dy - ey * dx).abs() / len } else { (ex * ex + ey * ey).sqrt() };
            if d > far.0 {
                far = (d, i);
            }
        }
        if far.1 > 0 {
            keep[far.1] = true;
            todo.push((a, far.1));
            todo.push((far.1, b));
        }
    }
    line.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
}

/// The pieces of a line inside the buffered tile (Liang–Barsky on each segment).
fn clip_line(line: &[(f64, f64)]) -> Vec<Coords> {
    let (lo, hi) = (-BUFFER, EXTENT + BUFFER);
    let mut out: Vec<Coords> = Vec::new();
    let mut open = false;
    for w in line.windows(2) {
        let ((x, y), (dx, dy)) = (w[0], (w[1].0 - w[0].0, w[1].1 - w[0].1));
        let (mut t0, mut t1) = (0.0f64, 1.0f64);
        let mut hit = true;
        for (p, q) in [(-dx, x - lo), (dx, hi - x), (-dy, y - lo), (dy, hi - y)] {
            if p == 0.0 {
                hit &= q >= 0.0;
            } else if p < 0.0 {
                t0 = t0.max(q / p);
            } else {
                t1 = t1.min(q / p);
            }
        }
        if !hit || t0 > t1 {
            open = false;
            continue;
        }
        let at = |t: f64| (x + dx * t, y + dy * t);
        match out.last_mut() {
            Some(last) if open && t0 == 0.0 => last.push(at(t1)),
            _ => out.push(vec![at(t0), at(t1)]),
        }
        open = t1 == 1.0;
    }
    out
}

/// The part of a ring inside the buffered tile (Sutherland–Hodgman). A concave ring may come back with edges along
/// the buffer's rim, which nobody sees.
fn clip_area(mut ring: Coords) -> Option<Coords> {
    let (lo, hi) = (-BUFFER, EXTENT + BUFFER);
    for side in 0..4 {
        let depth = |p: (f64, f64)| match side {
            0 => p.0 - lo,
            1 => hi - p.0,
            2 => p.1 - lo,
            _ => hi - p.1,
        };
        let mut out = Coords::with_capacity(ring.len() + 4);
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            let (da, db) = (depth(a), depth(b));
            if da >= 0.0 {
                out.push(a);
            }
            if (da >= 0.0) != (db >= 0.0) {
                let t = da / (da - db);
                out.push((a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t));
            }
        }
        if out.len() < 3 {
            return None;
        }
        ring = out;
    }
    Some(ring)
}
