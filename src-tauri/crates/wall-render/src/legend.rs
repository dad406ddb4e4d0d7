//! What the colours mean, as a column beside the map or a row below it.

use crate::{
    Legend, RenderError,
    compose::{BRIGHT, HATCH, HATCH_PX, MUTED},
    mesh::Mesh,
    projection::Rect,
    text::{Align, Style, Text},
};

const TITLE_PX: f32 = 20.0;
const UNIT_PX: f32 = 15.0;
const WORDS_PX: f32 = 16.0;
const LINE: f32 = 28.0;
const SWATCH: (f32, f32) = (26.0, 16.0);
const FRAME: [u8; 4] = [84, 104, 120, 255];

/// A legend with its size and the place of everything in it.
pub struct LegendBlock<'a> {
    /// Width and height in pixels.
    pub size: (f32, f32),
    legend: &'a Legend,
    t: f32,
    title: String,
    unit: (String, [f32; 2]),
    bar: Option<Rect>,
    vertical: bool,
    /// Left end of each swatch, its middle height, and its words.
    stops: Vec<([f32; 2], String)>,
}

impl<'a> LegendBlock<'a> {
    /// Everything below one another, at most this wide and high.
    pub fn column(legend: &'a Legend, text: &Text, t: f32, max_h: f32, max_w: f32) -> Self {
        let cut = |words: &str, px: f32, room: f32| text.cut(words, px * t, room);
        let (title, unit) = (cut(&legend.title, TITLE_PX, max_w), cut(&legend.unit, UNIT_PX, max_w));
        let mut w = (text.width_em(&title) * TITLE_PX * t).max(text.width_em(&unit) * UNIT_PX * t);
        let unit_y = 40.0 * t;
        let mut y = if unit.is_empty() { 34.0 * t } else { 60.0 * t };
        let stops_h = legend.stops.len() as f32 * LINE * t;
        let bar = (legend.bar.len() > 1).then(|| {
            let h = (280.0 * t).min(max_h * 0.8 - y - stops_h).max(60.0 * t);
            let bar = Rect { x: 0.0, y: y + 10.0 * t, w: 20.0 * t, h };
            y += h + 26.0 * t;
            let ticks = legend.ticks.iter().map(|k| text.width_em(&k.1)).fold(0.0, f32::max) * WORDS_PX * t;
            w = w.max(32.0 * t + ticks);
            bar
        });
        // Stops that find no room in one column continue in the next.
        let per_column = (((max_h - y) / (LINE * t)) as usize).max(1);
        let (mut stops, mut x, mut widest, top) = (Vec::new(), 0.0, 0.0f32, y);
        for (i, stop) in legend.stops.iter().enumerate() {
            if i > 0 && i % per_column == 0 {
                x += widest + 20.0 * t;
                widest = 0.0;
            }
            let words = cut(&stop.label, WORDS_PX, max_w - (SWATCH.0 + 10.0) * t);
            widest = widest.max((SWATCH.0 + 10.0 + text.width_em(&words) * WORDS_PX) * t);
            w = w.max(x + widest);
            let row = (i % per_column) as f32;
            stops.push(([x, top + (row + 0.5) * LINE * t], words));
            y = y.max(top + (row + 1.0) * LINE * t);
        }
        LegendBlock { size: (w, y), legend, t, title, unit: (unit, [0.0, unit_y]), bar, vertical: true, stops }
    }

    /// Title and unit on one line, the bar and the swatches below, at most this wide.
    pub fn row(legend: &'a Legend, text: &Text, t: f32, max_w: f32) -> Self {
        let title = text.cut(&legend.title, TITLE_PX * t, max_w);
        let title_w = text.width_em(&title) * TITLE_PX * t;
        let unit = text.cut(&legend.unit, UNIT_PX * t, (max_w - title_w - 16.0 * t).max(0.0));
        let mut w = title_w + 16.0 * t + text.width_em(&unit) * UNIT_PX * t;
        let (mut x, mut y, mut bottom) = (0.0, 36.0 * t, 36.0 * t);
        let bar = (legend.bar.len() > 1).then(|| {
            let bar = Rect { x: 14.0 * t, y, w: (420.0 * t).min(max_w - 28.0 * t), h: 16.0 * t };
            x = bar.right() + 50.0 * t;
            w = w.max(bar.right() + 30.0 * t);
            bottom = y + 44.0 * t;
            bar
        });
        let start = if x + 200.0 * t > max_w { 0.0 } else { x };
        if start == 0.0 && x > 0.0 {
            (x, y) = (0.0, bottom);
        }
        let mut stops = Vec::new();
        for stop in &legend.stops {
            let words = text.cut(&stop.label, WORDS_PX * t, max_w - (SWATCH.0 + 10.0) * t);
            let width = (SWATCH.0 + 10.0 + text.width_em(&words) * WORDS_PX) * t;
            if x > start && x + width > max_w {
                x = start;
                y += LINE * t;
            }
            stops.push(([x, y + 8.0 * t], words));
            w = w.max(x + width);
            bottom = bottom.max(y + LINE * t);
            x += width + 28.0 * t;
        }
        let unit_at = [title_w + 16.0 * t, 12.0 * t];
        LegendBlock { size: (w.min(max_w), bottom), legend, t, title, unit: (unit, unit_at), bar, vertical: false, stops }
    }

    /// Draws it with its top left at `at`.
    ///
    /// # Errors
    /// When words cannot be drawn.
    pub fn draw(&self, mesh: &mut Mesh, text: &mut Text, at: [f32; 2]) -> Result<(), RenderError> {
        let t = self.t;
        let style = |px: f32, rgba| Style { px: px * t, rgba, halo: None };
        let to = |p: [f32; 2]| [at[0] + p[0], at[1] + p[1]];
        text.draw(mesh, &self.title, to([0.0, 12.0 * t]), Align::Left, style(TITLE_PX, BRIGHT))?;
        text.draw(mesh, &self.unit.0, to(self.unit.1), Align::Left, style(UNIT_PX, MUTED))?;
        if let Some(bar) = self.bar {
            let bar = Rect { x: bar.x + at[0], y: bar.y + at[1], ..bar };
            mesh.gradient(bar, &self.legend.bar, self.vertical);
            mesh.frame(bar, t, FRAME);
            for (place, words) in &self.legend.ticks {
                let k = place.clamp(0.0, 1.0);
                if self.vertical {
                    let y = bar.bottom() - bar.h * k;
                    mesh.rect(Rect { x: bar.right(), y: y - t / 2.0, w: 6.0 * t, h: t }, MUTED, 0.0);
                    text.draw(mesh, words, [bar.right() + 12.0 * t, y], Align::Left, style(WORDS_PX, MUTED))?;
                } else {
                    let x = bar.x + bar.w * k;
                    mesh.rect(Rect { x: x - t / 2.0, y: bar.bottom(), w: t, h: 6.0 * t }, MUTED, 0.0);
                    text.draw(mesh, words, [x, bar.bottom() + 17.0 * t], Align::Centre, style(WORDS_PX, MUTED))?;
                }
            }
        }
        for (stop, (place, words)) in self.legend.stops.iter().zip(&self.stops) {
            let [x, y] = to(*place);
            let swatch = Rect { x, y: y - SWATCH.1 * t / 2.0, w: SWATCH.0 * t, h: SWATCH.1 * t };
            mesh.rect(swatch, stop.rgba, 0.0);
            if stop.hatch {
                mesh.rect(swatch, HATCH, HATCH_PX * t * 0.7);
            }
            mesh.frame(swatch, t, FRAME);
            text.draw(mesh, words, [swatch.right() + 10.0 * t, y], Align::Left, style(WORDS_PX, BRIGHT))?;
        }
        Ok(())
    }
}
