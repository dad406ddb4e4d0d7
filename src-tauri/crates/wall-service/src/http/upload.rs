//! Files of cells on their way in: streamed to disk, read in a process of its own, with progress that the sender can ask for.

use super::{App, gate::Caller, params::Params, plans::PlanRefusal, refusal::Refusal};
use crate::{
    import::{CellsOptions, EncodingChoice, ReadPhase, ReadProgress},
    wire::{ImportPhase, ImportProgress},
};
use axum::{
    Json,
    body::BodyDataStream,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, sync::Semaphore};
use wall_core::Datum;

/// Largest file taken.
pub const FILE_LIMIT: u64 = 256 << 20;
/// Files on their way in at once; one more is asked to come back.
const UPLOADS: usize = 2;
/// A sender that says nothing for this long is gone, and a file must be there after this long.
const SILENCE: Duration = Duration::from_secs(15);
const WHOLE: Duration = Duration::from_secs(1800);
/// Imports whose progress is kept.
const KEPT: usize = 32;

/// Imports going on.
pub(crate) struct Imports {
    room: Semaphore,
    /// By who sends and the name that they gave.
    going: Mutex<HashMap<(String, String), ImportProgress>>,
}

impl Imports {
    /// None yet. What an earlier run left in the folder is removed.
    pub fn new(folder: &Path) -> Self {
        if let Ok(entries) = std::fs::read_dir(folder) {
            for path in entries.flatten().map(|e| e.path()) {
                if path.extension().is_some_and(|e| e == "upload" || e == "cells") {
                    let _ = std::fs::remove_file(path);
                }
            }
        }
        Self { room: Semaphore::new(UPLOADS), going: Mutex::default() }
    }

    fn begin(self: &Imports, app: &App, caller: &Caller, name: Option<&str>) -> Ticket {
        let key = name.map(|n| (caller.actor.who.clone(), n.to_owned()));
        let ticket = Ticket { app: app.clone(), key };
        ticket.tell(ImportProgress { phase: ImportPhase::Uploading, done: 0, of: 0 });
        ticket
    }
}

/// One import; it is forgotten when it ends, however it ends.
struct Ticket {
    app: App,
    key: Option<(String, String)>,
}

impl Ticket {
    fn tell(&self, progress: ImportProgress) {
        let Some(key) = &self.key else { return };
        let mut going = self.app.imports.going.lock().unwrap_or_else(PoisonError::into_inner);
        if going.contains_key(key) || going.len() < KEPT {
            going.insert(key.clone(), progress);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.app.imports.going.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        }
    }
}

/// A file that is there as long as this is.
struct Upload(PathBuf);

impl Drop for Upload {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// How the file is to be read.
fn options(p: &Params) -> Result<CellsOptions, Refusal> {
    let text = |name: &str| p.text(name).map(str::to_owned);
    let datum = match p.text("datum") {
        None | Some("auto") => None,
        Some(word) => {
            Some(Datum::from_code(word).ok_or_else(|| Refusal::invalid("datum must be auto, wgs84, cgcs2000, gcj02 or bd09"))?)
        }
    };
    let encoding = text("encoding").unwrap_or_else(|| "auto".into());
    EncodingChoice::named(&encoding).map_err(Refusal::invalid)?;
    Ok(CellsOptions {
        code_fields: p.text("code_field").map(|f| f.split(',').map(|f| f.trim().to_owned()).collect()).unwrap_or_default(),
        name_field: text("name_field"),
        community_field: text("community_field"),
        households_field: text("households_field"),
        snap_m: p.number("snap_m", 0.0..=100.0)?.unwrap_or(0.5),
        datum,
        encoding,
        layer: text("layer"),
        geometry_column: text("geometry_column"),
        ..CellsOptions::default()
    })
}

/// `POST /api/v1/plans/import`: a draft from a file of cells.
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    request: Request,
) -> Result<Json<Value>, PlanRefusal> {
    let p = Params::of(&uri)?;
    let (network, name) = (p.need("network")?.to_owned(), p.need("name")?.to_owned());
    let options = options(&p)?;
    let busy = || Refusal::busy("queue_full", "other files are on their way in; nothing of this one was taken", 10);
    let _room = app.imports.room.try_acquire().map_err(|_| busy())?;
    let ticket = Arc::new(app.imports.begin(&app, &caller, p.text("id")));
    let work = async {
        let upload = receive(&app, request, &ticket).await?;
        ticket.tell(ImportProgress { phase: ImportPhase::Waiting, done: 0, of: 0 });
        let told = |p: ReadProgress| {
            let phase = match p.phase {
                ReadPhase::Reading => ImportPhase::Reading,
                ReadPhase::Cells => ImportPhase::Cells,
                ReadPhase::Comparing => ImportPhase::Comparing,
            };
            ticket.tell(ImportProgress { phase, done: p.done as u64, of: p.of as u64 });
        };
        let made = app.wall.plan_from_file(&caller.actor, &network, &name, &upload.0, &options, told).await;
        Ok::<_, Refusal>(made)
    };
    // A wall that goes down does not wait for a file.
    let made = tokio::select! {
        made = work => made?,
        () = app.closing.closed() => return Err(Refusal::busy("closing", "the wall goes down; nothing was taken", 5).into()),
    };
    let (plan, report) = made?;
    Ok(Json(json!({ "plan": plan, "report": report })))
}

/// `GET /api/v1/plans/import?id=`: how far an import of one's own is.
pub(crate) async fn progress(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Json<ImportProgress>, Refusal> {
    let p = Params::of(&uri)?;
    let key = (caller.actor.who.clone(), p.need("id")?.to_owned());
    let going = app.imports.going.lock().unwrap_or_else(PoisonError::into_inner);
    going.get(&key).copied().map(Json).ok_or_else(|| Refusal::not_found("no import of yours of that name is going on"))
}

/// Writes the body of a request to a file, bit by bit.
async fn receive(app: &App, request: Request, ticket: &Ticket) -> Result<Upload, Refusal> {
    let (parts, body) = request.into_parts();
    let length = |headers: &HeaderMap| headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok();
    let announced = length(&parts.headers).unwrap_or(0);
    if announced > FILE_LIMIT {
        return Err(too_large());
    }
    let folder = app.wall.imports_folder();
    let disk =
        |e: std::io::Error| Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "disk", format!("the file cannot be kept: {e}"));
    tokio::fs::create_dir_all(&folder).await.map_err(disk)?;
    let mut random = [0u8; 12];
    getrandom::fill(&mut random).map_err(|e| Refusal::busy("random", e.to_string(), 1))?;
    let name: String = random.iter().map(|b| format!("{b:02x}")).collect();
    let upload = Upload(folder.join(format!("{name}.upload")));
    let write = write(body.into_data_stream(), &upload.0, announced, ticket);
    tokio::time::timeout(WHOLE, write).await.map_err(|_| too_slow())??;
    Ok(upload)
}

async fn write(mut stream: BodyDataStream, path: &Path, announced: u64, ticket: &Ticket) -> Result<(), Refusal> {
    let disk =
        |e: std::io::Error| Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "disk", format!("the file cannot be kept: {e}"));
    let mut file = tokio::fs::File::create(path).await.map_err(disk)?;
    let mut written = 0u64;
    while let Some(chunk) = tokio::time::timeout(SILENCE, stream.next()).await.map_err(|_| too_slow())? {
        let chunk = chunk.map_err(|_| Refusal::invalid("the file ended before it was whole"))?;
        written += chunk.len() as u64;
        if written > FILE_LIMIT {
            return Err(too_large());
        }
        file.write_all(&chunk).await.map_err(disk)?;
        ticket.tell(ImportProgress { phase: ImportPhase::Uploading, done: written, of: announced });
    }
    file.flush().await.map_err(disk)
}

fn too_large() -> Refusal {
    let message = format!(
        "the file is larger than {} MiB; nothing of it was taken: import it with `gridwall import cells`, or in parts",
        FILE_LIMIT >> 20
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the file did not arrive in time; nothing of it was taken")
}
