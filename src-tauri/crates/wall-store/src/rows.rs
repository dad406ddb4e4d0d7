//! Reading code words and geometry out of rows; what cannot be read is damage, said with its place.

use crate::StoreError;

/// The value of a code word in a column.
pub(crate) fn word<T>(value: Option<T>, table: &str, id: i64, found: &str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Damaged { what: format!("{table} {id}: unknown word \"{found}\"") })
}

/// Cell geometry as bytes: polygons, rings and points as varint counts, points as zigzag varint differences.
pub(crate) mod ground {
    use wall_core::{CellGeometry, GridPoint, GridPolygon};

    fn put(out: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            out.push((value as u8) | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    fn zigzag(value: i64) -> u64 {
        ((value << 1) ^ (value >> 63)) as u64
    }

    /// Encodes; about 4–6 bytes a vertex.
    pub fn encode(geometry: &CellGeometry) -> Vec<u8> {
        let mut out = Vec::with_capacity(geometry.vertex_count() * 8 + 8);
        let mut at = GridPoint::default();
        put(&mut out, geometry.polygons.len() as u64);
        for polygon in &geometry.polygons {
            put(&mut out, 1 + polygon.holes.len() as u64);
            for ring in polygon.rings() {
                put(&mut out, ring.len() as u64);
                for p in ring {
                    put(&mut out, zigzag(p.x.wrapping_sub(at.x)));
                    put(&mut out, zigzag(p.y.wrapping_sub(at.y)));
                    at = *p;
                }
            }
        }
        out
    }

    /// Decodes; `None` when the bytes are not what [`encode`] writes.
    pub fn decode(bytes: &[u8]) -> Option<CellGeometry> {
        let mut rest = bytes;
        let mut take = || -> Option<u64> {
            let (mut value, mut shift) = (0u64, 0u32);
            loop {
                let (&byte, tail) = rest.split_first()?;
                rest = tail;
                value |= u64::from(byte & 0x7f).checked_shl(shift)?;
                if byte & 0x80 == 0 {
                    return Some(value);
                }
                shift += 7;
            }
        };
        let unzigzag = |v: u64| ((v >> 1) as i64) ^ -((v & 1) as i64);
        let mut at = GridPoint::default();
        let count = take()?;
        let mut polygons = Vec::new();
        for _ in 0..count {
            let rings = take()?;
            let mut read = Vec::new();
            for _ in 0..rings {
                let n = take()?;
                if n > bytes.len() as u64 {
                    return None;
                }
                let mut ring = Vec::with_capacity(n as usize);
                for _ in 0..n {
                    at.x = at.x.wrapping_add(unzigzag(take()?));
                    at.y = at.y.wrapping_add(unzigzag(take()?));
                    ring.push(at);
                }
                read.push(ring);
            }
            let mut read = read.into_iter();
            polygons.push(GridPolygon { outer: read.next()?, holes: read.collect() });
        }
        Some(CellGeometry { polygons })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn comes_back_the_same_and_garbage_is_refused() {
            let p = |x, y| GridPoint { x, y };
            let g = CellGeometry {
                polygons: vec![
                    GridPolygon {
                        outer: vec![p(-71_000_000_001, 42_000_000_000), p(179_999_999_999, -90_000_000_000), p(0, 0)],
                        holes: vec![vec![p(1, 2), p(3, 4), p(5, -6)]],
                    },
                    GridPolygon { outer: vec![p(7, 7), p(8, 7), p(8, 8)], holes: vec![] },
                ],
            };
            let bytes = encode(&g);
            assert_eq!(decode(&bytes), Some(g));
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}");
            }
            assert_eq!(decode(&[0xff; 40]), None);
        }
    }
}
