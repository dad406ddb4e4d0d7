//! Well-known binary geometries, as GeoPackages hold them: ISO and extended, either byte order, heights and measures left out.

use wall_core::{RawPolygon, RawRing};

use super::shape::Shape;
use crate::import::read::Problem;

/// Collections within collections, at most.
const MAX_DEPTH: usize = 16;

fn bad(message: impl Into<String>) -> Problem {
    Problem::new("bad_geometry", message)
}

/// What is left to be read.
struct Bytes<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Problem> {
        let (head, rest) = self.bytes.split_at_checked(n).ok_or_else(|| bad("the geometry is cut off"))?;
        self.bytes = rest;
        Ok(head)
    }

    fn u32(&mut self) -> Result<u32, Problem> {
        let b = self.take(4)?;
        let four = [b[0], b[1], b[2], b[3]];
        Ok(if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    /// A number of things that take at least `size` bytes each: never more than there is room for.
    fn count(&mut self, size: usize) -> Result<usize, Problem> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() / size {
            return Err(bad("the geometry is cut off"));
        }
        Ok(count)
    }

    fn f64(&mut self) -> Result<f64, Problem> {
        let mut eight = [0; 8];
        eight.copy_from_slice(self.take(8)?);
        Ok(if self.big { f64::from_be_bytes(eight) } else { f64::from_le_bytes(eight) })
    }
}

/// The polygons of a GeoPackage geometry: its header, then well-known binary.
pub(super) fn shape_of_gpkg(blob: &[u8]) -> Result<Shape, Problem> {
    let head = blob.get(..8).filter(|h| h.starts_with(b"GP")).ok_or_else(|| bad("the blob is no GeoPackage geometry"))?;
    let flags = head[3];
    if flags & 0x20 != 0 {
        return Err(bad("an extended geometry of another program"));
    }
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        other => return Err(bad(format!("envelope kind {other} is not known"))),
    };
    let body = blob.get(8 + envelope..).ok_or_else(|| bad("the geometry is cut off"))?;
    if flags & 0x10 != 0 {
        return Err(Problem::new("empty_geometry", "the geometry is empty"));
    }
    shape_of(body)
}

/// The polygons of a well-known binary geometry.
pub(super) fn shape_of(wkb: &[u8]) -> Result<Shape, Problem> {
    let mut shape = Shape::default();
    geometry(&mut Bytes { bytes: wkb, big: false }, &mut shape, 0)?;
    Ok(shape)
}

/// The name of a geometry type; `None` for kinds that are not read.
fn name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "Point",
        2 => "LineString",
        3 => "Polygon",
        4 => "MultiPoint",
        5 => "MultiLineString",
        6 => "MultiPolygon",
        7 => "GeometryCollection",
        12 => "MultiSurface",
        15 => "PolyhedralSurface",
        _ => return None,
    })
}

fn geometry(at: &mut Bytes, shape: &mut Shape, depth: usize) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(bad("collections are nested too deeply"));
    }
    at.big = match at.take(1)?[0] {
        0 => true,
        1 => false,
        other => return Err(bad(format!("byte order {other} is not known"))),
    };
    let word = at.u32()?;
    // Extended: flags above; ISO: thousands.
    let (mut z, mut m) = (word & 0x8000_0000 != 0, word & 0x4000_0000 != 0);
    if word & 0x2000_0000 != 0 {
        at.u32()?;
    }
    let word = word & 0x0fff_ffff;
    let kind = word % 1000;
    match word / 1000 {
        0 => {}
        1 => z = true,
        2 => m = true,
        3 => (z, m) = (true, true),
        _ => return Err(bad(format!("geometry type {word} is not known"))),
    }
    let size = 8 * (2 + usize::from(z) + usize::from(m));
    let Some(name) = name(kind) else {
        return Err(bad(format!("geometry type {word} is not read: curves must be stroked to polygons first")));
    };
    match kind {
        3 => shape.polygons.push(polygon(at, size)?),
        1 => _ = at.take(size)?,
        2 => {
            let n = at.count(size)?;
            at.take(n * size)?;
        }
        _ => {
            let parts = at.count(5)?;
            for _ in 0..parts {
                geometry(at, shape, depth + 1)?;
            }
        }
    }
    let ground = matches!(kind, 3 | 6 | 7 | 12 | 15);
    // The points of a MultiPoint were counted one by one: once is enough.
    if !ground {
        *shape.left_out.entry(name.to_owned()).or_default() += 1;
    }
    Ok(())
}

fn polygon(at: &mut Bytes, size: usize) -> Result<RawPolygon, Problem> {
    let rings = at.count(4)?;
    let mut polygon = RawPolygon::new();
    for _ in 0..rings {
        let points = at.count(size)?;
        let mut ring = RawRing::with_capacity(points);
        for _ in 0..points {
            ring.push([at.f64()?, at.f64()?]);
            at.take(size - 16)?;
        }
        polygon.push(ring);
    }
    // An outer ring without points is an empty polygon: no ground.
    Ok(polygon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A square with a hole, in any dress.
    fn square(big: bool, dims: usize, code: u32, srid: bool) -> Vec<u8> {
        let mut out = vec![u8::from(!big)];
        let word = |out: &mut Vec<u8>, v: u32| out.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
        word(&mut out, code);
        if srid {
            word(&mut out, 4326);
        }
        word(&mut out, 2);
        for (at, side) in [(0.0, 4.0), (1.0, 1.0)] {
            word(&mut out, 5);
            for (x, y) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)] {
                for v in [at + x * side, at + y * side, 7.0f64, 8.0].iter().take(dims) {
                    out.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
                }
            }
        }
        out
    }

    #[test]
    fn every_dress_is_the_same_polygon() {
        let plain = shape_of(&square(false, 2, 3, false)).unwrap();
        assert_eq!(plain.polygons[0][1][2], [2.0, 2.0]);
        for big in [false, true] {
            for (dims, code, srid) in [
                (2, 3, false),
                (3, 1003, false),
                (3, 2003, false),
                (4, 3003, false),
                (3, 0x8000_0003, false),
                (3, 0x4000_0003, false),
                (4, 0xc000_0003, false),
                (2, 0x2000_0003, true),
                (4, 0xe000_0003, true),
            ] {
                assert_eq!(shape_of(&square(big, dims, code, srid)).unwrap(), plain, "{big} {code:x}");
            }
        }
        let multi = [&[1u8, 6, 0, 0, 0, 2, 0, 0, 0][..], &square(true, 2, 3, false), &square(false, 3, 1003, false)].concat();
        assert_eq!(shape_of(&multi).unwrap().polygons.len(), 2);
        let headed = |flags: u8, envelope: usize| [b"GP\0", &[flags][..], &[0; 4], &vec![0; envelope], &multi].concat();
        for (flags, envelope) in [(1, 0), (3, 32), (5, 48), (7, 48), (9, 64)] {
            assert_eq!(shape_of_gpkg(&headed(flags, envelope)).unwrap().polygons.len(), 2);
        }
        assert_eq!(shape_of_gpkg(&headed(0x11, 0)).unwrap_err().code, "empty_geometry");
        assert_eq!(shape_of_gpkg(&headed(0x0b, 0)).unwrap_err().code, "bad_geometry");
        assert_eq!(shape_of_gpkg(&headed(0x21, 0)).unwrap_err().code, "bad_geometry");
        assert_eq!(shape_of_gpkg(&multi).unwrap_err().code, "bad_geometry");
    }

    #[test]
    fn hostile_counts_and_depths_are_refused() {
        let many = [&[1u8, 3, 0, 0, 0][..], &[0xff; 4]].concat();
        assert!(shape_of(&many).is_err());
        let deep = [1u8, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100_000);
        assert!(shape_of(&deep).unwrap_err().message.contains("deep"));
        let curve = [1u8, 10, 0, 0, 0, 0, 0, 0, 0];
        assert!(shape_of(&curve).unwrap_err().message.contains("curves"));
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = shape_of(&bytes);
            let _ = shape_of_gpkg(&bytes);
        }

        #[test]
        fn a_damaged_geometry_has_an_answer(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
            let mut bytes = [&[1u8, 6, 0, 0, 0, 2, 0, 0, 0][..], &square(true, 2, 3, false), &square(false, 4, 3003, false)].concat();
            for (at, byte) in edits {
                let i = at.index(bytes.len());
                bytes[i] = byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            let _ = shape_of(&bytes);
        }
    }
}
