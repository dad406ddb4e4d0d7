//! What a caller is told when disk or files fail, and that it ends by itself.

use super::*;

fn big_ticket(id: usize) -> String {
    let text = "很长的说明".repeat(2_000);
    serde_json::json!({ "source": "feed", "id": format!("big-{id}"), "category": "noise", "title": "长", "lon": 120.5, "lat": 31.25,
        "description": text })
    .to_string()
}

fn small_ticket(id: &str) -> String {
    serde_json::json!({ "source": "feed", "id": id, "category": "noise", "title": "短", "lon": 120.5, "lat": 31.25 }).to_string()
}

async fn trouble(room: &Room, token: &str) -> Value {
    room.get(token, "/api/v1/snapshot").await.json()["freshness"]["store_trouble"].clone()
}

/// Unmounted however the test ends.
#[cfg(target_os = "linux")]
struct Mounted(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_everywhere_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    if wall_tests::database_of(folder.path()).is_some() {
        eprintln!("skipped: the database is not on the disk of the data directory");
        return;
    }
    let path = folder.path().to_owned();
    let disk = Mounted(path.clone());
    let mut mount = std::process::Command::new("mount");
    let mounted = mount.args(["-t", "tmpfs", "-o", "size=12m", "gridwall-test"]).arg(&path).output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: a small disk cannot be mounted here (root is needed)");
        return;
    }
    let room = Room::at(folder, |_| {}).await;
    let admin = room.token("admin", Role::Admin, true).await;
    assert_eq!(room.ask(get("/readyz")).await.status, StatusCode::OK);

    let ballast = path.join("ballast");
    let free = 12 * 1024 * 1024 - used_bytes(&path);
    std::fs::write(&ballast, vec![0; free - 256 * 1024]).unwrap();
    let lines: Vec<String> = (0..100).map(big_ticket).collect();
    // Several in a row, as a feed would: none is taken, each is told when to come again.
    for _ in 0..3 {
        let answer = room.post(&admin, "/api/v1/tickets", "application/x-ndjson", lines.join("\n")).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::INSUFFICIENT_STORAGE, "store_full"), "{answer:?}");
        assert_eq!(answer.header("retry-after"), "10");
    }
    let ready = room.ask(get("/readyz")).await;
    assert_eq!((ready.status, ready.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not_ready"));
    assert!(ready.text().contains("store_full"), "{ready:?}");
    room.until("the wall says it", async || (trouble(&room, &admin).await == "full").then_some(())).await;

    std::fs::remove_file(&ballast).unwrap();
    room.until("ready again", async || (room.ask(get("/readyz")).await.status == StatusCode::OK).then_some(())).await;
    room.until("the wall says that too", async || trouble(&room, &admin).await.is_null().then_some(())).await;
    let answer = room.post(&admin, "/api/v1/tickets", "application/x-ndjson", lines.join("\n")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(room.post(&admin, "/api/v1/tickets", "application/json", small_ticket("a")).await.status, StatusCode::OK);
    room.wall.store().close().await;
    drop(disk);
}

fn used_bytes(folder: &std::path::Path) -> usize {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let about = entry.metadata().unwrap();
        sum += if about.is_dir() { used_bytes(&entry.path()) } else { about.len() as usize };
    }
    sum
}
