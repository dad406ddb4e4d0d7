//! Words from glyph outlines, with the font that travels with the product.

use crate::{
    RenderError, Rgba,
    mesh::{Mesh, Tessellator},
};
use lyon::{
    math::point,
    path::{FillRule, Path, path::Builder},
};
use std::{collections::HashMap, sync::Arc};
use ttf_parser::{Face, OutlineBuilder};

/// Noto Sans CJK SC, the characters of GB 2312 (see assets/fonts).
static FONT: &[u8] = include_bytes!("../../../../assets/fonts/NotoSansSC-subset.otf");

/// Where the middle of a line of words lies above its baseline, in ems (between Latin capitals and hanzi).
const MIDDLE: f32 = 0.37;
/// Advance of the box that stands for a character the font does not have.
const BOX_ADVANCE: f32 = 0.9;

type Glyph = Arc<(Vec<[f32; 2]>, Vec<u32>)>;

/// The font and the triangles of the glyphs used so far.
pub struct Text {
    face: Face<'static>,
    unit: f32,
    cache: HashMap<(char, u32), Glyph>,
    tessellator: Tessellator,
}

/// How words stand to the point they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// They begin there.
    Left,
    /// Their middle is there.
    Centre,
    /// They end there.
    Right,
}

/// Size, colour and outline of words.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Size of an em in pixels.
    pub px: f32,
    /// Colour.
    pub rgba: Rgba,
    /// Width in pixels and colour of an outline around the letters.
    pub halo: Option<(f32, Rgba)>,
}

impl Text {
    /// Opens the bundled font.
    ///
    /// # Errors
    /// When the bundled font cannot be read.
    pub fn new() -> Result<Self, RenderError> {
        let face = Face::parse(FONT, 0).map_err(|e| RenderError::Input(format!("the bundled font cannot be read ({e})")))?;
        let unit = 1.0 / f32::from(face.units_per_em());
        Ok(Text { face, unit, cache: HashMap::new(), tessellator: Tessellator::default() })
    }

    /// Whether the font has this character.
    #[cfg(test)]
    pub fn has(&self, c: char) -> bool {
        self.face.glyph_index(c).is_some()
    }

    /// Width of the words in ems.
    pub fn width_em(&self, words: &str) -> f32 {
        words.chars().map(|c| self.advance_em(c)).sum()
    }

    fn advance_em(&self, c: char) -> f32 {
        match self.face.glyph_index(c) {
            Some(g) => f32::from(self.face.glyph_hor_advance(g).unwrap_or(0)) * self.unit,
            None => BOX_ADVANCE,
        }
    }

    /// The words, cut with "…" when they are wider than `max_px`.
    pub fn cut(&self, words: &str, px: f32, max_px: f32) -> String {
        if self.width_em(words) * px <= max_px {
            return words.to_owned();
        }
        let mut left = max_px / px - self.width_em("…");
        let kept = words.chars().take_while(|c| {
            left -= self.advance_em(*c);
            left >= 0.0
        });
        kept.collect::<String>() + "…"
    }

    /// Draws one line of words whose middle height is `at[1]`. Returns its width in pixels.
    ///
    /// # Errors
    /// When an outline of the font cannot be made into triangles.
    pub fn draw(&mut self, mesh: &mut Mesh, words: &str, at: [f32; 2], align: Align, style: Style) -> Result<f32, RenderError> {
        let width = self.width_em(words) * style.px;
        let left = match align {
            Align::Left => at[0],
            Align::Centre => at[0] - width / 2.0,
            Align::Right => at[0] - width,
        };
        let baseline = at[1] + MIDDLE * style.px;
        let halo = style.halo.map(|(w, rgba)| (w / style.px, rgba));
        for (outline_em, rgba) in halo.into_iter().chain([(0.0, style.rgba)]) {
            let mut x = left;
            for c in words.chars() {
                let glyph = self.glyph(c, outline_em)?;
                mesh.add(&glyph.0, &glyph.1, [x, baseline], style.px, rgba);
                x += self.advance_em(c) * style.px;
            }
        }
        Ok(width)
    }

    /// Triangles of a character at one em = 1, filled (`outline_em` = 0) or as its outline's stroke.
    fn glyph(&mut self, c: char, outline_em: f32) -> Result<Glyph, RenderError> {
        let key = (c, outline_em.to_bits());
        if let Some(g) = self.cache.get(&key) {
            return Ok(g.clone());
        }
        let path = match self.face.glyph_index(c) {
            Some(g) => {
                let mut pen = Pen { to: Path::builder(), unit: self.unit, open: false };
                // A glyph without outline (space) draws nothing, as it should.
                let _ = self.face.outline_glyph(g, &mut pen);
                pen.finish()
            }
            None => missing(),
        };
        // Outlines have nonzero winding; a 500th of an em is invisible at any size drawn here.
        let out = if outline_em > 0.0 {
            self.tessellator.stroke_path(&path, outline_em * 2.0, 0.002)?
        } else {
            self.tessellator.fill_path(&path, 0.002, FillRule::NonZero)?
        };
        let glyph: Glyph = Arc::new((out.vertices.clone(), out.indices.clone()));
        self.cache.insert(key, glyph.clone());
        Ok(glyph)
    }
}

/// A hollow box: outer edge one way, inner edge the other.
fn missing() -> Path {
    let mut b = Path::builder();
    for (i, o) in [(0.10, false), (0.16, true)] {
        let (l, r, t, d) = (i, BOX_ADVANCE - i, -0.86 + i, 0.06 - i + 0.1);
        let mut corners = [[l, t], [r, t], [r, d], [l, d]];
        if o {
            corners.reverse();
        }
        b.begin(point(corners[0][0], corners[0][1]));
        corners[1..].iter().for_each(|p| {
            b.line_to(point(p[0], p[1]));
        });
        b.end(true);
    }
    b.build()
}

/// Takes a glyph's outline down as a path, y downwards, one em = 1.
struct Pen {
    to: Builder,
    unit: f32,
    open: bool,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> lyon::math::Point {
        point(x * self.unit, -y * self.unit)
    }
    fn finish(mut self) -> Path {
        if self.open {
            self.to.end(true);
        }
        self.to.build()
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        if self.open {
            self.to.end(true);
        }
        self.to.begin(self.at(x, y));
        self.open = true;
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.to.line_to(self.at(x, y));
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.to.quadratic_bezier_to(self.at(x1, y1), self.at(x, y));
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.to.cubic_bezier_to(self.at(x1, y1), self.at(x2, y2), self.at(x, y));
    }
    fn close(&mut self) {
        if self.open {
            self.to.end(true);
            self.open = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(words: &str) -> (Mesh, f32) {
        let mut mesh = Mesh::default();
        let style = Style { px: 20.0, rgba: [255; 4], halo: None };
        let width = Text::new().expect("font").draw(&mut mesh, words, [0.0, 0.0], Align::Left, style).expect("draws");
        (mesh, width)
    }

    #[test]
    fn the_font_has_what_the_wall_says() {
        let text = Text::new().expect("font");
        for c in "网格指挥墙演示数据责任人未分配逾期剩余时间件平方公里齄ABCxyz0123456789·°²³%≥<≤→←—–…、。（）：".chars()
        {
            assert!(text.has(c), "{c}");
        }
        assert!(!text.has('\u{20bb7}'));
    }

    #[test]
    fn a_missing_character_is_a_box_and_a_space_is_nothing() {
        let (rare, width) = drawn("\u{20bb7}");
        assert!(!rare.indices.is_empty() && width > 10.0);
        let xs = rare.vertices.iter().map(|v| v.pos[0]);
        assert!(xs.clone().fold(f32::MIN, f32::max) - xs.fold(f32::MAX, f32::min) > 10.0);
        assert!(drawn(" ").0.indices.is_empty());
    }

    #[test]
    fn digits_are_of_one_width_and_hanzi_are_an_em() {
        let text = Text::new().expect("font");
        for d in '1'..='9' {
            assert_eq!(text.width_em(&d.to_string()), text.width_em("0"));
        }
        assert_eq!(text.width_em("网格"), 2.0);
    }

    #[test]
    fn long_words_are_cut_to_the_room_they_have() {
        let text = Text::new().expect("font");
        assert_eq!(text.cut("网格指挥墙", 10.0, 50.0), "网格指挥墙");
        let cut = text.cut("网格指挥墙", 10.0, 35.0);
        assert!(cut.starts_with('网') && cut.ends_with('…') && text.width_em(&cut) <= 3.5, "{cut}");
    }
}
