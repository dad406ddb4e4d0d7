use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use geojson::{GeoJson, GeometryValue};
use wall_core::{Cell, CellGeometry, CellIndex, GridPoint, GridPolygon, GridRing, Place};

use crate::subdivision::cell;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn precincts(path: &Path) -> Vec<Cell> {
    let GeoJson::FeatureCollection(all) = std::fs::read_to_string(path).unwrap().parse::<GeoJson>().unwrap() else {
        panic!("not a collection")
    };
    let ring = |r: &[geojson::Position]| -> GridRing {
        let mut points: GridRing = r.iter().map(|p| GridPoint::nearest(Place { lon: p[0], lat: p[1] })).collect();
        if points.first() == points.last() {
            points.pop();
        }
        points
    };
    let polygon = |rings: &[Vec<geojson::Position>]| GridPolygon {
        outer: ring(&rings[0]),
        holes: rings[1..].iter().map(|r| ring(r)).collect(),
    };
    all.features
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let polygons = match &f.geometry.as_ref().unwrap().value {
                GeometryValue::Polygon { coordinates } => vec![polygon(coordinates)],
                GeometryValue::MultiPolygon { coordinates } => coordinates.iter().map(|p| polygon(p)).collect(),
                other => panic!("{other:?}"),
            };
            cell(i as i64, f.property("WDPCT").unwrap().as_str().unwrap(), CellGeometry { polygons })
        })
        .collect()
}

/// Every request of Boston's 2015 lies in the precinct that shapely found (`tests/expected/README.md`).
#[test]
fn boston_agrees_with_an_independent_computation() {
    let data = root().join("../shared/data/boston311");
    if !data.exists() {
        println!("skipped: {} is not there", data.display());
        return;
    }
    let cells = precincts(&data.join("precincts.geojson"));
    let index = CellIndex::build(&cells);
    let expected = unpacked(&root().join("tests/expected/boston_locate.csv.gz"));
    let expected = String::from_utf8(expected).unwrap();
    let mut expected = expected.lines().skip(1);
    let rows = unpacked(&data.join("tickets_2015.csv.gz"));
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(&rows[..]);
    let headers = rows.byte_headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|h| h == name.as_bytes()).unwrap();
    let (lon, lat) = (column("LONGITUDE"), column("LATITUDE"));
    let (mut compared, mut several, mut outside) = (0, 0, 0);
    for row in rows.byte_records() {
        let row = row.unwrap();
        let number = |i: usize| std::str::from_utf8(&row[i]).unwrap().trim().parse::<f64>().unwrap();
        let place = Place { lon: number(lon), lat: number(lat) };
        let (code, flags) = expected.next().unwrap().split_once(',').unwrap();
        let found = index.cell_at(place).map_or("", |id| cells[id.0 as usize - 1].code.as_str());
        if !flags.contains('e') {
            assert_eq!(found, code, "row {compared} at {place:?}");
        }
        several += usize::from(flags.contains('o'));
        outside += usize::from(code.is_empty());
        compared += 1;
    }
    assert_eq!(expected.next(), None);
    assert_eq!((compared, several, outside), (121_145, 5, 41));
}
