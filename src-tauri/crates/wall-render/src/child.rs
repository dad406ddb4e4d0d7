//! Drawing in a process of its own, so that a fault of a graphics driver never takes the wall down.

use crate::{RenderError, Still, draw, paint::one_line};
use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the parent looks whether the child has ended.
const LOOK: Duration = Duration::from_millis(15);
/// The child's last words kept.
const WORDS: u64 = 16 * 1024;

/// The child's side: reads a [`Still`] as JSON from `input`, draws it, writes the PNG to `output` (complete or not at all).
///
/// The caller prints the error on one line of stderr and ends with a code other than 0.
///
/// # Errors
/// Whatever [`draw`] reports; [`RenderError::Input`] for JSON that is no still; [`RenderError::Io`].
pub fn run_child(mut input: impl Read, output: &Path) -> Result<(), RenderError> {
    let io = |what: &'static str| move |source| RenderError::Io { what, path: output.to_owned(), source };
    let mut json = Vec::new();
    input.read_to_end(&mut json).map_err(|source| RenderError::Io { what: "cannot read", path: "stdin".into(), source })?;
    let still: Still = serde_json::from_slice(&json).map_err(|e| RenderError::Input(format!("not a still: {e}")))?;
    drop(json);
    // A panic becomes an error with its words in it; the usual report of several lines would only hide them.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let png = draw(&still);
    std::panic::set_hook(usual);
    let png = png?;
    let part = part_of(output);
    std::fs::write(&part, png).and_then(|()| std::fs::rename(&part, output)).map_err(|e| {
        let _ = std::fs::remove_file(&part);
        io("cannot write")(e)
    })
}

fn part_of(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    name.into()
}

/// The parent's side: starts `exe` with `args` and then `out`, feeds it the still, and waits at most `timeout`.
///
/// Blocks; call it from a thread that may. The child must end in [`run_child`].
///
/// # Errors
/// [`RenderError::Timeout`] (the child is ended); [`RenderError::Child`] with the child's last line when it fails or is
/// killed; [`RenderError::Io`] when it cannot be started.
pub fn draw_in_child(exe: &Path, args: &[&str], still: &Still, out: &Path, timeout: Duration) -> Result<(), RenderError> {
    let json = serde_json::to_vec(still).map_err(|e| RenderError::Input(e.to_string()))?;
    let io = |what: &'static str| move |source| RenderError::Io { what, path: exe.to_owned(), source };
    let mut child = Command::new(exe)
        .args(args)
        .arg(out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io("cannot start"))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    // Both pipes have their own thread, so that neither side ever waits for the other with a full pipe.
    let feed = thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // A child that ends early closes the pipe; its own words say why.
            let _ = stdin.write_all(&json);
        }
    });
    let listen = thread::spawn(move || {
        let mut words = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(WORDS).read_to_end(&mut words);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        String::from_utf8_lossy(&words).into_owned()
    });

    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(io("cannot wait for"))? {
            Some(status) => break Some(status),
            None if started.elapsed() >= timeout => break None,
            None => thread::sleep(LOOK),
        }
    };
    let Some(status) = status else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(RenderError::Timeout(timeout));
    };
    let _ = feed.join();
    let words = listen.join().unwrap_or_default();
    if status.success() {
        return Ok(());
    }
    let last = words.lines().rev().map(str::trim).find(|l| !l.is_empty());
    Err(RenderError::Child(last.map_or_else(|| format!("the drawing process ended with {status}"), one_line)))
}
