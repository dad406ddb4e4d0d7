//! Where things happen: places on streets, at dwellings, at shops, with weights that make hot spots.

use super::dice::Dice;
use super::fabric::{Building, KeySite, address_of};
use super::incidents::Ground;
use super::layout::{Class, Layout};
use super::plane::{Pt, centroid, inside, line_distance, pt, ring_distance};

/// A place where a ticket may happen.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) at: Pt,
    pub(super) community: usize,
    pub(super) street: String,
    pub(super) address: String,
    pub(super) estate: String,
    pub(super) building: String,
}

/// All such places with their weight for each [`Ground`].
#[derive(Clone, Debug)]
pub(super) struct Spots {
    spots: Vec<Spot>,
    rings: Vec<(usize, Vec<Pt>)>,
    street: Vec<f64>,
    home: Vec<f64>,
    busy: Vec<f64>,
    low: Vec<f64>,
    hot: Vec<Vec<f64>>,
}

impl Spots {
    pub(super) fn new(layout: &Layout, buildings: &[Building], sites: &[KeySite]) -> Self {
        let rings: Vec<(usize, Vec<Pt>)> = layout.cells.iter().map(|c| (c.community, layout.graph.points(&c.ring))).collect();
        let hot: Vec<(Pt, f64)> = sites
            .iter()
            .filter_map(|s| {
                let w = match s.kind {
                    "market" => 16.0,
                    "metro_station" => 11.0,
                    "mall" => 7.0,
                    "hospital" | "bus_station" => 4.0,
                    "school" => 2.5,
                    _ => return None,
                };
                Some((s.at, w))
            })
            .collect();
        let mut out = Self {
            spots: Vec::new(),
            rings,
            street: vec![],
            home: vec![],
            busy: vec![],
            low: vec![],
            hot: vec![Vec::new(); hot.len()],
        };
        let mut add = |at: Pt, kind: u8, weight: f64, building: &str| {
            let Some(cell) = out.rings.iter().position(|r| inside(&r.1, at) && ring_distance(&r.1, at) > 2.0) else { return };
            let address = address_of(layout, at);
            let street: String = address.trim_end_matches('号').trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
            let pull: f64 = hot.iter().map(|(h, w)| w / (1.0 + (h.dist(at) / 75.0) * (h.dist(at) / 75.0))).sum();
            let estate = if layout.cells[cell].name.is_empty() { street.clone() } else { layout.cells[cell].name.clone() };
            let wet = line_distance(&layout.river, at).min(line_distance(&layout.canal, at));
            out.street.push(if kind == 0 { weight * (0.5 + pull * 0.25) } else { 0.0 });
            out.home.push(if kind == 1 { weight } else { 0.0 });
            out.busy.push(match kind {
                2 => weight * (0.12 + pull * pull * 0.35),
                0 => weight * (0.02 + pull * pull * 0.1),
                _ => 0.0,
            });
            out.low.push(if kind == 0 { weight * if wet < 260.0 { 2.4 } else { 0.25 } } else { 0.0 });
            for (i, (h, _)) in hot.iter().enumerate() {
                out.hot[i].push(if kind != 1 && h.dist(at) < 190.0 { 1.0 } else { 0.0 });
            }
            let building = if building.is_empty() { "3幢" } else { building };
            out.spots.push(Spot { at, community: out.rings[cell].0, street, address, estate, building: building.to_owned() });
        };
        for s in &layout.streets {
            let (gap, weight) = match s.class {
                Class::Arterial => (34.0, 1.7),
                Class::Collector => (40.0, 1.2),
                _ => (52.0, 0.8),
            };
            let total = super::plane::length(&s.line);
            let mut d = gap / 2.0;
            let mut left = true;
            while d < total {
                let (p, dir) = super::plane::along(&s.line, d);
                let off = if s.class == Class::Arterial { 12.0 } else { 5.0 };
                add(p.plus(dir.left().times(if left { off } else { -off })).snapped(), 0, weight, "");
                left = !left;
                d += gap;
            }
        }
        for b in buildings.iter().filter(|b| b.cell.is_some()) {
            let c = centroid(&b.ring).snapped();
            match b.kind {
                "residential" => add(c, 1, f64::from(b.households.max(1)), &b.name),
                "shop" | "mall" | "office" => add(c, 2, 1.0, &b.name),
                _ => {}
            }
        }
        out
    }

    /// Number of hot spots.
    pub(super) fn hot_count(&self) -> usize {
        self.hot.len()
    }

    /// A place for a kind of ticket.
    pub(super) fn draw(&self, ground: Ground, dice: &mut Dice) -> Spot {
        let weights = match ground {
            Ground::Street => &self.street,
            Ground::Home => &self.home,
            Ground::Busy => &self.busy,
            Ground::Low => &self.low,
        };
        self.jittered(dice.weighted(weights), dice)
    }

    /// A place near one hot spot.
    pub(super) fn near_hot(&self, hot: usize, dice: &mut Dice) -> Spot {
        match self.hot.get(hot) {
            Some(w) => self.jittered(dice.weighted(w), dice),
            None => self.draw(Ground::Busy, dice),
        }
    }

    /// Moved a few metres, but never out of the district or into another community.
    fn jittered(&self, i: usize, dice: &mut Dice) -> Spot {
        let mut spot = self.spots[i].clone();
        let at = spot.at.plus(pt(dice.range(-7.0, 7.0), dice.range(-7.0, 7.0))).snapped();
        if self.rings.iter().any(|(c, r)| *c == spot.community && inside(r, at) && ring_distance(r, at) > 1.0) {
            spot.at = at;
        }
        spot
    }
}
