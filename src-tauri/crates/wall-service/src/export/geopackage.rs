//! Cells as a GeoPackage 1.3, made in memory by our own SQLite.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use wall_core::{CellGeometry, GridRing, UtcMs};

use super::cells::{CellRow, CellsBytes, CellsExportError};

/// Datum and numbers of the EPSG.
const WGS84: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],\
    AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,\
    AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]";
const SRS: i32 = 4326;

/// The tables that every GeoPackage has.
const TABLES: &str = "
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT
);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
";

fn database(e: sqlx::Error) -> CellsExportError {
    CellsExportError::Database(e.to_string())
}

/// Writes the database. Works on a thread of its own, so that it may be called from anywhere.
pub(super) fn write(cells: &[CellRow], layer: &str, at: UtcMs) -> Result<CellsBytes, CellsExportError> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(write_async(cells, layer, at)).map_err(database)
    };
    let failed = || Err(CellsExportError::Database("the writer stopped".into()));
    let bytes = std::thread::scope(|s| s.spawn(work).join()).unwrap_or_else(|_| failed())?;
    Ok(CellsBytes { bytes, notes: Vec::new() })
}

async fn write_async(cells: &[CellRow<'_>], layer: &str, at: UtcMs) -> Result<Vec<u8>, sqlx::Error> {
    let mut db = SqliteConnectOptions::new().in_memory(true).connect().await?;
    sqlx::raw_sql(TABLES).execute(&mut db).await?;
    sqlx::query("INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84 geodetic', ?, 'EPSG', ?, ?, 'longitude/latitude in degrees')")
        .bind(SRS)
        .bind(SRS)
        .bind(WGS84)
        .execute(&mut db)
        .await?;
    let quoted = format!("\"{}\"", layer.replace('"', "\"\""));
    let table = format!(
        "CREATE TABLE {quoted} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON, code TEXT, name TEXT, kind TEXT, \
         community_code TEXT, community_name TEXT, households INTEGER)"
    );
    sqlx::raw_sql(AssertSqlSafe(table)).execute(&mut db).await?;
    let extent = cells.iter().filter_map(|c| c.geometry.bounds()).reduce(|(lo, hi), (l, h)| {
        let (mut low, mut high) = (lo, hi);
        (low.x, low.y, high.x, high.y) = (lo.x.min(l.x), lo.y.min(l.y), hi.x.max(h.x), hi.y.max(h.y));
        (low, high)
    });
    let (low, high) = (extent.map(|e| e.0.place()), extent.map(|e| e.1.place()));
    sqlx::query(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, min_x, min_y, max_x, max_y, srs_id) \
         VALUES (?, 'features', ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(layer)
    .bind(layer)
    .bind(last_change(at))
    .bind(low.map(|p| p.lon))
    .bind(low.map(|p| p.lat))
    .bind(high.map(|p| p.lon))
    .bind(high.map(|p| p.lat))
    .bind(SRS)
    .execute(&mut db)
    .await?;
    sqlx::query("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'MULTIPOLYGON', ?, 0, 0)")
        .bind(layer)
        .bind(SRS)
        .execute(&mut db)
        .await?;
    rows(&mut db, cells, &quoted).await?;
    let bytes = db.serialize(None).await?.to_vec();
    db.close().await?;
    Ok(bytes)
}

async fn rows(db: &mut SqliteConnection, cells: &[CellRow<'_>], table: &str) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    let insert = format!(
        "INSERT INTO {table} (geom, code, name, kind, community_code, community_name, households) VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    for cell in cells {
        sqlx::query(AssertSqlSafe(insert.as_str()))
            .bind(geometry(cell.geometry))
            .bind(cell.code)
            .bind(cell.name)
            .bind(cell.kind.code())
            .bind(cell.community_code)
            .bind(cell.community_name)
            .bind(cell.households)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}

/// A time as GeoPackage writes it: milliseconds, always.
fn last_change(at: UtcMs) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.3}")
}

/// The geometry as a blob: header with its box, then a little-endian multipolygon.
fn geometry(cell: &CellGeometry) -> Vec<u8> {
    let mut out = b"GP\0".to_vec();
    match cell.bounds() {
        Some((low, high)) => {
            out.push(0b0000_0011);
            out.extend(SRS.to_le_bytes());
            let (low, high) = (low.place(), high.place());
            [low.lon, high.lon, low.lat, high.lat].iter().for_each(|v| out.extend(v.to_le_bytes()));
        }
        None => {
            out.push(0b0001_0001);
            out.extend(SRS.to_le_bytes());
        }
    }
    let word = |out: &mut Vec<u8>, v: usize| out.extend((v as u32).to_le_bytes());
    out.push(1);
    word(&mut out, 6);
    word(&mut out, cell.polygons.len());
    for polygon in &cell.polygons {
        out.push(1);
        word(&mut out, 3);
        word(&mut out, 1 + polygon.holes.len());
        polygon.rings().for_each(|r| ring(&mut out, r));
    }
    out
}

fn ring(out: &mut Vec<u8>, ring: &GridRing) {
    out.extend((ring.len() as u32 + 1).to_le_bytes());
    for p in ring.iter().chain(ring.first()).map(|p| p.place()) {
        out.extend(p.lon.to_le_bytes());
        out.extend(p.lat.to_le_bytes());
    }
}
