//! Pictures are drawn two at a time; who asks waits in a line with a deadline, and who asks what was just drawn gets the
//! same picture. A picture is known by what it shows, at which revision and moment, and by how near the asker sees: who
//! sees something else never gets it (ADR 0024).

use super::{AsOf, HeatImage, HeatQuery, WallError, shown::Sight};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use wall_core::UtcMs;

/// Rasters drawn at once.
pub(super) const DRAWN_AT_ONCE: usize = 2;
/// Whose turn does not come within this time is told so; how long a drawing takes is the drawing's own concern.
const DEADLINE: Duration = Duration::from_secs(30);
/// Pictures kept for others who ask the same, in number and bytes.
const KEPT: usize = 64;
const KEPT_BYTES: usize = 32 << 20;
/// Pictures of now are of the same moment within this time: nothing fades visibly in it.
const MOMENT_MS: i64 = 5_000;

/// The moment of a picture of now; one of another time has none but that.
pub(crate) fn moment_of(as_of: AsOf, now: UtcMs) -> i64 {
    if as_of.time().is_some() { 0 } else { now.0.div_euclid(MOMENT_MS) }
}

/// What a kept picture weighs.
pub(crate) trait Weight {
    /// Bytes.
    fn bytes(&self) -> usize;
}

impl Weight for HeatImage {
    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl Weight for bytes::Bytes {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// What tells one raster of the heat from another.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Asked {
    sight: Sight,
    query: HeatQuery,
    max: f64,
    /// Exactly the time asked about, else the moment of now.
    as_of: AsOf,
    moment: i64,
    revision: i64,
}

impl Asked {
    /// A question at a revision of the world; `max` is the density at 255 that holds for it.
    pub fn new(sight: Sight, query: &HeatQuery, max: f64, as_of: AsOf, now: UtcMs, revision: i64) -> Self {
        let moment = moment_of(as_of, now);
        // Who comes first in the line is not part of the picture.
        let query = HeatQuery { first: false, max: None, ..query.clone() };
        Self { sight, query, max, as_of, moment, revision }
    }
}

/// A picture, and what became of a drawing whose askers went away.
struct Kept<P> {
    picture: OnceCell<P>,
    drawn: Mutex<Option<P>>,
}

impl<P> Default for Kept<P> {
    fn default() -> Self {
        Self { picture: OnceCell::new(), drawn: Mutex::new(None) }
    }
}

impl<P> Kept<P> {
    /// Whether it was drawn.
    fn is_there(&self) -> bool {
        self.picture.initialized() || self.drawn.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// A picture that was drawn, or will be.
struct Line<A, P> {
    asked: A,
    /// Whether it waits before others: a wall does not wait for somebody further behind who asks the same.
    first: bool,
    kept: Arc<Kept<P>>,
}

/// The line before the drawing, and what was drawn lately, newest use first.
///
/// `A` tells one picture from another, `P` is a picture.
pub(crate) struct Pictures<A, P> {
    drawing: Arc<Semaphore>,
    /// Who is not a wall passes here first: a wall waits for a picture under way, not for others' lines.
    common: Arc<Semaphore>,
    kept: Mutex<Vec<Line<A, P>>>,
    drawn: AtomicU64,
    deadline: Duration,
}

impl<A: PartialEq, P: Clone + Weight> Pictures<A, P> {
    /// Of which so many are drawn at once.
    pub fn new(at_once: usize) -> Self {
        let slots = || Arc::new(Semaphore::new(at_once));
        Self { drawing: slots(), common: slots(), kept: Mutex::default(), drawn: AtomicU64::new(0), deadline: DEADLINE }
    }

    /// Pictures drawn so far.
    pub fn drawn(&self) -> u64 {
        self.drawn.load(Relaxed)
    }

    /// The picture that was asked for, drawn when nobody has it yet. Whoever asks the same meanwhile waits for the same
    /// drawing; whoever goes away before it began is not drawn for.
    ///
    /// # Errors
    /// The line did not come to it in time.
    pub async fn get<E>(&self, asked: A, first: bool, draw: impl FnOnce() -> Result<P, E> + Send + 'static) -> Result<P, E>
    where
        P: Send + Sync + 'static,
        E: From<WallError> + Send + 'static,
    {
        let kept = self.place_of(asked, first);
        let image = kept.picture.get_or_try_init(|| async {
            let turn = tokio::time::timeout(self.deadline, self.turn(first)).await;
            let turn = turn.map_err(|_| WallError::PicturesFull { retry_after_s: 2 })??;
            if let Some(drawn) = kept.drawn.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(drawn);
            }
            self.drawn.fetch_add(1, Relaxed);
            // The turn goes along: a drawing whose asker went away still counts, and is there for who asks next.
            let keeps = kept.clone();
            on_a_thread(move || -> Result<P, E> {
                let _turn = turn;
                let picture = draw()?;
                *keeps.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture.clone());
                Ok(picture)
            })
            .await
        });
        Ok(image.await?.clone())
    }

    async fn turn(&self, first: bool) -> Result<(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>), WallError> {
        let enter = async |line: &Arc<Semaphore>| line.clone().acquire_owned().await.map_err(std::io::Error::other);
        let common = if first { None } else { Some(enter(&self.common).await?) };
        // In this order: dropped, the drawing is free for the next in its line before another joins it.
        Ok((enter(&self.drawing).await?, common))
    }

    /// Where a picture is kept, or will be.
    fn place_of(&self, asked: A, first: bool) -> Arc<Kept<P>> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits any more for what is not there and only known here.
        all.retain(|line| line.kept.is_there() || Arc::strong_count(&line.kept) > 1);
        let found = all.iter().position(|l| l.asked == asked && (l.first == first || l.kept.is_there()));
        let line = found.map(|i| all.remove(i)).unwrap_or_else(|| Line { asked, first, kept: Arc::default() });
        let kept = line.kept.clone();
        all.insert(0, line);
        let mut bytes = 0;
        let mut number = 0;
        all.retain(|line| {
            // What is being drawn is waited for: it is in the line, which has a bound of its own.
            let Some(image) = line.kept.picture.get() else { return true };
            (bytes, number) = (bytes + image.bytes(), number + 1);
            bytes <= KEPT_BYTES && number <= KEPT
        });
        kept
    }
}

/// Work that takes longer than a breath leaves the async threads.
pub(super) async fn on_a_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(r) => r,
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::future::join_all;
    use std::sync::mpsc;

    fn asked(sight: Sight, width: u32) -> Asked {
        let bounds = [120.0, 30.0, 121.0, 31.0];
        let query = HeatQuery { bounds, width, height: 1, time_left: false, sigma_m: None, max: None, first: true };
        Asked::new(sight, &query, 1.0, AsOf::default(), UtcMs(0), 1)
    }

    fn image(bytes: usize) -> HeatImage {
        HeatImage { bytes: Bytes::from(vec![0; bytes]), peak: 0.0, high: 0.0, max: 1.0, at: UtcMs(0), revision: 1 }
    }

    fn pictures() -> Pictures<Asked, HeatImage> {
        Pictures::new(DRAWN_AT_ONCE)
    }

    /// A drawing that goes on until it is told to end; says when it began.
    fn held(
        began: &mpsc::Sender<u32>,
        n: u32,
    ) -> (mpsc::Sender<()>, impl FnOnce() -> Result<HeatImage, WallError> + Send + 'static) {
        let (end, ended) = mpsc::channel::<()>();
        let began = began.clone();
        (end, move || {
            let _ = began.send(n);
            let _ = ended.recv();
            Ok(image(1))
        })
    }

    #[tokio::test]
    async fn who_asks_the_same_shares_a_drawing_and_who_sees_otherwise_does_not() {
        let pictures = pictures();
        let ask = |sight, width| pictures.get(asked(sight, width), false, move || Ok::<_, WallError>(image(width as usize)));
        join_all((0..10).map(|_| ask(Sight::Exact, 4))).await;
        assert_eq!(pictures.drawn(), 1);
        assert_eq!(ask(Sight::Exact, 5).await.unwrap().bytes.len(), 5);
        ask(Sight::Coarse, 4).await.unwrap();
        assert_eq!(pictures.drawn(), 3);
        let at =
            |now, revision| Asked::new(Sight::Exact, &asked(Sight::Exact, 4).query, 1.0, AsOf::default(), UtcMs(now), revision);
        assert_eq!(at(0, 1), at(MOMENT_MS - 1, 1));
        assert_ne!(at(0, 1), at(MOMENT_MS, 1));
        assert_ne!(at(0, 1), at(0, 2));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_at_a_time_walls_first_and_nothing_for_who_went_away() {
        let pictures = Arc::new(pictures());
        let (began, begins) = mpsc::channel();
        let spawn = |n: u32, first| {
            let (end, draw) = held(&began, n);
            let pictures = pictures.clone();
            (end, tokio::spawn(async move { pictures.get(asked(Sight::Exact, n + 1), first, draw).await.unwrap() }))
        };
        let next = || begins.recv_timeout(Duration::from_secs(30)).unwrap();
        let mut common: Vec<_> = Vec::new();
        for n in 0..4 {
            common.push(spawn(n, false));
            if n < 2 {
                assert_eq!(next(), n);
            }
        }
        // The third goes away before its turn; a wall comes last.
        common[2].1.abort();
        let (wall_end, wall) = spawn(9, true);
        while pictures.kept.lock().unwrap().len() < 4 {
            tokio::task::yield_now().await;
        }
        assert!(begins.try_recv().is_err(), "two at a time");
        common[0].0.send(()).unwrap();
        assert_eq!(next(), 9, "the wall before who came earlier");
        wall_end.send(()).unwrap();
        wall.await.unwrap();
        assert_eq!(next(), 3);
        for n in [1, 3] {
            common[n].0.send(()).unwrap();
        }
        for (n, (_, task)) in common.into_iter().enumerate() {
            assert_eq!(task.await.is_ok(), n != 2);
        }
        assert_eq!(pictures.drawn(), 4, "nobody drew for who went away");
        assert_eq!(pictures.drawing.available_permits(), DRAWN_AT_ONCE);
        assert_eq!(pictures.common.available_permits(), DRAWN_AT_ONCE);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_begun_for_who_went_away_is_there_for_the_next() {
        let pictures: Arc<Pictures<Asked, HeatImage>> = Arc::new(Pictures::new(1));
        let (began, begins) = mpsc::channel();
        let (end, draw) = held(&began, 0);
        let asker = {
            let pictures = pictures.clone();
            tokio::spawn(async move { pictures.get(asked(Sight::Exact, 1), false, draw).await })
        };
        begins.recv_timeout(Duration::from_secs(30)).unwrap();
        asker.abort();
        let _ = asker.await;
        end.send(()).unwrap();
        let again = || -> Result<HeatImage, WallError> { panic!("drawn twice") };
        assert_eq!(pictures.get(asked(Sight::Exact, 1), false, again).await.unwrap().bytes.len(), 1);
        assert_eq!(pictures.drawn(), 1);
    }

    /// The wait for a turn has a deadline, and a drawing that began in time is not cut by it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_drawing_has_its_own_time() {
        let deadline = Duration::from_secs(1);
        let pictures: Arc<Pictures<Asked, HeatImage>> = Arc::new(Pictures { deadline, ..Pictures::new(1) });
        let (began, begins) = mpsc::channel();
        let spawn = |n: u32| {
            let (end, draw) = held(&began, n);
            let pictures = pictures.clone();
            (end, tokio::spawn(async move { pictures.get(asked(Sight::Exact, n + 1), true, draw).await }))
        };
        let (end, drawn) = spawn(0);
        begins.recv_timeout(Duration::from_secs(30)).unwrap();
        let (_end, waiting) = spawn(1);
        let waited = waiting.await.unwrap();
        assert!(matches!(waited, Err(WallError::PicturesFull { .. })), "its turn did not come");
        // The first one draws for longer than the deadline by now.
        end.send(()).unwrap();
        assert_eq!(drawn.await.unwrap().unwrap().bytes.len(), 1);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let pictures = pictures();
        for n in 0..40 {
            pictures.get(asked(Sight::Exact, n + 1), false, || Ok::<_, WallError>(image(1 << 20))).await.unwrap();
        }
        // The one asked for last is counted when the next comes.
        assert!(pictures.kept.lock().unwrap().len() <= (KEPT_BYTES >> 20) + 1);
    }
}
