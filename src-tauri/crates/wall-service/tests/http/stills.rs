//! Still pictures: what is asked of the painter, who shares a picture, and what is said where none is drawn.

use crate::{
    Room, get,
    plans::{admin, squares},
    with,
};
use axum::http::StatusCode;
use bytes::Bytes;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use wall_service::{
    http::{Painter, Scene, StillAsked},
    wall::{CellsImport, Wall},
};
use wall_store::{Actor, Role};

/// Draws nothing, and remembers what it was asked for.
#[derive(Default)]
struct Notes {
    asked: Mutex<Vec<(String, StillAsked)>>,
    fails: AtomicUsize,
}

impl Painter for Notes {
    fn paint(&self, wall: &Wall, actor: &Actor, asked: &StillAsked) -> Result<Bytes, String> {
        // A painter asks the wall while it holds its turn.
        let facts =
            tokio::runtime::Handle::current().block_on(wall.still_facts(actor, asked.as_of)).map_err(|e| e.to_string())?;
        self.asked.lock().unwrap().push((actor.role.code().into(), asked.clone()));
        match self.fails.load(SeqCst) {
            0 => Ok(Bytes::from(format!("png of {} cells", facts.cells.len()))),
            _ => Err("no graphics adapter was found; install one".into()),
        }
    }
}

async fn room() -> (Room, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let painter: Arc<dyn Painter> = notes.clone();
    (Room::with(|o| o.painter = Some(painter)).await, notes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_drawn_once_for_all_who_see_the_same() {
    let (room, notes) = room().await;
    let import =
        CellsImport {
            network: "general", name: "现行方案", records: &squares(), doubts: &[], publish: true, effective: None
        };
    room.wall.import_cells(&admin(), import, &serde_json::json!({})).await.unwrap();
    let (operator, leader, viewer) = (
        room.token("o", Role::Operator, true).await,
        room.token("l", Role::Leader, true).await,
        room.token("v", Role::Viewer, true).await,
    );
    // Of a stated time: a picture of now is another one after five seconds.
    let path = "/api/v1/still.png?scene=time_left&width=800&height=600&bare=1&as_of=2100-01-01T00:00:00Z";
    let first = room.get(&operator, path).await;
    assert_eq!((first.status, first.header("content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(first.text(), "png of 9 cells");
    room.get(&leader, path).await;
    assert_eq!(notes.asked.lock().unwrap().len(), 1, "both see the same");
    room.get(&viewer, path).await;
    let asked = notes.asked.lock().unwrap().clone();
    assert_eq!(asked.iter().map(|(role, _)| role.as_str()).collect::<Vec<_>>(), ["operator", "viewer"]);
    let StillAsked { scene, width, height, as_of, bare } = &asked[0].1;
    assert_eq!((*scene, *width, *height, *bare), (Scene::TimeLeft, 800, 600, true));
    assert!(as_of.time().is_some());
    // Every part of the question makes another picture.
    for other in ["scene=heat&width=800", "scene=open&width=800", "scene=heat&width=801", "scene=heat&width=800&bare=1"] {
        room.get(&operator, &format!("/api/v1/still.png?{other}&as_of=2100-01-01T00:00:00Z")).await;
    }
    assert_eq!(notes.asked.lock().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_drawn_is_said() {
    let (room, notes) = room().await;
    let operator = room.token("o", Role::Operator, true).await;
    for wrong in ["scene=lava", "width=63", "width=3841", "height=0", "height=2161", "bare=yes", "as_of=noon"] {
        assert_eq!(room.get(&operator, &format!("/api/v1/still.png?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert!(notes.asked.lock().unwrap().is_empty());
    notes.fails.store(1, SeqCst);
    let refused = room.get(&operator, "/api/v1/still.png").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not_drawn"));
    assert!(refused.text().contains("no graphics adapter"), "{refused:?}");
    // Asked again at each poll, it is not tried each time: whoever asks is told when it will be.
    for _ in 0..3 {
        let again = room.get(&operator, "/api/v1/still.png").await;
        assert_eq!((again.status, again.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not_drawn"));
        assert!((1..=30).contains(&again.header("retry-after").parse::<u64>().unwrap()), "{again:?}");
        assert!(again.text().contains("no graphics adapter"), "{again:?}");
    }
    assert_eq!(notes.asked.lock().unwrap().len(), 1, "it was tried once");
    // Of another picture nothing is known.
    notes.fails.store(0, SeqCst);
    assert_eq!(room.get(&operator, "/api/v1/still.png?scene=owner").await.status, StatusCode::OK);
    assert_eq!(room.ask(get("/api/v1/still.png")).await.status, StatusCode::UNAUTHORIZED);

    let without = Room::new().await;
    let token = without.token("o", Role::Operator, true).await;
    let refused = without.ask(with(get("/api/v1/still.png"), "authorization", &format!("Bearer {token}"))).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_IMPLEMENTED, "no_painter"));
}
