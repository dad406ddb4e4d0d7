//! Where everything stands in the picture: header, map, legend, scale; all turned into triangles.

use crate::{
    RenderError, Rgba, Still, StillRaster,
    legend::LegendBlock,
    mesh::{Mesh, Tessellator},
    projection::{Projection, Rect},
    text::{Align, Style, Text},
};

/// The ground of every picture.
pub const GROUND: Rgba = [15, 20, 25, 255];
/// Words that matter.
pub const BRIGHT: Rgba = [232, 237, 242, 255];
/// Words beside them.
pub const MUTED: Rgba = [154, 172, 186, 255];
const FAINT: Rgba = [112, 128, 141, 255];
/// Lines of the hatching, over whatever lies below.
pub const HATCH: Rgba = [150, 166, 178, 150];
/// Distance of hatching lines.
pub const HATCH_PX: f32 = 11.0;
const VEIL: Rgba = [15, 20, 25, 225];

const LABEL_PX: f32 = 15.0;
const SIDES: std::ops::RangeInclusive<u32> = 64..=16384;

/// A picture as triangles, in pixels from its top left.
pub struct Scene {
    /// Below the raster: areas.
    pub under: Mesh,
    /// The raster and where it lies.
    pub raster: Option<(Rect, StillRaster)>,
    /// Above the raster: boundaries, lines, points, words.
    pub over: Mesh,
    /// The map's place.
    pub projection: Projection,
}

/// Lays a picture out. Linear in the number of coordinates; labels that fit × (those placed + points on the map).
///
/// # Errors
/// [`RenderError::Input`] when a size, a view, a coordinate or a raster makes no sense.
pub fn compose(still: &Still) -> Result<Scene, RenderError> {
    check(still)?;
    let (w, h) = (still.width as f32, still.height as f32);
    let s = (h / 1080.0).min(w / 1280.0);
    let mut c = Composer { still, s, t: s * still.text_scale, text: Text::new()?, tess: Tessellator::default() };

    let margin = 36.0 * s;
    let header = c.header_height(margin);
    let footer = margin * 0.7 + if still.note.is_empty() { 0.0 } else { 22.0 * c.t };
    let room = Rect { x: margin, y: header, w: w - 2.0 * margin, h: h - header - footer };
    if room.h < h * 0.3 {
        return Err(RenderError::Input("the words leave too little room for the map; lower text_scale".into()));
    }

    // The legend stands where it costs the map least: in a column at the left or in a row below.
    let (mut projection, mut map) = (Projection::fit(&still.view, &room)?, room);
    let mut block = None;
    if let Some(legend) = &still.legend {
        let column = LegendBlock::column(legend, &c.text, c.t, room.h, room.w * 0.3);
        let row = LegendBlock::row(legend, &c.text, c.t, room.w);
        let gap = margin * 0.7;
        let beside = Rect { x: room.x + column.size.0 + gap, w: room.w - column.size.0 - gap, ..room };
        let above = Rect { h: room.h - row.size.1 - gap * 0.6, ..room };
        let (a, b) = (Projection::fit(&still.view, &beside)?, Projection::fit(&still.view, &above)?);
        if a.zoom() + 1e-6 >= b.zoom() {
            // Towards the middle of the whole picture as far as the column allows.
            let used = (c.span(&a).0 + 2.0).min(beside.w);
            let x = (w / 2.0 - used / 2.0).max(beside.x).min(beside.right() - used);
            projection = Projection::fit(&still.view, &Rect { x, w: used, ..beside })?;
            map = beside;
            block = Some((column, [room.x, room.bottom()]));
        } else {
            (projection, map) = (b, above);
            block = Some((row, [room.x, room.bottom()]));
        }
    }

    let (mut under, mut over) = (Mesh::default(), Mesh::default());
    let boxes = c.areas(&mut under, &mut over, &projection)?;
    c.lines_and_points(&mut over, &projection)?;
    c.labels(&mut over, &projection, &boxes, &map)?;
    over.rect(Rect { x: 0.0, y: 0.0, w, h: header - margin * 0.35 }, VEIL, 0.0);
    c.header(&mut over, margin)?;
    if let Some((block, [x, bottom])) = block {
        let at = Rect { x, y: bottom - block.size.1, w: block.size.0, h: block.size.1 };
        let pad = 12.0 * s;
        let veil = Rect { x: at.x - pad, y: at.y - pad, w: at.w + 2.0 * pad, h: at.h + 2.0 * pad };
        over.rect(veil, VEIL, 0.0);
        block.draw(&mut over, &mut c.text, [at.x, at.y])?;
    }
    c.footer(&mut over, &projection, margin, &map)?;

    let raster = still.raster.clone().map(|r| {
        let (a, b) = (projection.px([r.view.west, r.view.north]), projection.px([r.view.east, r.view.south]));
        (Rect { x: a[0], y: a[1], w: b[0] - a[0], h: b[1] - a[1] }, r)
    });
    Ok(Scene { under, raster, over, projection })
}

fn check(still: &Still) -> Result<(), RenderError> {
    let bad = |why: String| Err(RenderError::Input(why));
    if !SIDES.contains(&still.width) || !SIDES.contains(&still.height) {
        let (lo, hi) = (SIDES.start(), SIDES.end());
        return bad(format!("a size of {} × {} is outside {lo} to {hi} pixels", still.width, still.height));
    }
    if !(0.5..=4.0).contains(&still.text_scale) {
        return bad(format!("a text scale of {} is outside 0.5 to 4", still.text_scale));
    }
    let finite = |p: &[f64; 2]| p[0].is_finite() && p[1].is_finite();
    for (i, a) in still.areas.iter().enumerate() {
        if !a.rings.iter().flatten().flatten().chain([&a.label_at]).all(finite) {
            return bad(format!("area {i} ({}) has a coordinate that is not a number", a.label));
        }
    }
    if !still.lines.iter().all(|l| l.points.iter().all(finite) && l.width_px.is_finite()) {
        return bad("a line has a coordinate that is not a number".into());
    }
    if !still.points.iter().all(|p| finite(&p.at) && p.radius_px.is_finite()) {
        return bad("a point has a coordinate that is not a number".into());
    }
    if let Some(r) = &still.raster {
        let want = r.width as usize * r.height as usize * 4;
        if want == 0 || r.width > 8192 || r.height > 8192 || r.rgba.len() != want {
            return bad(format!("a raster of {} × {} cannot have {} bytes", r.width, r.height, r.rgba.len()));
        }
        let v = r.view;
        if ![v.west, v.south, v.east, v.north].iter().all(|d| d.is_finite()) || v.west >= v.east || v.south >= v.north {
            return bad("the place of the raster makes no sense".into());
        }
    }
    Ok(())
}

/// Bounding box of an area in pixels.
type Bounds = Option<Rect>;

struct Composer<'a> {
    still: &'a Still,
    /// Pixels of the picture per `px` of the still.
    s: f32,
    /// The same for words.
    t: f32,
    text: Text,
    tess: Tessellator,
}

impl Composer<'_> {
    /// Width and height of the view in pixels.
    fn span(&self, p: &Projection) -> (f32, f32) {
        let v = &self.still.view;
        let (a, b) = (p.px([v.west, v.north]), p.px([v.east, v.south]));
        (b[0] - a[0], b[1] - a[1])
    }

    fn areas(&mut self, under: &mut Mesh, over: &mut Mesh, p: &Projection) -> Result<Vec<Bounds>, RenderError> {
        let (w, h) = (self.still.width as f32, self.still.height as f32);
        let picture = Rect { x: 0.0, y: 0.0, w, h };
        let stroke = self.still.boundary;
        // Where cells are small the boundaries grow thinner with them, else nothing but boundaries would be seen.
        let (across, down) = self.span(p);
        let side = (across * down / self.still.areas.len().max(1) as f32).sqrt();
        let width = (stroke.width_px * self.s * (side / (36.0 * self.s)).clamp(0.25, 1.0)).max(0.3);
        let mut boxes = Vec::with_capacity(self.still.areas.len());
        for area in &self.still.areas {
            let mut bounds: Bounds = None;
            for polygon in &area.rings {
                let rings: Vec<Vec<[f32; 2]>> = polygon.iter().map(|ring| ring.iter().map(|&at| p.px(at)).collect()).collect();
                let Some(b) = bounding(&rings) else { continue };
                bounds = Some(bounds.map_or(b, |a| union(&a, &b)));
                if !b.overlaps(&picture) {
                    continue;
                }
                if let Some(fill) = area.fill {
                    self.tess.polygon(under, &rings, fill, 0.0)?;
                }
                if area.hatch {
                    self.tess.polygon(under, &rings, HATCH, HATCH_PX * self.s)?;
                }
                self.tess.line(over, &rings, true, width, stroke.rgba)?;
            }
            boxes.push(bounds);
        }
        Ok(boxes)
    }

    fn lines_and_points(&mut self, over: &mut Mesh, p: &Projection) -> Result<(), RenderError> {
        for line in &self.still.lines {
            let points = line.points.iter().map(|&at| p.px(at)).collect();
            self.tess.line(over, &[points], false, (line.width_px * self.s).max(0.6), line.rgba)?;
        }
        for point in &self.still.points {
            let (at, r) = (p.px(point.at), point.radius_px.max(0.5) * self.s);
            // A dark rim keeps it readable on any fill.
            over.shape(point.shape, at, r + 1.4 * self.s, [GROUND[0], GROUND[1], GROUND[2], point.rgba[3]]);
            over.shape(point.shape, at, r, point.rgba);
        }
        Ok(())
    }

    /// Labels where they fit inside their area's box and touch no other label and no point; larger areas first.
    fn labels(&mut self, over: &mut Mesh, p: &Projection, boxes: &[Bounds], map: &Rect) -> Result<(), RenderError> {
        let px = LABEL_PX * self.t;
        let mut order: Vec<usize> = (0..boxes.len()).filter(|&i| !self.still.areas[i].label.is_empty()).collect();
        let size = |i: &usize| boxes[*i].map_or(0.0, |b| b.w * b.h);
        order.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
        // Words give way to points.
        let points = self.still.points.iter().map(|point| {
            let (at, r) = (p.px(point.at), (point.radius_px.max(0.5) + 2.0) * self.s);
            Rect { x: at[0] - r, y: at[1] - r, w: 2.0 * r, h: 2.0 * r }
        });
        let mut taken: Vec<Rect> = points.filter(|place| place.overlaps(map)).collect();
        for i in order {
            let area = &self.still.areas[i];
            let Some(room) = boxes[i] else { continue };
            let (w, at) = (self.text.width_em(&area.label) * px, p.px(area.label_at));
            if room.w < w * 1.15 || room.h < px * 1.5 {
                continue;
            }
            let place = Rect { x: at[0] - w / 2.0 - px * 0.2, y: at[1] - px * 0.65, w: w + px * 0.4, h: px * 1.3 };
            if !map.holds(&place) || taken.iter().any(|t| t.overlaps(&place)) {
                continue;
            }
            let ground = area.fill.filter(|_| self.still.raster.is_none()).map_or(GROUND, over_ground);
            let style = if lightness(ground) > 0.62 {
                Style { px, rgba: [14, 20, 26, 255], halo: Some((1.3 * self.s, ground)) }
            } else {
                Style { px, rgba: BRIGHT, halo: Some((1.3 * self.s, dark(ground))) }
            };
            self.text.draw(over, &area.label, at, Align::Centre, style)?;
            taken.push(place);
        }
        Ok(())
    }

    fn header_height(&self, margin: f32) -> f32 {
        let two = !self.still.subtitle.is_empty() || !self.still.marks.is_empty();
        let one = two || !self.still.title.is_empty() || !self.still.time.is_empty();
        margin * if one { 1.4 } else { 1.0 }
            + self.t
                * if two {
                    84.0
                } else if one {
                    48.0
                } else {
                    0.0
                }
    }

    fn header(&mut self, over: &mut Mesh, margin: f32) -> Result<(), RenderError> {
        let (still, s, t) = (self.still, self.s, self.t);
        let w = still.width as f32;
        let plain = |px: f32, rgba| Style { px: px * t, rgba, halo: None };
        let (first, second) = (margin * 0.8 + 22.0 * t, margin * 0.8 + 66.0 * t);

        let time = self.text.draw(over, &still.time, [w - margin, first], Align::Right, plain(34.0, BRIGHT))?;
        let mut x = w - margin;
        for mark in still.marks.iter().rev() {
            // Bright and plain: seen at once, and not mistaken for an alarm.
            let words = self.text.width_em(mark) * 19.0 * t;
            let chip = Rect { x: x - words - 24.0 * t, y: second - 16.0 * t, w: words + 24.0 * t, h: 32.0 * t };
            over.rect(chip, [206, 216, 224, 255], 0.0);
            self.text.draw(over, mark, [chip.x + chip.w / 2.0, second], Align::Centre, plain(19.0, [16, 22, 28, 255]))?;
            x = chip.x - 12.0 * t;
        }

        let room = w - 2.0 * margin - 48.0 * s;
        let words =
            [(&still.title, first, 40.0, BRIGHT, room - time), (&still.subtitle, second, 22.0, MUTED, x - margin - 48.0 * s)];
        for (words, y, px, rgba, room) in words {
            // Long words shrink a little before they are cut.
            let fit = (room / (self.text.width_em(words) * px * t)).clamp(0.7, 1.0);
            let words = self.text.cut(words, px * t * fit, room);
            self.text.draw(over, &words, [margin, y], Align::Left, plain(px * fit, rgba))?;
        }
        Ok(())
    }

    fn footer(&mut self, over: &mut Mesh, p: &Projection, margin: f32, map: &Rect) -> Result<(), RenderError> {
        let (s, t) = (self.s, self.t);
        let (w, h) = (self.still.width as f32, self.still.height as f32);
        if !self.still.note.is_empty() {
            let style = Style { px: 14.0 * t, rgba: FAINT, halo: None };
            let note = self.text.cut(&self.still.note, style.px, w - 2.0 * margin);
            self.text.draw(over, &note, [w - margin, h - margin * 0.35 - 11.0 * t], Align::Right, style)?;
        }
        // A round length of at most 160 px, 1-2-5.
        let most = p.metres_per_px() * f64::from(160.0 * s);
        let ten = 10f64.powf(most.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|k| k * ten).find(|m| *m <= most).unwrap_or(ten);
        let length = (metres / p.metres_per_px()) as f32;
        let words = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        let (right, y, thick) = (w - margin, map.bottom() - 4.0 * s, 2.0 * s);
        let bar = Rect { x: right - length, y, w: length, h: thick };
        let rim = Rect { x: bar.x - s, y: y - 7.0 * s, w: length + 2.0 * s, h: thick + 8.0 * s };
        over.rect(rim, [GROUND[0], GROUND[1], GROUND[2], 150], 0.0);
        over.rect(bar, MUTED, 0.0);
        for x in [bar.x, bar.right() - thick] {
            over.rect(Rect { x, y: y - 6.0 * s, w: thick, h: 6.0 * s }, MUTED, 0.0);
        }
        let style = Style { px: 15.0 * t, rgba: MUTED, halo: Some((1.5 * s, GROUND)) };
        self.text.draw(over, &words, [bar.x + length / 2.0, y - 8.0 * s - 9.0 * t], Align::Centre, style)?;
        Ok(())
    }
}

fn bounding(rings: &[Vec<[f32; 2]>]) -> Bounds {
    let mut points = rings.iter().flatten();
    let first = points.next()?;
    let (mut lo, mut hi) = (*first, *first);
    for p in points {
        lo = [lo[0].min(p[0]), lo[1].min(p[1])];
        hi = [hi[0].max(p[0]), hi[1].max(p[1])];
    }
    Some(Rect { x: lo[0], y: lo[1], w: hi[0] - lo[0], h: hi[1] - lo[1] })
}

fn union(a: &Rect, b: &Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect { x, y, w: a.right().max(b.right()) - x, h: a.bottom().max(b.bottom()) - y }
}

/// The colour seen where `c` lies on the ground.
fn over_ground(c: Rgba) -> Rgba {
    let a = f32::from(c[3]) / 255.0;
    let mix = |k: usize| (f32::from(c[k]) * a + f32::from(GROUND[k]) * (1.0 - a)).round() as u8;
    [mix(0), mix(1), mix(2), 255]
}

/// Perceived lightness, 0 black to 1 white.
fn lightness(c: Rgba) -> f32 {
    let [r, g, b] = [c[0], c[1], c[2]].map(|v| (f32::from(v) / 255.0).powf(2.2));
    (0.2126 * r + 0.7152 * g + 0.0722 * b).powf(1.0 / 2.4)
}

/// A darker shade of a fill, for the rim of bright letters on it.
fn dark(c: Rgba) -> Rgba {
    let d = |v: u8| (f32::from(v) * 0.45) as u8;
    [d(c[0]), d(c[1]), d(c[2]), 255]
}
