//! Work over many things at once, on as many threads as there are processors.

use std::{
    collections::VecDeque,
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{Builder, Result, ScopedJoinHandle, available_parallelism, scope},
};

fn processors() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Does work on `all` things in parts of at least `least` each; what the parts came to, in order. Of few things there is one part, done here.
pub(crate) fn in_parts<R: Send>(all: usize, least: usize, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let size = all.div_ceil(processors()).max(least);
    if all <= size {
        return vec![work(0..all)];
    }
    scope(|scope| {
        let part = |from: usize| from..(from + size).min(all);
        let work = &work;
        let starts = (0..all).step_by(size);
        let begun: Vec<_> = starts.map(|from| (from, Builder::new().spawn_scoped(scope, move || work(part(from))))).collect();
        // Where the system gives no thread the part is done here.
        let done = |(from, thread): (usize, io::Result<ScopedJoinHandle<'_, R>>)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => work(part(from)),
        };
        begun.into_iter().map(done).collect()
    })
}

/// Does work on what `next` gives, until it gives no more, and hands what it came to on to `take`, in the same order. `next` and
/// `take` are called here, the work is done on all processors meanwhile; twice as many pieces as processors are under way at most.
///
/// # Errors
/// The first of `take`; nothing more is taken after it.
pub(crate) fn in_order<T: Send, R: Send, E>(
    mut next: impl FnMut() -> Option<T>,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let ahead = 2 * processors();
    let (give, given) = sync_channel::<(T, SyncSender<Result<R>>)>(ahead);
    let given = Mutex::new(given);
    let on = || {
        loop {
            let piece = given.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((piece, done)) = piece else { return };
            // Nobody waits for it any more when an earlier one failed.
            let _ = done.send(catch_unwind(AssertUnwindSafe(|| work(piece))));
        }
    };
    scope(|scope| {
        let begun = (0..processors()).filter(|_| Builder::new().spawn_scoped(scope, on).is_ok()).count();
        let mut under_way: VecDeque<Receiver<Result<R>>> = VecDeque::new();
        let mut taken = |under_way: &mut VecDeque<Receiver<Result<R>>>| match under_way.pop_front().map(|r| r.recv()) {
            Some(Ok(done)) => take(done.unwrap_or_else(|panic| resume_unwind(panic))),
            Some(Err(_)) | None => Ok(()),
        };
        while let Some(piece) = next() {
            let (done, result) = sync_channel(1);
            under_way.push_back(result);
            match begun {
                // The system gives no thread: it is done here.
                0 => done.send(Ok(work(piece))).unwrap_or_default(),
                _ => give.send((piece, done)).unwrap_or_default(),
            }
            if under_way.len() >= ahead {
                taken(&mut under_way)?;
            }
        }
        drop(give);
        while !under_way.is_empty() {
            taken(&mut under_way)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_at_once_comes_in_order_and_stops_at_the_first_failure() {
        let (mut n, mut taken) = (0, Vec::new());
        let next = || {
            n += 1;
            (n <= 100).then_some(n)
        };
        let slow_at_first = |n: u64| {
            std::thread::sleep(std::time::Duration::from_micros(if n < 10 { 1_000 } else { 0 }));
            n * 2
        };
        let all: std::result::Result<(), ()> = in_order(next, slow_at_first, |n| {
            taken.push(n);
            Ok(())
        });
        assert_eq!((all, &taken), (Ok(()), &(1..=100).map(|n| n * 2).collect()));
        let (mut n, mut taken) = (0, 0);
        let next = || {
            n += 1;
            Some(n)
        };
        let failed = in_order(
            next,
            |n| n,
            |n: u64| {
                taken += 1;
                if n == 7 { Err(n) } else { Ok(()) }
            },
        );
        assert_eq!((failed, taken), (Err(7), 7));
    }

    #[test]
    fn the_parts_are_the_whole_in_order() {
        for all in [0, 1, 9, 10, 11, 1_000] {
            let parts = in_parts(all, 10, |part| part.collect::<Vec<_>>());
            assert_eq!(parts.concat(), (0..all).collect::<Vec<_>>());
            assert!(all > 10 || parts.len() == 1);
        }
    }
}
