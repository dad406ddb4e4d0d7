//! `gridwall backup`, `gridwall restore` and `gridwall store`: one verified file of everything, putting it back, and the store as a whole.

use super::{
    data_dir,
    station::{database, folder_of, os_user, store},
    user::{secret_from_input, secret_from_terminal},
};
use crate::{
    cli::{BackupArgs, Cli, RestoreArgs},
    console::{Failure, answer},
};
use serde_json::json;
use std::path::Path;
use wall_service::wall::{Keeper, system_now};
use wall_store::{BackupAbout, BackupKeys, CopiedTable, RestoreKeys, Store, keys_beside};

/// Fewest characters of a passphrase.
const PHRASE_LEAST: usize = 12;

/// The passphrase asked for, if one is.
pub(super) fn phrase(asked: bool, from_stdin: bool, twice: bool) -> Result<Option<String>, Failure> {
    let phrase = match (asked, from_stdin) {
        (_, true) => secret_from_input()?,
        (true, false) => secret_from_terminal("口令 passphrase: ", twice)?,
        (false, false) => return Ok(None),
    };
    if twice && phrase.chars().count() < PHRASE_LEAST {
        return Err(Failure::usage(format!("a passphrase has {PHRASE_LEAST} characters at least; several words do well")));
    }
    Ok(Some(phrase))
}

fn about_json(about: &BackupAbout, file: &Path) -> serde_json::Value {
    json!({ "file": file, "made_at": about.made_at.map(|t| t.to_rfc3339()), "revision": about.revision, "tickets": about.tickets,
        "audit_lines": about.audit_lines, "sealed_keys": about.sealed_keys, "bytes": about.bytes })
}

/// Writes a backup, or sets how often a running wall makes one by itself.
pub async fn backup(cli: &Cli, args: &BackupArgs) -> Result<(), Failure> {
    let Some(out) = &args.out else { return schedule(cli, args).await };
    let phrase = phrase(args.passphrase, args.passphrase_stdin, true)?;
    let beside = keys_beside(out);
    let keys = match &phrase {
        Some(phrase) => BackupKeys::Sealed(phrase),
        None if args.no_keys => BackupKeys::None,
        None => BackupKeys::Apart(&beside),
    };
    let store = store(cli).await?;
    let about = store.backup(out, keys, system_now()).await?;
    let mut value = about_json(&about, out);
    if matches!(keys, BackupKeys::Apart(_)) {
        value["keys"] = json!(beside);
    }
    answer(cli.json, &value, || {
        let keys = match keys {
            BackupKeys::Sealed(_) => "the keys are sealed in it".to_owned(),
            BackupKeys::None => "without keys".to_owned(),
            BackupKeys::Apart(path) => format!("keys in {}: keep them elsewhere", path.display()),
        };
        format!("{} tickets, {} audit lines, verified: {}; {keys}", about.tickets, about.audit_lines, out.display())
    })
}

async fn schedule(cli: &Cli, args: &BackupArgs) -> Result<(), Failure> {
    let store = store(cli).await?;
    let mut rule = store.backups().await?;
    if args.every_h.is_some() || args.keep.is_some() {
        rule.every_h = args.every_h.unwrap_or(rule.every_h);
        rule.keep = args.keep.unwrap_or(rule.keep);
        Keeper::of(&store).set_backups(&os_user(), rule).await?;
    }
    answer(cli.json, &json!({ "every_h": rule.every_h, "keep": rule.keep }), || match rule.every_h {
        0 => "a running wall makes no backups by itself".to_owned(),
        h => format!("a running wall makes a backup every {h} h in backups/ and keeps {}", rule.keep),
    })
}

/// Puts a backup into the data directory.
pub async fn restore(cli: &Cli, args: &RestoreArgs) -> Result<(), Failure> {
    let folder = data_dir(cli)?;
    if database(cli).is_some() {
        return Err(Failure::usage(
            "a backup is restored into a data directory: run this without --db and with a --data-dir, then `gridwall store copy --to` the database".to_owned(),
        ));
    }
    let phrase = phrase(args.passphrase, args.passphrase_stdin, false)?;
    let keys = match (&phrase, &args.keys) {
        (Some(phrase), _) => RestoreKeys::Passphrase(phrase),
        (None, Some(file)) => RestoreKeys::File(file),
        (None, None) => RestoreKeys::Found,
    };
    let stamp = system_now().to_rfc3339().replace([':', '.'], "-");
    let done = wall_store::restore(&args.input, &folder, keys, args.replace, &stamp).await?;
    // The restored log says that it was restored, and from what.
    let store = Store::open(&folder).await?;
    let detail = json!({ "made_at": done.about.made_at.map(|t| t.to_rfc3339()), "revision": done.about.revision,
        "audit_lines": done.about.audit_lines, "audit_lines_before": done.audit_lines_before });
    Keeper::of(&store).note(&os_user(), "store.restore", &detail).await?;
    store.close().await;
    let mut value = about_json(&done.about, &args.input);
    value["data_dir"] = json!(folder);
    value["set_aside"] = json!(done.set_aside);
    answer(cli.json, &value, || {
        let aside = done.set_aside.as_ref().map_or_else(String::new, |p| format!("; what was there lies in {}", p.display()));
        format!(
            "{} tickets, {} audit lines restored into {}{aside}",
            done.about.tickets,
            done.about.audit_lines,
            folder.display()
        )
    })
}

/// Copies the whole store to another database.
pub async fn copy(cli: &Cli, to: &str) -> Result<(), Failure> {
    let source = store(cli).await?;
    let (folder, database) = match to.strip_prefix("sqlite:") {
        Some(path) => (folder_of(path)?, None),
        None => (data_dir(cli)?, Some(to)),
    };
    let told = |t: &CopiedTable| eprintln!("{:>10} {}", t.rows, t.table);
    let tables = source.copy_to(&folder, database, told).await?;
    let rows: u64 = tables.iter().map(|t| t.rows).sum();
    // Who copied it, and from where, stands in the log of the copy.
    let target = Store::open_at(&folder, database).await?;
    let place = target.server().unwrap_or_else(|| folder.join("gridwall.db").display().to_string());
    let from = source.server().unwrap_or_else(|| source.folder().join("gridwall.db").display().to_string());
    let detail = json!({ "from": from, "rows": rows, "revision": source.revision().await? });
    Keeper::of(&target).note(&os_user(), "store.copy", &detail).await?;
    target.close().await;
    let list: Vec<_> = tables.iter().map(|t| json!({ "table": t.table, "rows": t.rows, "sha256": t.sha256 })).collect();
    answer(cli.json, &json!({ "to": place, "rows": rows, "tables": list }), || {
        format!(
            "{rows} rows of {} tables copied to {place}, and the same there; what is written here from now on is not in it",
            list.len()
        )
    })
}

/// Says which process does what is done once.
pub async fn leases(cli: &Cli) -> Result<(), Failure> {
    let leases = store(cli).await?.leases().await?;
    let rows: Vec<_> = leases
        .iter()
        .map(|l| {
            json!({ "name": l.name, "holder": l.holder, "number": l.fence, "since": l.taken_at.to_rfc3339(),
                "until": l.expires_at.to_rfc3339(), "in_force": l.in_force })
        })
        .collect();
    answer(cli.json, &json!({ "leases": rows }), || {
        let line = |l: &wall_store::Lease| {
            let state = if l.in_force { "since" } else { "nobody now; the last one since" };
            format!("{:<14} {} {}, number {}: {}", l.name, state, l.taken_at.to_rfc3339(), l.fence, l.holder)
        };
        if leases.is_empty() {
            "no wall ran on this store".into()
        } else {
            leases.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    })
}
