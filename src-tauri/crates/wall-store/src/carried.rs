//! The keys of a store on their way to another machine: one file, sealed by a passphrase.
//!
//! Whoever has the file and the passphrase has the keys. The file says whose keys they are without telling anything of them, and
//! an import checks against the database before anything is written: keys of another store change nothing.

use crate::{
    Actor, Store, StoreError,
    backup::phrase_key,
    db::{Address, mark_at},
    keys::{Keys, write_private},
    lock,
    open::{make_private_folder, mark_in_file},
    secret::{hex, random},
    start::{DATABASE, KEYS},
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use std::{io::Read, path::Path};
use tokio::time::Instant;
use wall_core::UtcMs;

/// The form of the file.
const FORM: u32 = 1;
/// No file of keys is larger.
const BYTES_MOST: u64 = 16 * 1024;
/// Lies beside keys that were brought until the audit log says so: written before them, removed after the line. Whoever is ended
/// in between leaves it to the next who opens the store; the line may then stand there twice, and is never missing.
const UNSAID: &str = "keys.imported";

/// What the audit log has to say of an import.
#[derive(serde::Serialize, serde::Deserialize)]
struct Unsaid {
    store: String,
    made_at: String,
    by: String,
}

/// The file, as JSON: all bytes in hex.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    gridwall_keys: u32,
    /// [`Store::identity`].
    store: String,
    made_at: i64,
    salt: String,
    nonce: String,
    sealed: String,
}

impl Carried {
    /// What is sealed together with the keys: none of it can be exchanged.
    fn about(&self) -> String {
        format!("gridwall keys {} {} {}", self.gridwall_keys, self.store, self.made_at)
    }
}

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeysImported {
    /// [`Store::identity`] of the store whose keys they are.
    pub store: String,
    /// When they were exported.
    pub made_at: UtcMs,
    /// Whether they were there already.
    pub were_there: bool,
}

impl Store {
    /// Whether the keys of the store are on this machine. Without them everything can be read that is not sealed, nothing
    /// written, and nobody signed in.
    pub fn has_keys(&self) -> bool {
        !self.inner.is_keyless
    }

    /// Nothing, where the keys are here.
    ///
    /// # Errors
    /// They are not: what to do.
    pub fn need_keys(&self) -> Result<(), StoreError> {
        if self.has_keys() { Ok(()) } else { Err(self.inner.read_only()) }
    }

    /// Writes the keys to `out`, which must not exist, sealed by a passphrase; a line of the audit log says that it was done.
    ///
    /// # Errors
    /// The file is there or cannot be written; the audit log cannot be written: then there is no file.
    pub async fn export_keys(&self, actor: &Actor, now: UtcMs, out: &Path, passphrase: &str) -> Result<(), StoreError> {
        self.need_keys()?;
        if out.exists() {
            return Err(StoreError::Refused(format!("{} is there already; nothing was written over", out.display())));
        }
        let (salt, nonce) = (random::<16>()?, random::<24>()?);
        let mut carried = Carried {
            gridwall_keys: FORM,
            store: self.identity(),
            made_at: now.0,
            salt: hex(&salt),
            nonce: hex(&nonce),
            sealed: String::new(),
        };
        let (about, keys) = (carried.about(), self.inner.keys.bytes());
        let sealed = XChaCha20Poly1305::new((&phrase_key(passphrase, &salt)?).into())
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: &keys, aad: about.as_bytes() })
            .map_err(|_| StoreError::Key("sealing failed".into()))?;
        carried.sealed = hex(&sealed);
        let text = serde_json::to_string_pretty(&carried).map_err(|e| StoreError::Refused(e.to_string()))?;
        let mut tx = self.write(actor, now).await?;
        tx.audit("keys.export", &serde_json::json!({ "store": carried.store }).to_string()).await?;
        let unusable = |e: StoreError| StoreError::Unusable { path: out.display().to_string(), reason: e.to_string() };
        let said = match write_private(out, format!("{text}\n").as_bytes()).map_err(unusable) {
            Ok(()) => tx.commit().await,
            Err(error) => Err(error),
        };
        // Keys that left without a line in the log would have left unseen.
        if said.is_err() {
            let _ = std::fs::remove_file(out);
        }
        said.map(drop)
    }

    /// Says in the audit log that the keys were brought here, where it does not say so yet.
    pub(crate) async fn say_import(&self, actor: &Actor, now: UtcMs) -> Result<(), StoreError> {
        let note = self.inner.folder.join(UNSAID);
        if !self.inner.may_write || !note.exists() {
            return Ok(());
        }
        let detail = std::fs::read_to_string(&note)?;
        // What was cut says nothing of whose keys they are: those that fit the store are its own.
        let detail = match serde_json::from_str::<Unsaid>(&detail) {
            Ok(_) => detail,
            Err(_) => serde_json::json!({ "store": self.identity() }).to_string(),
        };
        let mut tx = self.write(actor, now).await?;
        tx.audit("keys.import", &detail).await?;
        tx.commit().await?;
        Ok(std::fs::remove_file(&note)?)
    }
}

/// Puts the keys in `file` into `folder`, for the store whose database is there, or with `database` on a server. The audit log says
/// so with the next [`Store::say_unsaid`]: who brought them opens the store with them.
///
/// # Errors
/// The file is none, was cut or changed, or the passphrase is another; the database is of another store, or there is none; the
/// folder holds other keys. Nothing is changed then.
pub async fn import_keys(
    actor: &Actor,
    folder: &Path,
    database: Option<&str>,
    file: &Path,
    passphrase: &str,
) -> Result<KeysImported, StoreError> {
    let (keys, done) = unseal(file, passphrase)?;
    let address = database.map(Address::parse).transpose()?;
    let (mark, place) = match address {
        Some(address) => (mark_at(&address).await?, address.shown()),
        None => {
            let path = folder.join(DATABASE);
            (if path.exists() { mark_in_file(&path).await? } else { None }, path.display().to_string())
        }
    };
    match mark {
        None => {
            return Err(StoreError::Refused(format!(
                "there is no store at {place}; name the database whose keys these are (--db, --data-dir). Nothing was changed"
            )));
        }
        Some(mark) if mark != keys.mark() => {
            return Err(StoreError::Key(format!(
                "the store at {place} is another one than that of the file; nothing was changed"
            )));
        }
        Some(_) => {}
    }
    make_private_folder(folder)
        .map_err(|e| StoreError::Unusable { path: folder.display().to_string(), reason: e.to_string() })?;
    let _opening = lock::exclusive(&folder.join(lock::OPENING), Instant::now() + crate::open::OPENING_WAIT).await?;
    let path = folder.join(KEYS);
    if path.exists() {
        let there = Keys::read(&path)?;
        if there.bytes() != keys.bytes() {
            return Err(StoreError::Key(format!(
                "{0} holds the keys of another store ({1}); nothing was written over. They may have been made for a schema whose name \
                 was mistyped, by whatever opened it first: then move that file away and import again. Keep it, it is all that opens \
                 what was written there. Else use another data directory (--data-dir)",
                path.display(),
                there.identity()
            )));
        }
        return Ok(KeysImported { were_there: true, ..done });
    }
    let unsaid = Unsaid { store: done.store.clone(), made_at: done.made_at.to_rfc3339(), by: actor.who.clone() };
    let text = serde_json::to_string(&unsaid).map_err(|e| StoreError::Refused(e.to_string()))?;
    write_private(&folder.join(UNSAID), text.as_bytes())?;
    write_private(&path, &keys.bytes())?;
    Ok(done)
}

/// Opens a file of keys.
fn unseal(file: &Path, passphrase: &str) -> Result<(Keys, KeysImported), StoreError> {
    let unusable = |reason: String| StoreError::Unusable { path: file.display().to_string(), reason };
    let none = || StoreError::Key(format!("{} is no whole file of `gridwall keys export`", file.display()));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|e| unusable(e.to_string()))?;
    // Bytes that are no text are no such file either.
    opened.take(BYTES_MOST).read_to_string(&mut text).map_err(|_| none())?;
    let carried: Carried = serde_json::from_str(&text).map_err(|_| none())?;
    if carried.gridwall_keys > FORM {
        return Err(StoreError::Newer(format!("keys of form {}", carried.gridwall_keys)));
    }
    let parts = [&carried.salt, &carried.nonce, &carried.sealed].map(|text| unhex(text));
    let [Some(salt), Some(nonce), Some(sealed)] = parts else { return Err(none()) };
    if salt.len() != 16 || nonce.len() != 24 {
        return Err(none());
    }
    let about = carried.about();
    let bytes = XChaCha20Poly1305::new((&phrase_key(passphrase, &salt)?).into())
        .decrypt(XNonce::from_slice(&nonce), Payload { msg: &sealed, aad: about.as_bytes() })
        .map_err(|_| {
            StoreError::Key("the passphrase does not open the file, or the file was changed; nothing was changed here".into())
        })?;
    let keys = Keys::of(&bytes).ok_or_else(none)?;
    Ok((keys, KeysImported { store: carried.store, made_at: UtcMs(carried.made_at), were_there: false }))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |p: &[u8]| match p {
        [high, low] => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    const PHRASE: &str = "several words do well";

    async fn stored(folder: &Path) -> Store {
        Store::open(folder).await.unwrap()
    }

    #[tokio::test]
    async fn keys_come_back_to_their_own_store_and_to_no_other() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = stored(home.path()).await;
        let actor = Actor::new("os:li", Role::Admin, "cli");
        let out = home.path().join("k.json");
        store.export_keys(&actor, UtcMs(7), &out, PHRASE).await.unwrap();
        assert!(store.export_keys(&actor, UtcMs(7), &out, PHRASE).await.is_err(), "never over a file");
        let identity = store.identity();
        assert_eq!(
            store.audit_lines(1, 10).await.unwrap().iter().map(|l| l.action.as_str()).collect::<Vec<_>>(),
            ["keys.export"]
        );
        store.close().await;
        drop(store);
        let keys = std::fs::read(home.path().join(KEYS)).unwrap();
        assert!(!std::fs::read_to_string(&out).unwrap().contains(&hex(&keys[..8])), "not in the clear");
        stored(other.path()).await.close().await;
        let refused = import_keys(&actor, other.path(), None, &out, PHRASE).await.unwrap_err();
        assert!(refused.to_string().contains("another one"), "{refused}");
        let empty = tempfile::tempdir().unwrap();
        let refused = import_keys(&actor, &empty.path().join("new"), None, &out, PHRASE).await.unwrap_err();
        assert!(refused.to_string().contains("no store"), "{refused}");
        assert!(!empty.path().join("new").exists());
        // Lost beside their database, they come back.
        std::fs::remove_file(home.path().join(KEYS)).unwrap();
        assert!(import_keys(&actor, home.path(), None, &out, "some other words").await.is_err());
        assert!(!home.path().join(KEYS).exists());
        let done = import_keys(&actor, home.path(), None, &out, PHRASE).await.unwrap();
        assert_eq!(done, KeysImported { store: identity, made_at: UtcMs(7), were_there: false });
        assert_eq!(std::fs::read(home.path().join(KEYS)).unwrap(), keys);
        assert!(import_keys(&actor, home.path(), None, &out, PHRASE).await.unwrap().were_there);
        stored(home.path()).await;
        // Those that are there are never written over, and it is said how to go on.
        std::fs::write(home.path().join(KEYS), [7; 64]).unwrap();
        let refused = import_keys(&actor, home.path(), None, &out, PHRASE).await.unwrap_err().to_string();
        assert!(refused.contains("mistyped") && refused.contains("move that file away"), "{refused}");
        assert_eq!(std::fs::read(home.path().join(KEYS)).unwrap(), [7; 64]);
    }

    /// Ended at any point, an import is in the audit log once somebody opens the store.
    #[tokio::test]
    async fn an_import_that_was_cut_short_is_said_by_whoever_comes_next() {
        let home = tempfile::tempdir().unwrap();
        let store = stored(home.path()).await;
        let actor = Actor::new("os:li", Role::Admin, "cli");
        let out = home.path().join("k.json");
        store.export_keys(&actor, UtcMs(7), &out, PHRASE).await.unwrap();
        store.close().await;
        drop(store);
        let (keys, note) = (home.path().join(KEYS), home.path().join(UNSAID));
        std::fs::remove_file(&keys).unwrap();
        // After the note, before the keys: there are none, and the next import brings them.
        std::fs::write(&note, "{\"store\":").unwrap();
        assert!(!import_keys(&actor, home.path(), None, &out, PHRASE).await.unwrap().were_there);
        // After the keys, before the line: they are there, and the line comes with the next start.
        assert!(import_keys(&actor, home.path(), None, &out, PHRASE).await.unwrap().were_there);
        let imports = async |store: &Store| {
            let lines = store.audit_lines(1, 100).await.unwrap();
            lines.into_iter().filter(|l| l.action == "keys.import").map(|l| l.detail).collect::<Vec<_>>()
        };
        let store = stored(home.path()).await;
        assert!(imports(&store).await.is_empty());
        let wall = Actor::new("gridwall", Role::Admin, "wall");
        for _ in 0..2 {
            store.say_unsaid(&wall, UtcMs(8)).await.unwrap();
            let said = imports(&store).await;
            assert!(said.len() == 1 && said[0].contains("os:li") && said[0].contains(&store.identity()), "{said:?}");
        }
        assert!(!note.exists());
        // A note that was cut still makes a line.
        std::fs::write(&note, "").unwrap();
        store.say_unsaid(&wall, UtcMs(9)).await.unwrap();
        assert!(imports(&store).await[1].contains(&store.identity()));
    }

    #[tokio::test]
    async fn a_file_that_was_cut_or_changed_anywhere_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let store = stored(home.path()).await;
        let out = home.path().join("k.json");
        store.export_keys(&Actor::new("os:li", Role::Admin, "cli"), UtcMs(7), &out, PHRASE).await.unwrap();
        let whole = std::fs::read_to_string(&out).unwrap();
        let carried: serde_json::Value = serde_json::from_str(&whole).unwrap();
        let bad = home.path().join("bad.json");
        let mut tried = vec![String::new(), whole[..whole.len() / 2].to_owned(), "[]".into(), "网格".into()];
        for (field, value) in [("store", "0000000000000000"), ("salt", "00"), ("nonce", ""), ("sealed", "zz"), ("sealed", "")] {
            let mut changed = carried.clone();
            changed[field] = value.into();
            tried.push(changed.to_string());
        }
        let mut changed = carried.clone();
        changed["made_at"] = 8.into();
        tried.push(changed.to_string());
        let mut newer = carried.clone();
        newer["gridwall_keys"] = 2.into();
        tried.push(newer.to_string());
        for text in tried {
            std::fs::write(&bad, &text).unwrap();
            assert!(unseal(&bad, PHRASE).is_err(), "{text}");
        }
        assert!(unseal(&home.path().join("none"), PHRASE).is_err());
        assert!(unseal(&out, PHRASE).is_ok());
    }
}
