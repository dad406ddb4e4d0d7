//! A link to the server that is cut without a word: nothing is closed, and nothing comes any more.

use super::{Held, sql, tests::schema};
use crate::{
    Fault, Store, StoreError,
    fault_tests::{begin, put},
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// No question is waited for longer than this; writes ask what became of them for ten seconds more.
const BOUND: Duration = Duration::from_secs(9);

/// A link that carries everything as long as it is told to, and keeps what comes meanwhile.
struct Cable {
    at: SocketAddr,
    carries: watch::Sender<bool>,
}

impl Cable {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let carries = watch::Sender::new(true);
        let told = carries.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (mut told, server) = (told.clone(), server.clone());
                tokio::spawn(async move {
                    // What is connected while it is cut is not connected yet.
                    told.wait_for(|carries| *carries).await.ok()?;
                    let (near_reads, near_writes) = near.into_split();
                    let (far_reads, far_writes) = TcpStream::connect(server).await.ok()?.into_split();
                    for (mut from, mut to) in [(near_reads, far_writes), (far_reads, near_writes)] {
                        let mut told = told.clone();
                        tokio::spawn(async move {
                            let mut bytes = vec![0; 1 << 16];
                            loop {
                                let n = from.read(&mut bytes).await.ok().filter(|n| *n > 0)?;
                                told.wait_for(|carries| *carries).await.ok()?;
                                to.write_all(&bytes[..n]).await.ok()?;
                            }
                            #[allow(unreachable_code)]
                            Some(())
                        });
                    }
                    Some(())
                });
            }
        });
        Self { at, carries }
    }

    fn cut(&self, is_cut: bool) {
        self.carries.send_replace(!is_cut);
    }
}

/// A store behind a cable; `None` = there is no server to ask.
async fn behind_a_cable(folder: &std::path::Path) -> Option<(Store, Cable)> {
    let url = schema("silence")?;
    let place = url.split_once('@').unwrap().1.split_once('/').unwrap().0;
    let cable = Cable::to(place.to_owned()).await;
    let store = Store::open_at(folder, Some(&url.replace(place, &cable.at.to_string()))).await.unwrap();
    Some((store, cable))
}

fn is_unreachable<T>(answer: &Result<T, StoreError>) -> bool {
    answer.as_ref().is_err_and(|error| error.fault() == Some(Fault::Unreachable))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_cut_ends_every_question_in_time_and_the_store_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some((store, cable)) = behind_a_cable(folder.path()).await else { return };
    put(&store, "before", 10).await.unwrap();
    // On their way when the link is cut: questions of every kind, and a write before its commit.
    let mut held = store.inner.read.hold().await.unwrap();
    let mut streamed = store.inner.read.hold().await.unwrap();
    let tx = begin(&store).await.unwrap();
    cable.cut(true);
    let cut = Instant::now();
    let single = async { (held.one(sql("SELECT 1 AS one")).await, cut.elapsed()) };
    let rows = async {
        use futures::TryStreamExt;
        let rows = streamed.stream(sql("SELECT n FROM generate_series(1, 9) n")).unwrap().try_collect::<Vec<_>>().await;
        (rows, cut.elapsed())
    };
    let pool = futures::future::join_all((0..20).map(|_| async { (store.setting("before").await, cut.elapsed()) }));
    let commit = async { (tx.commit().await, cut.elapsed()) };
    let (single, rows, pool, commit) = tokio::join!(single, rows, pool, commit);
    assert!(is_unreachable(&single.0) && single.1 < BOUND, "{:?}", single.1);
    assert!(is_unreachable(&rows.0) && rows.1 < BOUND, "{:?}", rows.1);
    for (answer, after) in pool {
        assert!(is_unreachable(&answer) && after < BOUND, "{after:?}");
    }
    assert!(is_unreachable(&commit.0) && commit.1 < BOUND + Duration::from_secs(15), "{:?}", commit.1);
    drop((held, streamed));
    // Still cut: who asks now is told as well, and so is who writes.
    let again = Instant::now();
    assert!(is_unreachable(&store.setting("before").await) && again.elapsed() < BOUND);
    assert!(is_unreachable(&put(&store, "meanwhile", 10).await) && again.elapsed() < BOUND * 2);

    cable.cut(false);
    let back = Instant::now();
    while store.setting("before").await.is_err() || put(&store, "after", 10).await.is_err() {
        assert!(back.elapsed() < BOUND, "the store did not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.setting("meanwhile").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_question_to_a_server_that_is_there_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let Some((store, _cable)) = behind_a_cable(folder.path()).await else { return };
    let mut held = store.inner.read.hold().await.unwrap();
    // No row for longer than any silence is borne.
    held.one(sql("SELECT pg_sleep(10)::text AS slept")).await.unwrap();
    assert!(matches!(held, Held::Postgres(_)));
}
