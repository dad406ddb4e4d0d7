//! GeoPackages as raw features, read from the file as one that nobody changes, or from a copy in memory: the user's file is
//! never written, locked or joined by another.
//!
//! The file may be anybody's: names are quoted, what its schema runs is not trusted, work and size are bounded.

use std::cell::Cell as Counter;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteOwnedBuf};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Decode, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef};

use super::raw::{CrsText, MAX_FEATURES, MAX_VALUES, Note, RawCells, RawFeature, Value};
use super::wkb::shape_of_gpkg;
use super::{CellsError, CellsOptions};
use crate::import::bounded::MAX_UNPACKED;
use crate::import::read::Problem;

/// Most bytes of geometries and texts that are read: no more than a file may have.
const MAX_BYTES: usize = MAX_UNPACKED as usize;
/// Steps of the database's machine between two looks at the count, and how many of those there may be.
const STEPS: i32 = 100_000;
const MAX_LOOKS: u32 = 5_000;

fn broken(what: impl Into<String>) -> CellsError {
    CellsError::Broken { format: "GeoPackage", what: what.into() }
}

impl From<sqlx::Error> for CellsError {
    fn from(e: sqlx::Error) -> Self {
        match e {
            sqlx::Error::Database(e) if e.message() == "interrupted" => broken("reading it takes more work than is allowed"),
            sqlx::Error::Database(e) => broken(e.message()),
            e => broken(e.to_string()),
        }
    }
}

/// A name inside SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Where the bytes are.
#[derive(Clone, Copy)]
enum Bytes<'a> {
    /// In memory: out of an archive, or from a stream.
    Memory(&'a [u8]),
    /// In a file, which is opened as one that nobody changes: no lock, no journal, nothing beside it.
    File(&'a Path),
}

/// The features of a layer: the named one, else the first that can hold polygons.
///
/// Works on a thread of its own, so that it may be called from anywhere.
pub(super) fn read(bytes: &[u8], options: &CellsOptions) -> Result<RawCells<'static>, CellsError> {
    read_on_thread(Bytes::Memory(bytes), options)
}

/// As [`read`], from a file on disk.
pub(super) fn read_file(path: &Path, options: &CellsOptions) -> Result<RawCells<'static>, CellsError> {
    read_on_thread(Bytes::File(path), options)
}

fn read_on_thread(from: Bytes<'_>, options: &CellsOptions) -> Result<RawCells<'static>, CellsError> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| broken(e.to_string()))?;
        runtime.block_on(read_async(from, options))
    };
    std::thread::scope(|s| s.spawn(work).join()).unwrap_or_else(|_| Err(broken("it cannot be read")))
}

async fn read_async(from: Bytes<'_>, options: &CellsOptions) -> Result<RawCells<'static>, CellsError> {
    let empty = SqliteConnectOptions::new().foreign_keys(false);
    let mut db = match from {
        Bytes::Memory(bytes) => {
            if bytes.len() < 100 {
                return Err(broken("the file is cut off"));
            }
            let mut copy = SqliteOwnedBuf::try_from(bytes)?;
            // A file left in WAL mode cannot be opened in memory; its pages are the same.
            for at in [18, 19] {
                if copy[at] == 2 {
                    copy[at] = 1;
                }
            }
            let mut db = empty.in_memory(true).connect().await?;
            db.deserialize(None, copy, true).await?;
            db
        }
        Bytes::File(path) => empty.filename(path).read_only(true).immutable(true).connect().await?,
    };
    let looks = Counter::new(0u32);
    db.lock_handle().await?.set_progress_handler(STEPS, move || {
        looks.set(looks.get() + 1);
        looks.get() < MAX_LOOKS
    });
    for pragma in ["PRAGMA trusted_schema = OFF", "PRAGMA query_only = ON", "PRAGMA cell_size_check = ON"] {
        sqlx::query(pragma).execute(&mut db).await?;
    }
    let result = read_layer(&mut db, options.layer.as_deref(), options.geometry_column.as_deref()).await;
    _ = db.close().await;
    result
}

/// A table must be what it says: stored rows, in columns that are stored too. A view, a virtual table or a computed column
/// makes values of any size from a small file. Asked of the schema as the database has read it, not of its text, which a
/// comment can disguise.
async fn must_be_stored(db: &mut SqliteConnection, table: &str, columns: &[&str]) -> Result<(), CellsError> {
    let kind: Option<String> =
        sqlx::query_scalar("SELECT CAST(type AS TEXT) FROM pragma_table_list(?) WHERE schema = 'main' LIMIT 1")
            .bind(table)
            .fetch_optional(&mut *db)
            .await?;
    match kind.as_deref() {
        None => return Ok(()),
        Some("table") => {}
        Some(kind) => return Err(broken(format!("{table:?} is a {kind}: save it as a table"))),
    }
    for column in columns {
        let stored: i64 =
            sqlx::query_scalar("SELECT count(*) FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE AND hidden <> 0")
                .bind(table)
                .bind(*column)
                .fetch_one(&mut *db)
                .await?;
        if stored > 0 {
            return Err(broken(format!("column {column:?} of {table:?} is computed: save it as a plain column")));
        }
    }
    Ok(())
}

/// A layer as the file lists it.
struct Layer {
    table: String,
    column: String,
    kind: String,
    srs: i64,
}

async fn layers(db: &mut SqliteConnection) -> Result<Vec<Layer>, CellsError> {
    must_be_stored(db, "gpkg_contents", &["table_name", "data_type"]).await?;
    must_be_stored(db, "gpkg_geometry_columns", &["table_name", "column_name", "geometry_type_name", "srs_id"]).await?;
    // Expressions have no declared type: the library that asks for it fails where that is no UTF-8.
    let listed = sqlx::query(
        "SELECT CAST(g.table_name AS TEXT), CAST(g.column_name AS TEXT), CAST(coalesce(g.geometry_type_name, '') AS TEXT), \
         CAST(coalesce(g.srs_id, 0) AS INTEGER) \
         FROM gpkg_geometry_columns g JOIN gpkg_contents c ON c.table_name = g.table_name WHERE c.data_type = 'features' \
         AND length(g.table_name) <= 1000 AND length(g.column_name) <= 1000 AND length(coalesce(g.geometry_type_name, '')) <= 1000 \
         ORDER BY c.rowid LIMIT 1000",
    )
    .fetch_all(&mut *db)
    .await
    .map_err(|e| match CellsError::from(e) {
        CellsError::Broken { what, .. } if what.contains("no such table") => {
            broken("it is a database, but holds no GeoPackage tables (gpkg_contents, gpkg_geometry_columns)")
        }
        other => other,
    })?;
    let layer = |row: sqlx::sqlite::SqliteRow| -> Result<Layer, sqlx::Error> {
        Ok(Layer { table: row.try_get(0)?, column: row.try_get(1)?, kind: row.try_get(2)?, srs: row.try_get(3)? })
    };
    Ok(listed.into_iter().map(layer).collect::<Result<_, _>>()?)
}

/// Which layer and column are meant, and a word about the others.
fn choose<'a>(
    layers: &'a [Layer],
    asked: Option<&str>,
    column: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<&'a Layer, CellsError> {
    let listed = |of: &[&Layer], word: fn(&Layer) -> String| {
        let mut names: Vec<String> = of.iter().map(|l| word(l)).collect();
        names.dedup();
        names.join(", ")
    };
    let table = |l: &Layer| l.table.clone();
    let column_word = |l: &Layer| if l.kind.is_empty() { l.column.clone() } else { format!("{} ({})", l.column, l.kind) };
    let all: Vec<&Layer> = layers.iter().collect();
    // The exact name, else the same in other letters.
    let named = |of: &[&'a Layer], name: &str, word: fn(&Layer) -> &str| -> Vec<&'a Layer> {
        let exact: Vec<&Layer> = of.iter().copied().filter(|l| word(l) == name).collect();
        if exact.is_empty() { of.iter().copied().filter(|l| word(l).eq_ignore_ascii_case(name)).collect() } else { exact }
    };
    let mut meant = match asked {
        None => all.clone(),
        Some(asked) => match named(&all, asked, |l| &l.table) {
            found if found.is_empty() => {
                return Err(CellsError::Layer { what: format!("no layer is named {asked:?}"), available: listed(&all, table) });
            }
            found => found,
        },
    };
    if let Some(column) = column {
        let found = named(&meant, column, |l| &l.column);
        if found.is_empty() {
            let what = format!("no column of ground is named {column:?}");
            return Err(CellsError::Layer { what, available: listed(&meant, column_word) });
        }
        meant = found;
    }
    let never =
        ["POINT", "LINESTRING", "MULTIPOINT", "MULTILINESTRING", "CURVE", "MULTICURVE", "COMPOUNDCURVE", "CIRCULARSTRING"];
    let grounds: Vec<&Layer> = meant.iter().copied().filter(|l| !never.contains(&l.kind.to_ascii_uppercase().as_str())).collect();
    // Where a layer or column is named, it is read whatever the file says that it holds.
    let named_one = asked.is_some() || column.is_some();
    let Some(&first) = grounds.first().or(meant.first().filter(|_| named_one)) else {
        let what = if layers.is_empty() { "the GeoPackage has no feature layer" } else { "no layer holds polygons" };
        return Err(CellsError::Layer { what: what.into(), available: listed(&all, table) });
    };
    if grounds.iter().any(|l| l.table != first.table) {
        let message = format!("several layers ({}): {:?} was read; name another with --layer", listed(&all, table), first.table);
        notes.push(Note::new("several_layers", message));
    }
    let columns: Vec<&Layer> = layers.iter().filter(|l| l.table == first.table).collect();
    if columns.len() > 1 && column.is_none() {
        let message = format!(
            "layer {:?} has several columns of ground ({}): {:?} was read; name another with --geometry-column",
            first.table,
            listed(&columns, column_word),
            first.column
        );
        let doubt = grounds.iter().filter(|l| l.table == first.table).count() != 1;
        notes.push(Note::new(if doubt { "several_geometry_columns" } else { "geometry_column_taken" }, message));
    }
    Ok(first)
}

/// The coordinate system by its row in the file.
async fn crs(db: &mut SqliteConnection, srs: i64) -> Result<Option<CrsText>, CellsError> {
    if srs == 0 {
        // "Undefined geographic": degrees of a datum that is not told.
        return Ok(None);
    }
    must_be_stored(db, "gpkg_spatial_ref_sys", &["srs_id", "organization", "organization_coordsys_id", "definition"]).await?;
    let row = sqlx::query(
        "SELECT CAST(substr(organization, 1, 200) AS TEXT), CAST(organization_coordsys_id AS INTEGER), \
         CAST(substr(definition, 1, 65536) AS TEXT) FROM gpkg_spatial_ref_sys WHERE srs_id = ? LIMIT 1",
    )
    .bind(srs)
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(Some(CrsText::Name(format!("srs_id {srs}, which the file does not define")))) };
    let text = |i: usize| row.try_get::<Option<String>, _>(i).ok().flatten().unwrap_or_default();
    let (organization, definition) = (text(0), text(2));
    let code = row.try_get::<i64, _>(1).unwrap_or(-1);
    if organization.eq_ignore_ascii_case("epsg") && matches!(code, 4326 | 4490) {
        return Ok(Some(CrsText::Name(format!("EPSG:{code}"))));
    }
    if definition.contains('[') {
        return Ok(Some(CrsText::Wkt(definition)));
    }
    Ok(Some(CrsText::Name(if srs == -1 { "undefined cartesian".into() } else { format!("{organization}:{code}") })))
}

async fn read_layer(
    db: &mut SqliteConnection,
    asked: Option<&str>,
    column: Option<&str>,
) -> Result<RawCells<'static>, CellsError> {
    let mut notes = Vec::new();
    let layers = layers(db).await?;
    let layer = choose(&layers, asked, column, &mut notes)?;
    let crs = crs(db, layer.srs).await?;
    must_be_stored(db, &layer.table, &[]).await?;
    let columns =
        sqlx::query("SELECT CAST(name AS BLOB), pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid LIMIT 2000")
            .bind(&layer.table)
            .fetch_all(&mut *db)
            .await?;
    let mut names = Vec::new();
    let mut keys = Vec::new();
    let mut found = false;
    for row in &columns {
        // A column whose name is no text cannot be asked for either.
        let Ok(name) = String::from_utf8(row.try_get(0)?) else {
            notes.push(Note::new("column_left_out", "a column whose name is no UTF-8 was left out"));
            continue;
        };
        if row.try_get::<i64, _>(1)? > 0 {
            keys.push(quoted(&name));
        }
        found |= name.eq_ignore_ascii_case(&layer.column);
        let ground = layers.iter().any(|l| l.table == layer.table && name.eq_ignore_ascii_case(&l.column));
        if !ground {
            names.push(name);
        }
    }
    if !found {
        return Err(broken(format!("layer {:?} has no column {:?}", layer.table, layer.column)));
    }
    // As expressions, which have no declared type (see above); the sign changes nothing.
    let list: String = names.iter().enumerate().map(|(i, n)| format!(", +{} AS c{i}", quoted(n))).collect();
    let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
    let sql = format!("SELECT +{} AS ground{list} FROM {}{order}", quoted(&layer.column), quoted(&layer.table));
    let (mut features, mut values, mut seen) = (Vec::new(), 0usize, Seen::default());
    {
        use futures::TryStreamExt;
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *db);
        while let Some(row) = rows.try_next().await? {
            let feature = feature(&row, &names, &mut seen);
            values += feature.properties.len();
            features.push(Ok(feature));
            if features.len() > MAX_FEATURES || values > MAX_VALUES || seen.bytes > MAX_BYTES {
                return Err(broken("it holds more than is read"));
            }
        }
    }
    Ok(RawCells {
        format: "GeoPackage",
        layer: Some(layer.table.clone()),
        features,
        crs,
        declared: names,
        encoding: "utf-8".into(),
        broken: seen.broken,
        notes,
        ..RawCells::default()
    })
}

/// What was read so far.
#[derive(Default)]
struct Seen {
    bytes: usize,
    /// Characters that could not be decoded.
    broken: usize,
}

fn feature(row: &sqlx::sqlite::SqliteRow, names: &[String], seen: &mut Seen) -> RawFeature<'static> {
    let shape = match row.try_get_raw(0) {
        Ok(raw) if raw.is_null() => Err(Problem::new("null_geometry", "the feature has no geometry")),
        Ok(raw) if raw.type_info().name() == "BLOB" => match <&[u8] as Decode<Sqlite>>::decode(raw) {
            Ok(blob) => {
                seen.bytes += blob.len();
                shape_of_gpkg(blob)
            }
            Err(e) => Err(Problem::new("bad_geometry", e.to_string())),
        },
        Ok(raw) => Err(Problem::new("bad_geometry", format!("the geometry is of type {}, not a blob", raw.type_info().name()))),
        Err(e) => Err(Problem::new("bad_geometry", e.to_string())),
    };
    let mut properties = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let value = value(row, i + 1, seen);
        if value != Value::Null {
            properties.push((name.clone(), value));
        }
    }
    RawFeature { properties, said: Vec::new(), shape }
}

fn value(row: &sqlx::sqlite::SqliteRow, at: usize, seen: &mut Seen) -> Value<'static> {
    let Ok(raw) = row.try_get_raw(at) else { return Value::Null };
    if raw.is_null() {
        return Value::Null;
    }
    let kind = raw.type_info().into_owned();
    let mut broken = 0;
    let mut text = || -> Option<Value<'static>> {
        match kind.name() {
            "BLOB" => None,
            "REAL" => Some(Value::Number(<f64 as Decode<Sqlite>>::decode(row.try_get_raw(at).ok()?).ok()?.to_string())),
            "INTEGER" | "BOOLEAN" => {
                Some(Value::Number(<i64 as Decode<Sqlite>>::decode(row.try_get_raw(at).ok()?).ok()?.to_string()))
            }
            _ => {
                // Text, and dates, which are text too. Bytes that are no UTF-8 are replaced, and counted.
                let bytes = <&[u8] as Decode<Sqlite>>::decode(row.try_get_raw(at).ok()?).ok()?;
                let text = String::from_utf8_lossy(bytes).into_owned();
                if std::str::from_utf8(bytes).is_err() {
                    broken = text.matches('\u{fffd}').count();
                }
                Some(Value::Text(text))
            }
        }
    };
    let value = text().unwrap_or(Value::Other("a blob"));
    seen.broken += broken;
    if let Value::Text(t) = &value {
        seen.bytes += t.len();
    }
    value
}
