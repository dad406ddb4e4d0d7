//! What a reading process may take, and why one ended: files of others are taken apart in a process of its own, with
//! ceilings in memory and time that the system keeps. Whatever a file does to its reader, the program goes on.

use std::time::Duration;

/// Memory that reading may take: with the program's own, below 512 MiB.
const MEMORY: u64 = 448 << 20;
/// Seconds of work …
const WORK_S: u64 = 240;
/// … and of waiting, that reading may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// Largest file that a reader writes.
pub(super) const ANSWER: u64 = 1 << 30;
/// A reader's last words kept.
pub(super) const WORDS: u64 = 16 * 1024;

/// Sets the ceilings, before anything is opened. A reader ends with the process that started it.
#[cfg(unix)]
pub(super) fn limit_this_process() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let both = |n| Rlimit { current: Some(n), maximum: Some(n) };
    // A limit that this system does not keep is no reason not to read: the parent's deadline stands.
    let _ = setrlimit(Resource::Data, both(MEMORY));
    let _ = setrlimit(Resource::Cpu, both(WORK_S));
    let _ = setrlimit(Resource::Fsize, both(ANSWER));
    let _ = setrlimit(Resource::Core, both(0));
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(not(unix))]
pub(super) fn limit_this_process() {}

/// Why a reader gave no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// It took more than it may, in words.
    OverLimit(String),
    /// Something else, in words.
    Otherwise(String),
}

/// Words for a reader that is waited for no longer.
pub(super) fn too_long() -> String {
    format!("reading it takes longer than {} s", PATIENCE.as_secs())
}

/// Why a reader ended without an answer, from how it ended and its last words.
pub(super) fn why_it_ended(status: std::process::ExitStatus, words: &str) -> Ended {
    let no_memory = words.contains("memory allocation of") || words.contains("Cannot allocate memory");
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use std::os::unix::process::ExitStatusExt;
        let signal = status.signal();
        if signal == Some(Signal::XCPU.as_raw()) || (signal == Some(Signal::KILL.as_raw()) && !no_memory) {
            return Ended::OverLimit(format!("reading it takes more than {WORK_S} s of work"));
        }
        if signal == Some(Signal::XFSZ.as_raw()) {
            return Ended::OverLimit("what it holds is more than is taken".into());
        }
    }
    if no_memory {
        return Ended::OverLimit(format!("reading it takes more than {} MiB of memory", 512));
    }
    let last = words.lines().rev().map(str::trim).find(|l| !l.is_empty());
    Ended::Otherwise(last.map_or_else(|| format!("the reader ended with {status}"), |l| l.chars().take(300).collect()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::process::Signal;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn why_a_reader_ended_is_said_in_words() {
        let ended = |status: i32, words: &str| why_it_ended(std::process::ExitStatus::from_raw(status), words);
        let over = |status, words, part: &str| match ended(status, words) {
            Ended::OverLimit(what) => assert!(what.contains(part), "{what}"),
            Ended::Otherwise(what) => panic!("{what}"),
        };
        over(Signal::XCPU.as_raw(), "", "240 s of work");
        over(Signal::KILL.as_raw(), "", "240 s of work");
        over(Signal::ABORT.as_raw(), "memory allocation of 402653184 bytes failed", "512 MiB of memory");
        over(Signal::XFSZ.as_raw(), "", "more than is taken");
        assert_eq!(ended(256, "a\nno such option\n\n"), Ended::Otherwise("no such option".to_owned()));
        assert!(matches!(ended(256, ""), Ended::Otherwise(what) if what.contains("exit status: 1")));
    }
}
