use serde_json::{Value, json};

/// A square cell as a GeoJSON feature: south-west corner and side in degrees.
pub fn square(code: &str, west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!({
        "type": "Feature",
        "properties": { "code": code, "name": format!("格{code}"), "community": "330102001001" },
        "geometry": { "type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]] }
    })
}

/// A made-up ground of square cells that share their edges, numbered west→east, north→south.
pub struct Ground {
    /// South-west corner.
    pub origin: [f64; 2],
    /// Side of a cell in degrees.
    pub side: f64,
    /// Cells across.
    pub columns: usize,
    /// Cells down.
    pub rows: usize,
}

impl Ground {
    /// Two by two cells `A1 A2 / B1 B2` far from every special place of datums.
    pub fn four() -> Self {
        Self { origin: [10.0, 50.0], side: 0.01, columns: 2, rows: 2 }
    }

    /// Code of the cell in a column (from the west) and row (from the north).
    pub fn code(&self, column: usize, row: usize) -> String {
        format!("{}{}", char::from(b'A' + u8::try_from(row).expect("few rows")), column + 1)
    }

    /// South-west corner of that cell.
    pub fn corner(&self, column: usize, row: usize) -> [f64; 2] {
        let down = self.rows - 1 - row;
        [self.origin[0] + column as f64 * self.side, self.origin[1] + down as f64 * self.side]
    }

    /// Middle of that cell.
    pub fn middle(&self, column: usize, row: usize) -> [f64; 2] {
        self.corner(column, row).map(|v| v + self.side / 2.0)
    }

    /// All cells as GeoJSON text.
    pub fn geojson(&self) -> String {
        let mut features = Vec::new();
        for row in 0..self.rows {
            for column in 0..self.columns {
                let [west, south] = self.corner(column, row);
                features.push(square(&self.code(column, row), west, south, self.side));
            }
        }
        json!({ "type": "FeatureCollection", "features": features }).to_string()
    }
}
