//! Colours of owners on the map: at most eight, never the same on both sides of a boundary while eight suffice.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::{CellId, CellIndex, PartyId};

/// Number of colours in the palette.
pub const OWNER_COLOURS: u8 = 8;

/// Cells whose boundaries come so near count as neighbours, in metres: a source's slivers are narrower, its lanes wider.
const NEIGHBOUR_M: f64 = 1.0;

/// Gives every owner of a cell a colour 0 … 7, so that owners of neighbouring cells differ while eight colours suffice
/// (when they do not, the fewest neighbours share). Deterministic. An owner keeps its colour of `previous` where that is
/// possible, and otherwise tends to one that follows from its identity alone, so small changes stay small.
///
/// O(cells × edges near a neighbour + owners × neighbours).
pub fn colour_owners(
    index: &CellIndex,
    owner_of: impl Fn(CellId) -> Option<PartyId>,
    previous: &BTreeMap<PartyId, u8>,
) -> BTreeMap<PartyId, u8> {
    let owners: BTreeSet<PartyId> = index.cells().filter_map(&owner_of).collect();
    let neighbours =
        index.neighbours(NEIGHBOUR_M).into_iter().filter_map(|(a, b)| Some((owner_of(a)?, owner_of(b)?))).filter(|(a, b)| a != b);
    colour_graph(&owners, neighbours, previous)
}

/// DSATUR: the owner with the most colours around it comes first, then the one with the most neighbours, then the lowest
/// identity. When no colour is free, a Kempe chain is turned round to free one.
fn colour_graph(
    owners: &BTreeSet<PartyId>,
    pairs: impl IntoIterator<Item = (PartyId, PartyId)>,
    previous: &BTreeMap<PartyId, u8>,
) -> BTreeMap<PartyId, u8> {
    let parties: Vec<PartyId> = owners.iter().copied().collect();
    let position: BTreeMap<PartyId, usize> = parties.iter().enumerate().map(|(i, p)| (*p, i)).collect();
    let mut edges = BTreeSet::new();
    for (a, b) in pairs {
        if let (Some(&a), Some(&b)) = (position.get(&a), position.get(&b)) {
            edges.insert((a.min(b), a.max(b)));
        }
    }
    let mut graph = Graph { neighbours: vec![Vec::new(); parties.len()], colour: vec![None; parties.len()] };
    for (a, b) in edges {
        graph.neighbours[a].push(b);
        graph.neighbours[b].push(a);
    }

    let mut heap: BinaryHeap<_> = (0..parties.len()).map(|v| graph.rank(v)).collect();
    while let Some((saturation, _, Reverse(v))) = heap.pop() {
        if graph.colour[v].is_some() || saturation != graph.around(v).count_ones() {
            // Coloured already, or ranked anew elsewhere in the heap.
            continue;
        }
        let kept = previous.get(&parties[v]).copied().filter(|c| *c < OWNER_COLOURS);
        let wish = kept.unwrap_or_else(|| own_wish(parties[v]));
        if let Some(colour) = graph.free(v, wish) {
            graph.colour[v] = Some(colour);
            let waiting = graph.neighbours[v].iter().filter(|u| graph.colour[**u].is_none());
            heap.extend(waiting.map(|u| graph.rank(*u)));
        } else {
            graph.colour[v] = Some(graph.free_by_chain(v).unwrap_or_else(|| graph.least_shared(v)));
            // The chain changed colours farther away too.
            heap.extend((0..parties.len()).filter(|u| graph.colour[*u].is_none()).map(|u| graph.rank(u)));
        }
    }
    parties.iter().zip(&graph.colour).filter_map(|(p, c)| Some((*p, (*c)?))).collect()
}

/// The colour an owner tends to when nothing else speaks.
fn own_wish(party: PartyId) -> u8 {
    ((party.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61) as u8
}

struct Graph {
    neighbours: Vec<Vec<usize>>,
    colour: Vec<Option<u8>>,
}

impl Graph {
    /// Who is to be coloured first is greatest.
    fn rank(&self, v: usize) -> (u32, usize, Reverse<usize>) {
        (self.around(v).count_ones(), self.neighbours[v].len(), Reverse(v))
    }

    /// Colours around `v`, one bit each.
    fn around(&self, v: usize) -> u8 {
        self.neighbours[v].iter().filter_map(|u| self.colour[*u]).fold(0, |bits, c| bits | 1 << c)
    }

    /// The first free colour from the wished one on.
    fn free(&self, v: usize, wish: u8) -> Option<u8> {
        let around = self.around(v);
        (0..OWNER_COLOURS).map(|i| (wish + i) % OWNER_COLOURS).find(|c| around & (1 << c) == 0)
    }

    /// Frees a colour for `v`: where the neighbours of colour `from` hang together, through owners of `from` and `to`,
    /// with none of its neighbours of colour `to`, those two colours change places.
    fn free_by_chain(&mut self, v: usize) -> Option<u8> {
        for from in 0..OWNER_COLOURS {
            for to in (0..OWNER_COLOURS).filter(|to| *to != from) {
                let mut chain: BTreeSet<usize> =
                    self.neighbours[v].iter().copied().filter(|u| self.colour[*u] == Some(from)).collect();
                let mut open: Vec<usize> = chain.iter().copied().collect();
                while let Some(u) = open.pop() {
                    for w in &self.neighbours[u] {
                        if (self.colour[*w] == Some(from) || self.colour[*w] == Some(to)) && chain.insert(*w) {
                            open.push(*w);
                        }
                    }
                }
                if self.neighbours[v].iter().any(|u| self.colour[*u] == Some(to) && chain.contains(u)) {
                    continue;
                }
                for u in chain {
                    self.colour[u] = if self.colour[u] == Some(from) { Some(to) } else { Some(from) };
                }
                return Some(from);
            }
        }
        None
    }

    /// The colour that the fewest neighbours have.
    fn least_shared(&self, v: usize) -> u8 {
        let with = |c: u8| self.neighbours[v].iter().filter(|u| self.colour[**u] == Some(c)).count();
        (0..OWNER_COLOURS).min_by_key(|c| with(*c)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, CellGeometry, CellKind, GridPoint, GridPolygon, PlanId};
    use proptest::prelude::*;

    fn owners(n: i64) -> BTreeSet<PartyId> {
        (1..=n).map(PartyId).collect()
    }

    fn proper(pairs: &[(i64, i64)], colours: &BTreeMap<PartyId, u8>) -> bool {
        pairs.iter().all(|(a, b)| a == b || colours[&PartyId(*a)] != colours[&PartyId(*b)])
    }

    fn coloured(n: i64, pairs: &[(i64, i64)], previous: &BTreeMap<PartyId, u8>) -> BTreeMap<PartyId, u8> {
        colour_graph(&owners(n), pairs.iter().filter(|(a, b)| a != b).map(|(a, b)| (PartyId(*a), PartyId(*b))), previous)
    }

    proptest! {
        #[test]
        fn graphs_that_eight_colours_suit_get_them(n in 1i64..200, picks in prop::collection::vec((0i64..200, 0i64..200), 0..900)) {
            // Only pairs across eight hidden classes: a proper colouring exists. Sparse as maps are, DSATUR finds one.
            let pairs: Vec<(i64, i64)> = picks.iter().map(|(a, b)| (a % n + 1, b % n + 1)).filter(|(a, b)| a % 8 != b % 8).collect();
            let mut degree = BTreeMap::<i64, usize>::new();
            let pairs: Vec<_> = pairs.into_iter().filter(|(a, b)| {
                let fits = [a, b].iter().all(|v| degree.get(v).is_none_or(|d| *d < 12));
                if fits { [a, b].iter().for_each(|v| *degree.entry(**v).or_default() += 1); }
                fits
            }).collect();
            let colours = coloured(n, &pairs, &BTreeMap::new());
            prop_assert_eq!(colours.len() as i64, n);
            prop_assert!(colours.values().all(|c| *c < OWNER_COLOURS));
            prop_assert!(proper(&pairs, &colours));
            prop_assert_eq!(coloured(n, &pairs, &BTreeMap::new()), colours.clone(), "the same again");
            prop_assert_eq!(coloured(n, &pairs, &colours), colours, "what is good stays");
        }
    }

    #[test]
    fn eight_all_around_each_other_differ_and_a_ninth_shares_once() {
        let clique = |n: i64| (1..=n).flat_map(|a| (1..a).map(move |b| (a, b))).collect::<Vec<_>>();
        assert!(proper(&clique(8), &coloured(8, &clique(8), &BTreeMap::new())));
        let nine = coloured(9, &clique(9), &BTreeMap::new());
        let shared = clique(9).iter().filter(|(a, b)| nine[&PartyId(*a)] == nine[&PartyId(*b)]).count();
        assert_eq!(shared, 1);
    }

    #[test]
    fn a_chain_frees_a_colour() {
        // Eight neighbours in eight colours, the first of which may change: the ninth gets its colour.
        let around: Vec<(i64, i64)> = (1..=8).map(|a| (9, a)).collect();
        let mut graph = Graph { neighbours: vec![Vec::new(); 9], colour: (0..8).map(Some).chain([None]).collect() };
        for (v, u) in &around {
            graph.neighbours[*v as usize - 1].push(*u as usize - 1);
            graph.neighbours[*u as usize - 1].push(*v as usize - 1);
        }
        assert_eq!(graph.free(8, 3), None);
        let freed = graph.free_by_chain(8).unwrap();
        assert!(graph.neighbours[8].iter().all(|u| graph.colour[*u] != Some(freed)));
    }

    fn cell(id: i64, west_m: f64, south_m: f64, side_m: f64) -> Cell {
        let at = |m: f64| (m / 111_320.0 * 1e9) as i64;
        let corner = |x: f64, y: f64| GridPoint { x: at(west_m + x * side_m), y: at(south_m + y * side_m) };
        Cell {
            id: CellId(id),
            plan: PlanId(1),
            code: format!("{id:03}"),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            feature_index: id as u32,
            geometry: CellGeometry {
                polygons: vec![GridPolygon {
                    outer: [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| corner(x, y)).to_vec(),
                    holes: vec![],
                }],
            },
        }
    }

    #[test]
    fn neighbours_touch_at_edges_corners_slivers_and_inside() {
        let check = |cells: &[Cell], wanted: &[(i64, i64)]| {
            let wanted: Vec<_> = wanted.iter().map(|(a, b)| (CellId(*a), CellId(*b))).collect();
            assert_eq!(CellIndex::build(cells).neighbours(NEIGHBOUR_M), wanted);
        };
        let one = cell(1, 0.0, 0.0, 100.0);
        check(&[one.clone(), cell(2, 100.0, 0.0, 100.0)], &[(1, 2)]);
        check(&[one.clone(), cell(2, 100.0, 100.0, 100.0)], &[(1, 2)]);
        check(&[one.clone(), cell(2, 100.6, 30.0, 10.0)], &[(1, 2)]);
        check(&[one.clone(), cell(2, 103.0, 0.0, 100.0)], &[]);
        check(&[one.clone(), cell(2, 40.0, 40.0, 10.0)], &[(1, 2)]);
        check(&[cell(1, 40.0, 40.0, 10.0), cell(2, 0.0, 0.0, 100.0), cell(3, 500.0, 0.0, 10.0)], &[(1, 2)]);
        check(&[], &[]);
    }

    #[test]
    fn a_chessboard_of_owners() {
        let cells: Vec<Cell> = (0..64).map(|i| cell(i + 1, (i % 8) as f64 * 100.0, (i / 8) as f64 * 100.0, 100.0)).collect();
        let index = CellIndex::build(&cells);
        let owner = |c: CellId| (c.0 != 10).then_some(PartyId((c.0 * 7) % 23));
        let colours = colour_owners(&index, owner, &BTreeMap::new());
        for (a, b) in index.neighbours(NEIGHBOUR_M) {
            if let (Some(a), Some(b)) = (owner(a), owner(b)) {
                assert!(a == b || colours[&a] != colours[&b]);
            }
        }
        assert_eq!(colours.len(), 23);
    }
}
