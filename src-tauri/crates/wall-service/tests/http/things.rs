//! Everything that sources list: of whichever kind, it comes in once, is in the audit log, and what stands at a place is found on the
//! map, nearby and by search, also after the wall was ended and opened anew.

use super::Room;
use super::plans::admin;
use futures::future::BoxFuture;
use std::{collections::HashSet, io::Cursor};
use wall_service::{
    import::{EncodingChoice, Read, ReadOptions, Source},
    things::{Thing, ThingKind, Visit, open},
    wall::{Wall, kinds_of_points},
};
use wall_store::{Role, Upserts};

const PLACE: [f64; 2] = [120.1001, 30.2002];
const NAME: &str = "北站东口";

/// One thing as GeoJSON that says whatever any kind must know: at a point, or along a line.
fn features() -> [String; 2] {
    let properties = serde_json::json!({ "id": "n1", "code": "n1", "name": NAME });
    let line = [PLACE, [120.2, 30.2]];
    [
        serde_json::json!({ "type": "Point", "coordinates": PLACE }),
        serde_json::json!({ "type": "LineString", "coordinates": line }),
    ]
    .map(|geometry| serde_json::json!({ "type": "Feature", "properties": properties, "geometry": geometry }).to_string())
}

fn read<T: Thing>() -> T {
    let read = |text: String| {
        let source = Source::from_reader("f.geojson", Box::new(Cursor::new(text)), EncodingChoice::Auto).unwrap();
        open::<T>(source, &ReadOptions::default()).unwrap().find_map(|row| match row.unwrap() {
            Read::Record { record, .. } => Some(record),
            Read::Reject(_) => None,
        })
    };
    features().into_iter().find_map(read).unwrap_or_else(|| panic!("{} takes neither a point nor a line", T::COMMAND))
}

/// Imports one of a kind, twice.
struct Twice(Wall);

impl Visit for Twice {
    type Out = BoxFuture<'static, [Upserts; 2]>;

    fn visit<T: Thing>(self) -> Self::Out {
        Box::pin(async move {
            let records = [read::<T>()];
            let import = async || self.0.import_things(&admin(), &records).await.unwrap();
            [import().await, import().await]
        })
    }
}

async fn found_on_the_map(room: &Room, token: &str) {
    room.settle().await;
    let ask = async |path: String| {
        let answer = room.get(token, &format!("/api/v1/{path}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        answer.json()
    };
    let [lon, lat] = PLACE;
    let hits = ask(format!("search?q={NAME}")).await;
    for kind in kinds_of_points().into_iter().filter(|kind| !["ticket", "staff"].contains(kind)) {
        let near = ask(format!("near?lon={lon}&lat={lat}&kind={kind}&k=1")).await;
        assert_eq!((&near[0]["external_id"], &near[0]["name"]), (&"n1".into(), &NAME.into()), "{kind}: {near}");
        let points = ask(format!("points?west=120&south=30&east=121&north=31&kinds={kind}")).await;
        assert_eq!(points["features"][0]["properties"]["kind"], kind, "{points}");
        assert!(hits.as_array().unwrap().iter().any(|hit| hit["kind"] == kind && hit["title"] == NAME), "{kind}: {hits}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_listed_comes_in_once_and_is_found() {
    let room = Room::new().await;
    for kind in ThingKind::ALL {
        let [first, second] = kind.go(Twice(room.wall.clone())).await;
        assert_eq!(first, Upserts { created: 1, updated: 0, unchanged: 0 }, "{kind:?}");
        assert_eq!(second, Upserts { created: 0, updated: 0, unchanged: 1 }, "{kind:?}");
    }
    let token = room.token("operator", Role::Operator, true).await;
    let lines = room.wall.store().audit_lines(1, 1_000).await.unwrap();
    let imports: Vec<&str> = lines.iter().filter_map(|l| l.action.strip_prefix("import.")).collect();
    assert_eq!(
        imports,
        ThingKind::ALL.iter().map(|kind| kind.command()).collect::<Vec<_>>(),
        "a line each, none for what is known"
    );
    found_on_the_map(&room, &token).await;
    found_on_the_map(&room.again(|_| {}).await, &token).await;
}

#[test]
fn every_kind_has_words_and_a_command_of_its_own() {
    let words: serde_json::Value = serde_json::from_str(include_str!("../../../../../ui/src/locale/kinds.json")).unwrap();
    for kind in kinds_of_points() {
        for language in ["zh-CN", "en"] {
            assert!(words[kind][language].as_str().is_some_and(|word| !word.is_empty()), "kinds.json: {kind}, {language}");
        }
    }
    let others = ["cells", "owners", "tickets", "register", "help"];
    let mut commands: HashSet<&str> = others.into();
    for kind in ThingKind::ALL {
        assert!(commands.insert(kind.command()), "{} twice", kind.command());
        assert!(!kind.help().is_empty() && !kind.help().ends_with('.'), "{}: {}", kind.command(), kind.help());
    }
}
