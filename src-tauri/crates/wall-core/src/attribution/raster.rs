//! A raster of cells: a pixel that lies wholly inside one cell, or outside all, answers at once; only where a boundary
//! passes are the few polygons of that pixel asked exactly.
//!
//! Pixels (about a fiftieth of a usual cell wide, 10 m for cells of 500 m) stand in blocks of 16 × 16. A block without a
//! boundary is one number; the others hold one byte a pixel into a palette of their own. Marking is generous by far more
//! than the rounding of the pixel arithmetic, so a pixel that is not marked is truly on one side of every edge.

use std::collections::HashMap;

use super::piece::{GridBox, GridPlace, Piece};
use crate::metric::LocalFrame;
use crate::{GridPoint, Place};

/// Pixels along the side of a block.
const SIDE: usize = 16;
const BLOCK_PIXELS: usize = SIDE * SIDE;
/// A usual cell is about so many pixels wide.
const PIXELS_PER_CELL: f64 = 48.0;
/// No finer than this.
const LEAST_PIXEL_M: f64 = 0.5;
/// Blocks in all, per polygon and at most; and blocks with pixels at most: together these bound the memory (some 16 MB
/// and 80 MB). A set that is scattered over the globe gets coarser pixels, and more exact tests.
const BLOCKS_PER_PIECE: f64 = 256.0;
const MOST_BLOCKS: f64 = 4_194_304.0;
const MOST_DETAILED: f64 = 262_144.0;
/// Generosity of marking, in pixels. Coordinates stay below 2^27 pixels, so their rounding is below 1e-7.
const MARGIN_PX: f64 = 1e-5;
const ROUNDING_PX: f64 = 1e-6;
/// A point not snapped to the grid may seem to lie so far outside the bounds, where every pixel is marked or empty.
const SLACK_PX: f64 = 5e-6;
/// An edge flatter than this, in pixels, is marked over its whole length.
const FLAT_PX: f64 = 1e-3;

/// An answer: 0 nobody, a cell (rank + 1), or with this bit a list.
const LISTED: u32 = 1 << 31;

/// A pixel: its block, and its number inside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pixel {
    block: u32,
    inner: u32,
}

/// What the raster knows about a point.
pub(super) enum Known<'a> {
    /// In no cell.
    Nobody,
    /// In the interior of this cell, and of none before it.
    Cell(u32),
    /// These pieces (in order) must be asked; all come before the cell that surely holds the point, if there is one.
    Ask(Option<u32>, &'a [u32]),
}

/// Where a block's pixels and palette start. All blocks are read alike, without a branch that could be guessed wrong.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// In units of a block.
    pixels: u32,
    palette: u32,
}

#[derive(Clone, Debug)]
pub(super) struct CellRaster {
    lo: GridPlace,
    /// Pixels per grid unit.
    per_unit: (f64, f64),
    columns: usize,
    rows: usize,
    top: Vec<Block>,
    /// 256 bytes for each block with a boundary; the first 256 are zeros and serve all blocks without.
    pixels: Vec<u8>,
    palette: Vec<u32>,
    /// Start of each list; a list is the sure cell's rank + 1 (or 0), then pieces.
    list_of: Vec<u32>,
    lists: Vec<u32>,
}

impl CellRaster {
    /// The raster of pieces in the order of the tie rule; `None` when there is no ground.
    pub fn build(pieces: &[Piece]) -> Option<Self> {
        let bounds = pieces.iter().map(|p| p.bounds).reduce(GridBox::union)?;
        let (per_unit, columns, rows) = layout(pieces, bounds);
        let frame = PixelFrame { lo: bounds.lo, per_unit };

        // Pieces by the first band of blocks they reach into.
        let bands = |p: &Piece| {
            let band = |y: f64| ((frame.of(GridPlace { x: bounds.lo.x, y }).1 / SIDE as f64) as usize).min(rows - 1);
            let reach = 2.0 * MARGIN_PX / per_unit.1;
            (band((p.bounds.lo.y - reach).max(bounds.lo.y)), band(p.bounds.hi.y + reach))
        };
        let spans: Vec<(usize, usize)> = pieces.iter().map(bands).collect();
        let mut starting: Vec<Vec<u32>> = vec![Vec::new(); rows];
        for (i, (first, _)) in spans.iter().enumerate() {
            starting[*first].push(i as u32);
        }

        let mut states = States::default();
        let mut raster = Self {
            lo: bounds.lo,
            per_unit,
            columns,
            rows,
            top: Vec::with_capacity(columns * rows),
            pixels: vec![0; BLOCK_PIXELS],
            palette: Vec::new(),
            list_of: Vec::new(),
            lists: Vec::new(),
        };
        let mut active: Vec<u32> = Vec::new();
        let mut band = Band::new(columns);
        for (row, starting_here) in starting.iter().enumerate() {
            active.retain(|i| spans[*i as usize].1 >= row);
            active.extend(starting_here);
            active.sort_unstable();
            for &i in &active {
                band.draw(&frame, row, i, &pieces[i as usize], &mut states);
            }
            raster.take(&mut band, &mut states, pieces);
        }
        raster.pixels.shrink_to_fit();
        raster.palette.shrink_to_fit();
        Some(raster)
    }

    /// Number of the pixel a point lies in; `None` outside the raster. The point need not be snapped to the grid: marking
    /// is more generous than that. O(1).
    #[inline]
    pub fn pixel(&self, p: GridPlace) -> Option<Pixel> {
        let (x, y) = PixelFrame { lo: self.lo, per_unit: self.per_unit }.of(p);
        let inside = x >= -SLACK_PX
            && y >= -SLACK_PX
            && x < (self.columns * SIDE) as f64 + SLACK_PX
            && y < (self.rows * SIDE) as f64 + SLACK_PX;
        if !inside {
            return None;
        }
        // Slightly negative becomes 0 by the cast; coordinates stay below 2^27.
        let (x, y) = ((x as i32 as usize).min(self.columns * SIDE - 1), (y as i32 as usize).min(self.rows * SIDE - 1));
        Some(Pixel { block: (y / SIDE * self.columns + x / SIDE) as u32, inner: (y % SIDE * SIDE + x % SIDE) as u32 })
    }

    /// The answer of a pixel, to be read by [`Self::known`]. Two dependent reads.
    #[inline]
    pub fn answer_at(&self, pixel: Pixel) -> u32 {
        let block = self.top[pixel.block as usize];
        let entry = self.pixels[block.pixels as usize * BLOCK_PIXELS + pixel.inner as usize];
        self.palette[block.palette as usize + usize::from(entry)]
    }

    /// What an answer says.
    #[inline]
    pub fn known(&self, answer: u32) -> Known<'_> {
        if answer & LISTED != 0 {
            let list = (answer & !LISTED) as usize;
            let list = &self.lists[self.list_of[list] as usize..self.list_of[list + 1] as usize];
            Known::Ask(list[0].checked_sub(1), &list[1..])
        } else {
            answer.checked_sub(1).map_or(Known::Nobody, Known::Cell)
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let numbers = [&self.palette, &self.list_of, &self.lists];
        self.pixels.capacity()
            + self.top.capacity() * size_of::<Block>()
            + numbers.iter().map(|v| v.capacity() * size_of::<u32>()).sum::<usize>()
    }

    /// Packs a finished band of blocks and clears it.
    fn take(&mut self, band: &mut Band, states: &mut States, pieces: &[Piece]) {
        for column in 0..self.columns {
            let Some(pixels) = band.detailed[column].take() else {
                let state = std::mem::replace(&mut band.uniform[column], NOBODY);
                let palette = match states.slots.get(&state) {
                    Some(slot) => *slot,
                    None => {
                        let answer = self.answer(state, states, pieces);
                        self.palette.push(answer);
                        states.slots.insert(state, self.palette.len() as u32 - 1);
                        self.palette.len() as u32 - 1
                    }
                };
                self.top.push(Block { pixels: 0, palette });
                continue;
            };
            let pixels_of_block = &band.pixels[pixels * BLOCK_PIXELS..][..BLOCK_PIXELS];
            let start = self.palette.len();
            let mut local: Vec<u32> = Vec::with_capacity(8);
            for state in pixels_of_block {
                // Neighbouring pixels are mostly alike, and a block knows few states.
                let entry = local.iter().rposition(|s| s == state).unwrap_or_else(|| {
                    local.push(*state);
                    local.len() - 1
                });
                self.pixels.push(entry as u8);
            }
            for state in local {
                let answer = self.answer(state, states, pieces);
                self.palette.push(answer);
            }
            self.top.push(Block { pixels: (self.pixels.len() / BLOCK_PIXELS) as u32 - 1, palette: start as u32 });
            band.uniform[column] = NOBODY;
        }
        band.pixels.clear();
    }

    /// The answer of a state, written out once.
    fn answer(&mut self, state: u32, states: &mut States, pieces: &[Piece]) -> u32 {
        if state == NOBODY {
            return 0;
        }
        if let Some(known) = states.answers[state as usize] {
            return known;
        }
        let mut list = Vec::new();
        let mut sure = 0;
        let mut at = state;
        while at != NOBODY {
            let node = states.nodes[at as usize];
            if node.inside {
                sure = pieces[node.piece as usize].cell + 1;
            } else {
                list.push(node.piece);
            }
            at = node.before;
        }
        list.reverse();
        let answer = if list.is_empty() {
            sure
        } else {
            if self.list_of.is_empty() {
                self.list_of.push(0);
            }
            self.lists.push(sure);
            self.lists.append(&mut list);
            self.list_of.push(self.lists.len() as u32);
            LISTED | (self.list_of.len() as u32 - 2)
        };
        states.answers[state as usize] = Some(answer);
        answer
    }
}

/// Pixel size (as pixels per unit) and number of blocks.
fn layout(pieces: &[Piece], bounds: GridBox) -> ((f64, f64), usize, usize) {
    let lat = (bounds.lo.y + bounds.hi.y) * 0.5 / GridPoint::PER_DEGREE;
    let (x_m, y_m) = LocalFrame::at(Place { lon: 0.0, lat }).metres_per_degree(0.0);
    let (x_m, y_m) = (x_m.max(1.0) / GridPoint::PER_DEGREE, y_m / GridPoint::PER_DEGREE);
    let size = |b: GridBox| ((b.hi.x - b.lo.x) * x_m, (b.hi.y - b.lo.y) * y_m);
    let mut widths: Vec<f64> = pieces.iter().map(|p| size(p.bounds)).map(|(w, h)| (w * h).sqrt()).collect();
    let middle = widths.len() / 2;
    let usual_m = *widths.select_nth_unstable_by(middle, f64::total_cmp).1;
    let (width_m, height_m) = size(bounds);
    let edge_m: f64 = pieces.iter().flat_map(|p| &p.edges).map(|e| size(e.bounds())).map(|(w, h)| w + h).sum();

    let side = SIDE as f64;
    let most = (BLOCKS_PER_PIECE * pieces.len() as f64 + 4096.0).min(MOST_BLOCKS);
    let mut pixel_m = (usual_m / PIXELS_PER_CELL).max(LEAST_PIXEL_M);
    loop {
        let (columns, rows) = ((width_m / pixel_m / side).floor() + 1.0, (height_m / pixel_m / side).floor() + 1.0);
        // Most edges are shared by two pieces.
        let detailed = edge_m * 0.5 / (pixel_m * side) + pieces.len() as f64 * 0.5;
        if columns * rows <= most && detailed <= MOST_DETAILED.max(pieces.len() as f64) {
            return ((x_m / pixel_m, y_m / pixel_m), columns as usize, rows as usize);
        }
        pixel_m *= 1.25;
    }
}

#[derive(Clone, Copy)]
struct PixelFrame {
    lo: GridPlace,
    per_unit: (f64, f64),
}

impl PixelFrame {
    #[inline]
    fn of(&self, p: GridPlace) -> (f64, f64) {
        ((p.x - self.lo.x) * self.per_unit.0, (p.y - self.lo.y) * self.per_unit.1)
    }
}

/// Nothing known of a pixel yet: outside all pieces so far.
const NOBODY: u32 = 0;

/// What is known of a pixel after some pieces: a chain of pieces, each crossing it, ended by one that holds it whole.
#[derive(Clone, Copy)]
struct Node {
    before: u32,
    piece: u32,
    inside: bool,
}

struct States {
    nodes: Vec<Node>,
    answers: Vec<Option<u32>>,
    /// Places in the palette of the states of whole blocks.
    slots: HashMap<u32, u32>,
    next: HashMap<(u32, u32, bool), u32>,
    /// The last step taken, for either kind: neighbouring pixels take the same.
    last: [((u32, u32), u32); 2],
}

impl Default for States {
    fn default() -> Self {
        let nobody = Node { before: NOBODY, piece: 0, inside: false };
        Self {
            nodes: vec![nobody],
            answers: vec![None],
            slots: HashMap::new(),
            next: HashMap::new(),
            last: [((u32::MAX, 0), 0); 2],
        }
    }
}

impl States {
    /// The state after one more piece. Pieces come in order, so after one that holds the pixel whole nothing matters.
    fn after(&mut self, state: u32, piece: u32, inside: bool) -> u32 {
        let (key, known) = self.last[usize::from(inside)];
        if key == (state, piece) {
            return known;
        }
        if state != NOBODY && self.nodes[state as usize].inside {
            return state;
        }
        let next = *self.next.entry((state, piece, inside)).or_insert_with(|| {
            self.nodes.push(Node { before: state, piece, inside });
            self.answers.push(None);
            self.nodes.len() as u32 - 1
        });
        self.last[usize::from(inside)] = ((state, piece), next);
        next
    }
}

/// One row of blocks under construction.
struct Band {
    uniform: Vec<u32>,
    /// Position in `pixels` (in blocks) of those that have pixels.
    detailed: Vec<Option<usize>>,
    pixels: Vec<u32>,
    /// Of the piece being drawn, per pixel row: marked columns, and where the middle of the row crosses an edge.
    marks: [Vec<(usize, usize)>; SIDE],
    crossings: [Vec<f64>; SIDE],
    border: Vec<usize>,
}

impl Band {
    fn new(columns: usize) -> Self {
        Self {
            uniform: vec![NOBODY; columns],
            detailed: vec![None; columns],
            pixels: Vec::new(),
            marks: Default::default(),
            crossings: Default::default(),
            border: Vec::new(),
        }
    }

    fn draw(&mut self, frame: &PixelFrame, row: usize, index: u32, piece: &Piece, states: &mut States) {
        self.mark(frame, row, piece);
        self.border.clear();
        for marks in &mut self.marks {
            marks.sort_unstable();
            for (from, to) in marks.iter() {
                // Spans come sorted, so mostly the block is the last one noted.
                let noted = self.border.last().is_some_and(|last| *last >= to / SIDE && *last <= from / SIDE);
                if !noted {
                    self.border.extend(from / SIDE..=to / SIDE);
                }
            }
        }
        self.border.sort_unstable();
        self.border.dedup();
        for crossings in &mut self.crossings {
            crossings.sort_unstable_by(f64::total_cmp);
        }
        let border = std::mem::take(&mut self.border);
        // Blocks between the border blocks lie wholly inside or outside.
        for pair in border.windows(2) {
            let gap = pair[0] + 1..pair[1];
            if !gap.is_empty() && odd_before(&self.crossings[0], gap.start * SIDE) {
                gap.for_each(|column| self.fill(column, index, states));
            }
        }
        for &column in &border {
            self.draw_block(column, index, states);
        }
        self.border = border;
    }

    /// Marks every pixel of the band that an edge may touch, and notes the crossings.
    fn mark(&mut self, frame: &PixelFrame, row: usize, piece: &Piece) {
        self.marks.iter_mut().for_each(Vec::clear);
        self.crossings.iter_mut().for_each(Vec::clear);
        let last_column = self.uniform.len() * SIDE - 1;
        let first_row = row * SIDE;
        let column = |x: f64| (x.max(0.0) as usize).min(last_column);
        for edge in &piece.edges {
            let (a, b) = (frame.of(edge.a), frame.of(edge.b));
            let (low, high) = (a.1.min(b.1) - MARGIN_PX - first_row as f64, a.1.max(b.1) + MARGIN_PX - first_row as f64);
            if high < 0.0 || low >= SIDE as f64 {
                continue;
            }
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let steep = dy.abs() >= FLAT_PX;
            let margin = if steep { MARGIN_PX + (dx / dy).abs() * ROUNDING_PX } else { MARGIN_PX };
            for r in low.max(0.0) as usize..=(high as usize).min(SIDE - 1) {
                let y = (first_row + r) as f64;
                let (mut from, mut to) = (a.0.min(b.0), a.0.max(b.0));
                if steep {
                    let x_at = |y: f64| a.0 + dx * ((y - a.1) / dy).clamp(0.0, 1.0);
                    let (p, q) = (x_at(y - MARGIN_PX), x_at(y + 1.0 + MARGIN_PX));
                    (from, to) = (p.min(q), p.max(q));
                }
                let span = (column(from - margin), column(to + margin));
                self.marks[r].push(span);
                let middle = y + 0.5;
                if (a.1 > middle) != (b.1 > middle) {
                    // Anywhere in the span will do: only pixels outside it are told apart by the crossing.
                    self.crossings[r].push(span.0 as f64 + 0.5);
                }
            }
        }
    }

    /// The piece holds this block whole.
    fn fill(&mut self, column: usize, index: u32, states: &mut States) {
        match self.detailed[column] {
            None => self.uniform[column] = states.after(self.uniform[column], index, true),
            Some(block) => {
                for pixel in &mut self.pixels[block * BLOCK_PIXELS..(block + 1) * BLOCK_PIXELS] {
                    *pixel = states.after(*pixel, index, true);
                }
            }
        }
    }

    /// An edge of the piece passes through this block.
    fn draw_block(&mut self, column: usize, index: u32, states: &mut States) {
        let uniform = self.uniform[column];
        if self.detailed[column].is_none() && uniform != NOBODY && states.nodes[uniform as usize].inside {
            return;
        }
        let block = *self.detailed[column].get_or_insert_with(|| {
            self.pixels.extend([uniform; BLOCK_PIXELS]);
            self.pixels.len() / BLOCK_PIXELS - 1
        });
        let start = column * SIDE;
        for r in 0..SIDE {
            let pixels = &mut self.pixels[block * BLOCK_PIXELS + r * SIDE..][..SIDE];
            let mut touched = 0u32;
            for (from, to) in &self.marks[r] {
                if *from < start + SIDE && *to >= start {
                    let (from, to) = (from.max(&start) - start, to.min(&(start + SIDE - 1)) - start);
                    touched |= (u32::MAX >> (31 - (to - from))) << from;
                }
            }
            let mut inside = None;
            for (i, pixel) in pixels.iter_mut().enumerate() {
                if touched & (1 << i) != 0 {
                    *pixel = states.after(*pixel, index, false);
                    inside = None;
                } else if *inside.get_or_insert_with(|| odd_before(&self.crossings[r], start + i)) {
                    *pixel = states.after(*pixel, index, true);
                }
            }
        }
    }
}

/// Whether an odd number of crossings lies west of a column.
fn odd_before(crossings: &[f64], column: usize) -> bool {
    crossings.partition_point(|x| *x < column as f64) % 2 == 1
}
