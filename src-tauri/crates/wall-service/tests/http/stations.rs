//! Browsers that came in by a one-time link: their right outlives a restart, and ends when it is ended.

use crate::{Room, get, request, with};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use wall_store::{Actor, Role};

impl Room {
    async fn as_station(&self, cookie: &str) -> StatusCode {
        self.ask(with(get("/api/v1/wall"), "cookie", cookie)).await.status
    }

    /// The same data after the program ended and was started again.
    async fn restarted(self) -> Self {
        let Self { wall, folder, router, options } = self;
        drop((router, options));
        wall.store().close().await;
        drop(wall);
        Self::at(folder, |_| {}).await
    }
}

#[tokio::test]
async fn a_stations_right_survives_a_restart() {
    let room = Room::new().await;
    let cookie = room.cookie(Role::Operator).await;
    let link = room.options.doors.issue_link(Role::Operator).unwrap();
    let set = room.ask(get(&link)).await.header("set-cookie").to_owned();
    assert!(set.contains("Max-Age=604800"), "it outlives the browser, for seven days: {set}");
    let room = room.restarted().await;
    assert_eq!(room.as_station(&cookie).await, StatusCode::OK);
    let info = room.ask(with(get("/api/v1/wall"), "cookie", &cookie)).await.json();
    assert_eq!(info["actor"]["role"], "operator");
    assert_eq!(room.as_station("gridwall_session=gl_0000").await, StatusCode::UNAUTHORIZED);
    // The database holds no secret.
    let secret = cookie.split_once('=').unwrap().1;
    for file in std::fs::read_dir(room.folder.path().join("data")).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            let bytes = std::fs::read(file.path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{:?}", file.path());
        }
    }
}

#[tokio::test]
async fn a_station_that_is_ended_stays_out_and_is_listed() {
    let room = Room::new().await;
    let (first, second) = (room.cookie(Role::Operator).await, room.cookie(Role::Viewer).await);
    assert_eq!((room.as_station(&first).await, room.as_station(&second).await), (StatusCode::OK, StatusCode::OK));
    let stations = room.wall.store().stations().await.unwrap();
    assert_eq!(stations.iter().map(|s| (s.role, s.ended_at)).collect::<Vec<_>>(), [(Role::Viewer, None), (Role::Operator, None)]);
    let admin = Actor::new("test", Role::Admin, "cli");
    assert!(room.wall.end_station(&admin, stations[1].id).await.unwrap());
    assert!(!room.wall.end_station(&admin, stations[1].id).await.unwrap(), "once");
    assert_eq!((room.as_station(&first).await, room.as_station(&second).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    let room = room.restarted().await;
    assert_eq!((room.as_station(&first).await, room.as_station(&second).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    assert!(room.wall.store().stations().await.unwrap()[1].ended_at.is_some());
    assert!(room.wall.store().verify_audit().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn signing_out_ends_the_right_of_a_station_too() {
    let room = Room::new().await;
    let cookie = room.cookie(Role::Operator).await;
    let leave =
        with(with(request(Method::DELETE, "/api/v1/session", Body::empty()), "cookie", &cookie), "sec-fetch-site", "same-origin");
    let answer = room.ask(leave).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(room.as_station(&cookie).await, StatusCode::UNAUTHORIZED);
}
