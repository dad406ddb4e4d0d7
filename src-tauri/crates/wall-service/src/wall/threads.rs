//! Work over many things at once, on as many threads as there are processors.

use std::{
    io,
    ops::Range,
    panic::resume_unwind,
    thread::{Builder, ScopedJoinHandle, available_parallelism, scope},
};

/// Does work on `all` things in parts of at least `least` each; what the parts came to, in order. Of few things there is one part, done here.
pub(super) fn in_parts<R: Send>(all: usize, least: usize, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let threads = available_parallelism().map_or(1, std::num::NonZero::get);
    let size = all.div_ceil(threads).max(least);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole_in_order() {
        for all in [0, 1, 9, 10, 11, 1_000] {
            let parts = in_parts(all, 10, |part| part.collect::<Vec<_>>());
            assert_eq!(parts.concat(), (0..all).collect::<Vec<_>>());
            assert!(all > 10 || parts.len() == 1);
        }
    }
}
