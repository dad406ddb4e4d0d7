use crate::{Client, DataDir, until};
use std::{
    io::Read,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

/// A served wall: a process of its own on a loopback port, ended when dropped.
pub struct Served {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Root without the one-time part: `http://127.0.0.1:PORT`, with `--tls` `https://…`.
    pub base: String,
    /// The one-time address it printed.
    pub link: String,
}

impl Served {
    /// Serves a data directory on a free port and waits for its address.
    pub fn start(data: &DataDir) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with global options (`--now` …) before the command.
    pub fn start_with(data: &DataDir, options: &[&str]) -> Self {
        Self::start_as(data, options, &[])
    }

    /// The same with options of `serve` after it.
    pub fn start_as(data: &DataDir, options: &[&str], serve: &[&str]) -> Self {
        let mut child = data
            .command()
            .args(options)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(serve)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start gridwall serve");
        let said = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take().expect("stdout"), said.clone());
        keep(child.stderr.take().expect("stderr"), said.clone());
        let link = until("the one-time address", || {
            if let Some(status) = child.try_wait().expect("status of the wall") {
                panic!("the wall ended ({status}): {}", said.lock().unwrap());
            }
            address(&said.lock().unwrap())
        });
        let base = link.split("/?").next().expect("root").to_owned();
        Self { child, said, base, link }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// A client with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::with_token(&self.base, token)
    }

    /// A browser that used the one-time link.
    pub fn browser(&self) -> Client {
        Client::signed_in(&self.base, &self.link)
    }

    /// Asks it to end, as a service manager does, and waits; its exit code.
    pub fn end(mut self) -> Option<i32> {
        let asked = std::process::Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("kill");
        assert!(asked.success(), "kill -TERM");
        until("the wall to end", || self.child.try_wait().expect("status of the wall")).code()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; nothing else can be done about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what the process prints, so that a full pipe never stops it.
fn keep(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    });
}

/// The one-time address in what was printed, once it is complete.
fn address(text: &str) -> Option<String> {
    let at = text.find("http://127.0.0.1:").or_else(|| text.find("https://127.0.0.1:"))?;
    let rest = &text[at..];
    let end = rest.find(|c: char| c.is_whitespace() || c == '"')?;
    rest[..end].contains("?once=").then(|| rest[..end].to_owned())
}
