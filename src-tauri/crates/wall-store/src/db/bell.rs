//! The bell of a server: rings when anybody wrote, and tells whether the server is there at all.
//!
//! A link that is cut says nothing: what was asked over it would be waited for until the system gives up, a quarter of an hour later.
//! So whoever waits for an answer waits as long as the bell is heard, which asks the server by itself whenever it is quiet: a
//! question of minutes is answered, and one to a server that is gone ends within [`QUIET`], [`ANSWER`] and [`SILENT`] together.

use super::server::{CONNECT_WAIT, unreachable};
use crate::StoreError;
use futures::{
    FutureExt, Stream, StreamExt,
    stream::{BoxStream, poll_fn},
};
use sqlx::{Executor, PgPool, postgres::PgListener};
use std::{
    future::{Future, pending},
    sync::atomic::{AtomicI64, Ordering},
    task::Poll,
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

/// The bell waits between two tries to reach a server: so long at first, twice as long each time, at most a second.
pub(super) const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// After so long without news the server is asked whether it is there.
const QUIET: Duration = Duration::from_secs(2);
/// So long it may take to say so; a new connection to a server that is only slow is tried then.
const ANSWER: Duration = CONNECT_WAIT;
/// An answer is not waited for any longer when the server was not heard for so long.
const SILENT: Duration = Duration::from_secs(2);

/// Counts what was heard.
pub(super) struct Bell {
    rung: AtomicI64,
    /// Whether the server listens to us at the moment.
    heard: watch::Sender<bool>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { rung: AtomicI64::new(0), heard: watch::Sender::new(false) }
    }
}

impl Bell {
    /// How often it rang.
    pub fn rung(&self) -> i64 {
        self.rung.load(Ordering::Relaxed)
    }

    /// Whether the server is there and would tell of news.
    pub fn is_heard(&self) -> bool {
        *self.heard.borrow()
    }

    /// For those who wait for answers.
    pub fn heard(&self) -> Heard {
        Heard(self.heard.subscribe())
    }

    /// Hears the server for as long as `open` says; while it is gone it is tried again, and asked for news afterwards. Each try has
    /// a connection of its own, of `connections`: one that hangs is nobody's any more.
    pub async fn listen(&self, connections: impl Fn() -> PgPool, channel: &str, open: impl Fn() -> bool, committed: impl Fn()) {
        let rings = || {
            self.rung.fetch_add(1, Ordering::Relaxed);
            committed();
        };
        let mut pause = AGAIN.0;
        loop {
            let pool = connections();
            let heard = async {
                let mut listener = PgListener::connect_with(&pool).await?;
                timeout(ANSWER, listener.listen(channel)).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                self.heard.send_replace(true);
                // Whatever was written until now was not heard.
                rings();
                loop {
                    match timeout(QUIET, listener.try_recv()).await {
                        Ok(news) => match news? {
                            Some(_) => rings(),
                            None => return Ok(()),
                        },
                        // So quiet that the server may be gone without a word: a question shows it.
                        Err(_) => match timeout(ANSWER, listener.execute("SELECT 1")).await {
                            Ok(answered) => {
                                answered?;
                            }
                            Err(_) => return Ok(()),
                        },
                    }
                }
            };
            let heard: Result<(), sqlx::Error> = heard.await;
            self.heard.send_replace(false);
            if !open() {
                return;
            }
            // Lost after it had been there, or not to be had.
            pause = if heard.is_ok() { AGAIN.0 } else { (pause * 2).min(AGAIN.1) };
            tokio::time::sleep(pause).await;
        }
    }
}

/// Whether the server is heard, for those who wait for an answer of it.
#[derive(Clone)]
pub(super) struct Heard(watch::Receiver<bool>);

impl Heard {
    /// Of a server that nobody listens to: every answer is waited for.
    #[cfg(test)]
    pub fn always() -> Self {
        Self(watch::channel(true).1)
    }

    /// Ends when the server was not heard for [`SILENT`] on end.
    async fn silence(mut self) {
        loop {
            if self.0.wait_for(|heard| !heard).await.is_err() {
                // Nobody listens any more: the store is closed, which ends its connections.
                return pending().await;
            }
            if timeout(SILENT, self.0.wait_for(|heard| *heard)).await.is_err() {
                return;
            }
        }
    }

    /// An answer, waited for as long as the server is heard.
    ///
    /// # Errors
    /// Its own; [`Fault::Unreachable`](crate::Fault::Unreachable) when the server fell silent before.
    pub async fn answer<T>(&self, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            answer = asked => answer,
            () = self.clone().silence() => Err(silent()),
        }
    }

    /// Rows, each waited for as long as the server is heard: while rows come the bell may be silent.
    pub fn rows<'a, T: 'a>(
        &self,
        mut rows: impl Stream<Item = Result<T, StoreError>> + Send + Unpin + 'a,
    ) -> BoxStream<'a, Result<T, StoreError>> {
        let (heard, mut silence) = (self.clone(), None);
        poll_fn(move |context| match rows.poll_next_unpin(context) {
            Poll::Ready(row) => {
                silence = None;
                Poll::Ready(row)
            }
            Poll::Pending => {
                let silence = silence.get_or_insert_with(|| heard.clone().silence().boxed());
                silence.poll_unpin(context).map(|()| Some(Err(silent())))
            }
        })
        .boxed()
    }
}

fn silent() -> StoreError {
    unreachable("the database server does not answer any more")
}
