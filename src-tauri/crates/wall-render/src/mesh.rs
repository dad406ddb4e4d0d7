//! Triangles: filled polygons, lines of a real width, simple forms.

use crate::{RenderError, Rgba, Shape, projection::Rect};
use bytemuck::{Pod, Zeroable};
use lyon::{
    math::point,
    path::Path,
    tessellation::{
        BuffersBuilder, FillOptions, FillRule, FillTessellator, FillVertex, LineCap, LineJoin, StrokeOptions, StrokeTessellator,
        StrokeVertex, VertexBuffers,
    },
};

/// Largest deviation from a true curve, in pixels of the picture.
const TOLERANCE: f32 = 0.08;
/// Points nearer than this to the one before add nothing to the picture.
const MIN_STEP: f32 = 0.04;

/// A corner of a triangle.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Vertex {
    /// Pixels of the picture, from its top left.
    pub pos: [f32; 2],
    /// Colour.
    pub rgba: Rgba,
    /// Distance of hatching lines in pixels; 0 = plain.
    pub hatch: f32,
}

/// Triangles with their corners.
#[derive(Debug, Default, Clone)]
pub struct Mesh {
    /// Corners.
    pub vertices: Vec<Vertex>,
    /// Three a triangle.
    pub indices: Vec<u32>,
}

impl Mesh {
    /// Adds triangles whose corners are moved by `at` and scaled by `scale`.
    pub fn add(&mut self, points: &[[f32; 2]], indices: &[u32], at: [f32; 2], scale: f32, rgba: Rgba) {
        let base = self.vertices.len() as u32;
        self.vertices.extend(points.iter().map(|p| Vertex {
            pos: [at[0] + p[0] * scale, at[1] + p[1] * scale],
            rgba,
            hatch: 0.0,
        }));
        self.indices.extend(indices.iter().map(|i| base + i));
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, r: Rect, rgba: Rgba, hatch: f32) {
        let base = self.vertices.len() as u32;
        let corners = [[r.x, r.y], [r.right(), r.y], [r.right(), r.bottom()], [r.x, r.bottom()]];
        self.vertices.extend(corners.map(|pos| Vertex { pos, rgba, hatch }));
        self.indices.extend([0, 1, 2, 0, 2, 3].map(|i| base + i));
    }

    /// Adds the four edges of a rectangle, inside it.
    pub fn frame(&mut self, r: Rect, width: f32, rgba: Rgba) {
        let (w, h) = (r.w, r.h);
        self.rect(Rect { h: width, ..r }, rgba, 0.0);
        self.rect(Rect { y: r.y + h - width, h: width, ..r }, rgba, 0.0);
        self.rect(Rect { y: r.y + width, w: width, h: h - 2.0 * width, ..r }, rgba, 0.0);
        self.rect(Rect { x: r.x + w - width, y: r.y + width, w: width, h: h - 2.0 * width }, rgba, 0.0);
    }

    /// Adds a horizontal or vertical bar of colours, blending from one to the next.
    pub fn gradient(&mut self, r: Rect, colours: &[Rgba], vertical: bool) {
        let n = colours.len();
        for (i, pair) in colours.windows(2).enumerate() {
            let (a, b) = (i as f32 / (n - 1) as f32, (i + 1) as f32 / (n - 1) as f32);
            let corners = if vertical {
                // Low at the bottom.
                let (ya, yb) = (r.bottom() - r.h * a, r.bottom() - r.h * b);
                [[r.x, ya], [r.right(), ya], [r.right(), yb], [r.x, yb]]
            } else {
                let (xa, xb) = (r.x + r.w * a, r.x + r.w * b);
                [[xa, r.y], [xa, r.bottom()], [xb, r.bottom()], [xb, r.y]]
            };
            let base = self.vertices.len() as u32;
            for (k, pos) in corners.into_iter().enumerate() {
                self.vertices.push(Vertex { pos, rgba: if k < 2 { pair[0] } else { pair[1] }, hatch: 0.0 });
            }
            self.indices.extend([0, 1, 2, 0, 2, 3].map(|i| base + i));
        }
    }

    /// Adds a point's form.
    pub fn shape(&mut self, shape: Shape, at: [f32; 2], radius: f32, rgba: Rgba) {
        let (corners, turn) = match shape {
            Shape::Circle => (((radius * 3.0) as u32).clamp(12, 64), 0.0),
            Shape::Square => (4, 0.125),
            Shape::Diamond => (4, 0.0),
            Shape::Triangle => (3, -0.25),
        };
        let base = self.vertices.len() as u32;
        for k in 0..corners {
            let (sin, cos) = ((k as f32 / corners as f32 + turn) * std::f32::consts::TAU).sin_cos();
            self.vertices.push(Vertex { pos: [at[0] + radius * cos, at[1] + radius * sin], rgba, hatch: 0.0 });
        }
        self.indices.extend((1..corners - 1).flat_map(|k| [base, base + k, base + k + 1]));
    }
}

/// Turns paths into triangles; keeps its scratch space between calls.
#[derive(Default)]
pub struct Tessellator {
    fill: FillTessellator,
    stroke: StrokeTessellator,
    out: VertexBuffers<[f32; 2], u32>,
}

impl Tessellator {
    /// Fills a polygon with holes (even-odd) into `mesh`.
    ///
    /// # Errors
    /// When the triangulation fails; finite coordinates never do in practice.
    pub fn polygon(&mut self, mesh: &mut Mesh, rings: &[Vec<[f32; 2]>], rgba: Rgba, hatch: f32) -> Result<(), RenderError> {
        self.fill_path(&path(rings, true), TOLERANCE, FillRule::EvenOdd)?;
        let from = mesh.vertices.len();
        mesh.add(&self.out.vertices, &self.out.indices, [0.0, 0.0], 1.0, rgba);
        for v in &mut mesh.vertices[from..] {
            v.hatch = hatch;
        }
        Ok(())
    }

    /// Draws lines of a width into `mesh`.
    ///
    /// # Errors
    /// When the triangulation fails.
    pub fn line(
        &mut self,
        mesh: &mut Mesh,
        lines: &[Vec<[f32; 2]>],
        closed: bool,
        width: f32,
        rgba: Rgba,
    ) -> Result<(), RenderError> {
        self.stroke_path(&path(lines, closed), width, TOLERANCE)?;
        mesh.add(&self.out.vertices, &self.out.indices, [0.0, 0.0], 1.0, rgba);
        Ok(())
    }

    /// Triangles inside a path; the result is lent until the next call.
    pub fn fill_path(
        &mut self,
        path: &Path,
        tolerance: f32,
        rule: FillRule,
    ) -> Result<&VertexBuffers<[f32; 2], u32>, RenderError> {
        self.out.clear();
        let options = FillOptions::tolerance(tolerance).with_fill_rule(rule);
        self.fill
            .tessellate_path(path, &options, &mut BuffersBuilder::new(&mut self.out, |v: FillVertex| v.position().to_array()))
            .map_err(|e| RenderError::Input(format!("a polygon cannot be filled ({e})")))?;
        Ok(&self.out)
    }

    /// Triangles along a path; the result is lent until the next call.
    pub fn stroke_path(&mut self, path: &Path, width: f32, tolerance: f32) -> Result<&VertexBuffers<[f32; 2], u32>, RenderError> {
        self.out.clear();
        let options = StrokeOptions::tolerance(tolerance)
            .with_line_width(width)
            .with_line_join(if width > 2.0 { LineJoin::Round } else { LineJoin::Miter })
            .with_miter_limit(2.0)
            .with_line_cap(LineCap::Round);
        self.stroke
            .tessellate_path(path, &options, &mut BuffersBuilder::new(&mut self.out, |v: StrokeVertex| v.position().to_array()))
            .map_err(|e| RenderError::Input(format!("a line cannot be drawn ({e})")))?;
        Ok(&self.out)
    }
}

/// A path through the rings or lines, without points that fall on the one before. Rings may repeat their first point or not.
fn path(lines: &[Vec<[f32; 2]>], closed: bool) -> Path {
    let mut b = Path::builder();
    for line in lines {
        let mut kept: Vec<[f32; 2]> = Vec::with_capacity(line.len());
        for &p in line {
            if kept.last().is_none_or(|q| far(*q, p)) {
                kept.push(p);
            }
        }
        if closed && kept.len() > 1 && !far(kept[0], kept[kept.len() - 1]) {
            kept.pop();
        }
        if kept.len() < if closed { 3 } else { 2 } {
            continue;
        }
        b.begin(point(kept[0][0], kept[0][1]));
        for p in &kept[1..] {
            b.line_to(point(p[0], p[1]));
        }
        b.end(closed);
    }
    b.build()
}

fn far(a: [f32; 2], b: [f32; 2]) -> bool {
    (a[0] - b[0]).abs() > MIN_STEP || (a[1] - b[1]).abs() > MIN_STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(m: &Mesh) -> f32 {
        m.indices
            .chunks(3)
            .map(|t| {
                let [a, b, c] = [0, 1, 2].map(|k| m.vertices[t[k] as usize].pos);
                ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])).abs() / 2.0
            })
            .sum()
    }

    fn square(x: f32, y: f32, s: f32) -> Vec<[f32; 2]> {
        vec![[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]]
    }

    #[test]
    fn a_polygon_with_a_hole_covers_its_area() {
        let mut m = Mesh::default();
        Tessellator::default()
            .polygon(&mut m, &[square(0.0, 0.0, 100.0), square(20.0, 20.0, 50.0)], [1, 2, 3, 4], 0.0)
            .expect("fills");
        assert!((area(&m) - 7500.0).abs() < 0.5, "{}", area(&m));
    }

    #[test]
    fn a_line_is_as_wide_as_asked() {
        let mut m = Mesh::default();
        Tessellator::default().line(&mut m, &[vec![[0.0, 0.0], [1000.0, 0.0]]], false, 2.0, [255; 4]).expect("draws");
        // The round caps add a disc.
        assert!((area(&m) - 2003.0).abs() < 1.0, "{}", area(&m));
    }

    #[test]
    fn nothing_comes_of_rings_that_collapse() {
        let mut m = Mesh::default();
        let mut t = Tessellator::default();
        t.polygon(&mut m, &[vec![[1.0, 1.0]; 5], vec![], vec![[0.0, 0.0], [9.0, 9.0]]], [9; 4], 0.0).expect("fills nothing");
        assert!(m.indices.is_empty());
    }
}
