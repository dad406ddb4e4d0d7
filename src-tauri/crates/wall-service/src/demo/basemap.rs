//! The district's base map: what a real one would show, as vector features with the zoom from which they appear.
//!
//! Layers and kinds follow the Tilezen/Protomaps habit: earth, landuse, water, roads, buildings, places, pois.

use super::layout::{CANAL_BANK_M, COMMUNITIES, Class, Layout, RIVER_BANK_M, Theme};
use super::plane::{Pt, area, bounds, centroid, inner_point, inset, offset, smooth};
use super::tiles::{Feature, Layer, Shape, write_pmtiles};
use super::{DISTRICT_NAME, District, STREET_NAME};
use std::fs::File;
use std::io;
use std::path::Path;

/// From the middle of the river to its shore, m.
const RIVER_HALF_M: f64 = 34.0;
/// From the middle of the canal to its shore, m.
const CANAL_HALF_M: f64 = 12.0;

impl District {
    /// Writes the base map as PMTiles with gzipped vector tiles, z10–16.
    pub(super) fn write_base_map(&self, path: &Path) -> io::Result<()> {
        write_pmtiles(File::create(path)?, &self.map_features(), &format!("{DISTRICT_NAME}{STREET_NAME} 演示底图(虚构)"))
    }

    /// All features, those drawn first first.
    fn map_features(&self) -> Vec<Feature> {
        let mut out = Vec::new();
        landuse(&self.layout, &mut out);
        water(&self.layout, &mut out);
        roads(&self.layout, &mut out);
        for b in &self.fabric {
            let size = area(&b.ring);
            out.push(Feature {
                layer: Layer::Buildings,
                kind: b.kind,
                name: String::new(),
                min_zoom: if size > 700.0 { 13 } else { 14 },
                height_m: Some(b.floors * 3),
                detail: "",
                shape: Shape::Area(b.ring.clone()),
            });
        }
        self.labels(&mut out);
        out
    }

    fn labels(&self, out: &mut Vec<Feature>) {
        let mut label = |layer, kind, name: &str, min_zoom, at| {
            out.push(Feature {
                layer,
                kind,
                name: name.to_owned(),
                min_zoom,
                height_m: None,
                detail: "",
                shape: Shape::Point(at),
            });
        };
        let middle = |of: &dyn Fn(usize) -> bool| {
            let cells = self.layout.cells.iter().filter(|c| of(c.community));
            let (sum, total) = cells.fold((Pt::default(), 0.0), |(sum, total), c| {
                let ring = self.layout.graph.points(&c.ring);
                (sum.plus(centroid(&ring).times(area(&ring))), total + area(&ring))
            });
            sum.times(1.0 / total)
        };
        label(Layer::Places, "locality", STREET_NAME, 10, middle(&|_| true));
        for (i, name) in COMMUNITIES.iter().enumerate() {
            label(Layer::Places, "neighbourhood", name, 13, middle(&|c| c == i));
        }
        for site in &self.key_sites {
            let min_zoom = match site.kind {
                "metro_station" | "hospital" | "park" => 13,
                "mall" | "school" | "market" | "government" => 14,
                _ => 15,
            };
            label(Layer::Pois, site.kind, &site.name, min_zoom, site.at);
        }
        for &d in &self.drawn {
            let cell = &self.layout.cells[d];
            if matches!(cell.theme, Theme::OldTown | Theme::Slabs | Theme::Towers) {
                label(Layer::Pois, "residential", &cell.name, 15, inner_point(&self.layout.graph.points(&cell.ring)));
            }
        }
    }
}

/// The ground of each block between its kerbs, and the green along the water.
fn landuse(layout: &Layout, out: &mut Vec<Feature>) {
    let mut add = |kind, name: &str, min_zoom, ring| {
        out.push(Feature {
            layer: Layer::Landuse,
            kind,
            name: name.to_owned(),
            min_zoom,
            height_m: None,
            detail: "",
            shape: Shape::Area(ring),
        });
    };
    for block in &layout.blocks {
        let nodes = &layout.graph.faces[block.face];
        let kerb = |i: usize| {
            let class = layout.graph.line(nodes[i], nodes[(i + 1) % nodes.len()]).map(|w| layout.ways[w as usize].class);
            match class {
                Some(Class::Arterial) => 13.0,
                Some(Class::Collector) => 8.0,
                Some(Class::Lane) => 4.0,
                Some(Class::Border) | None => 0.0,
            }
        };
        let ring = layout.graph.face(block.face);
        let Some(ground) = inset(&ring, kerb) else { continue };
        let min_zoom = match block.theme {
            Theme::Park => 11,
            _ if area(&ground) > 60_000.0 => 12,
            _ => 13,
        };
        let name = if block.theme == Theme::Park { block.name.as_str() } else { "" };
        add(block.theme.kind(), name, min_zoom, ground);
    }
    add("park", "", 12, ribbon(&framed(&layout.river), RIVER_BANK_M - 7.0));
    add("park", "", 13, ribbon(&framed(&layout.canal), CANAL_BANK_M - 6.0));
}

/// A band along a line.
fn ribbon(line: &[Pt], half_m: f64) -> Vec<Pt> {
    let mut ring = offset(line, -half_m);
    ring.extend(offset(line, half_m).into_iter().rev());
    ring
}

/// The part of a line that runs west–east that lies inside the drawing.
fn framed(line: &[Pt]) -> Vec<Pt> {
    let (lo, hi) = bounds(&super::skeleton::frame());
    line.iter().copied().filter(|p| p.x > lo.x && p.x < hi.x).collect()
}

fn water(layout: &Layout, out: &mut Vec<Feature>) {
    let (stream, canal) = (framed(&layout.river), framed(&layout.canal));
    let mut add = |kind, name: &str, min_zoom, shape| {
        out.push(Feature { layer: Layer::Water, kind, name: name.to_owned(), min_zoom, height_m: None, detail: "", shape });
    };
    // A shore is never parallel to the other: widen and narrow a little along the way.
    let mut left = Vec::new();
    let mut right = Vec::new();
    for (i, (l, r)) in offset(&stream, RIVER_HALF_M).into_iter().zip(offset(&stream, -RIVER_HALF_M)).enumerate() {
        let middle = stream[i];
        let swell = [0.0, 0.06, 0.1, 0.04, -0.05, -0.1, -0.04][i % 7];
        left.push(middle.lerp(l, 1.0 + swell));
        right.push(middle.lerp(r, 1.0 - swell * 0.6));
    }
    let mut river = smooth(&right, 24.0);
    river.extend(smooth(&left, 24.0).into_iter().rev());
    add("river", "澜溪河", 10, Shape::Area(river));
    add("canal", "望澜港", 12, Shape::Area(ribbon(&canal, CANAL_HALF_M)));
    if layout.lake.len() >= 3 {
        add("lake", "澄湖", 11, Shape::Area(layout.lake.clone()));
    }
    add("river", "澜溪河", 13, Shape::Line(stream));
    add("canal", "望澜港", 14, Shape::Line(canal));
}

/// Roads on the ring outside the district, drawn as expressways.
const EXPRESSWAYS: [&str; 4] = ["环南路", "环北路", "东山路", "临湖路"];

fn roads(layout: &Layout, out: &mut Vec<Feature>) {
    let mut streets: Vec<_> = layout.streets.iter().collect();
    streets.sort_by_key(|s| std::cmp::Reverse(s.class));
    for s in streets {
        let (kind, detail, min_zoom) = match s.class {
            Class::Arterial if EXPRESSWAYS.contains(&s.name.as_str()) => ("highway", "trunk", 10),
            Class::Arterial => ("major_road", "primary", 10),
            Class::Collector => ("minor_road", "street", 12),
            _ => ("minor_road", "lane", 14),
        };
        out.push(Feature {
            layer: Layer::Roads,
            kind,
            name: s.name.clone(),
            min_zoom,
            height_m: None,
            detail,
            shape: Shape::Line(s.line.clone()),
        });
    }
    if layout.lake.len() >= 3 {
        let c = centroid(&layout.lake);
        let mut walk: Vec<Pt> = layout.lake.iter().map(|p| c.lerp(*p, 1.22)).collect();
        walk.extend(walk.first().copied());
        out.push(Feature {
            layer: Layer::Roads,
            kind: "path",
            name: "环湖步道".to_owned(),
            min_zoom: 15,
            height_m: None,
            detail: "footway",
            shape: Shape::Line(walk),
        });
    }
}
