//! `gridwall keys export` and `gridwall keys import`: the keys of a store on their way to another machine.

use super::{
    backup::phrase,
    data_dir,
    station::{database, os_user, store},
};
use crate::{
    cli::{Cli, KeysCommand},
    console::{Failure, answer},
};
use serde_json::json;
use wall_service::wall::Keeper;
use wall_store::import_keys;

/// Runs one of them.
pub async fn keys(cli: &Cli, what: &KeysCommand) -> Result<(), Failure> {
    match what {
        KeysCommand::Export { out, passphrase_stdin } => {
            let words = phrase(true, *passphrase_stdin, true)?.unwrap_or_default();
            let store = store(cli).await?;
            Keeper::of(&store).export_keys(&os_user(), out, &words).await?;
            let value = json!({ "file": out, "store": store.identity() });
            answer(cli.json, &value, || {
                format!(
                    "the keys of store {} are sealed in {}: take it to the other machine, and the passphrase another way",
                    store.identity(),
                    out.display()
                )
            })
        }
        KeysCommand::Import { file, passphrase_stdin } => {
            let words = phrase(true, *passphrase_stdin, false)?.unwrap_or_default();
            let folder = data_dir(cli)?;
            let done = import_keys(&os_user(), &folder, database(cli), file, &words).await?;
            // Also where they were there: an import that was cut short is in the audit log from now on.
            store(cli).await?.close().await;
            let value = json!({ "store": done.store, "made_at": done.made_at.to_rfc3339(), "imported": !done.were_there });
            answer(cli.json, &value, || match done.were_there {
                true => format!("the keys of store {} are in {} already", done.store, folder.display()),
                false => format!(
                    "the keys of store {} are in {}; a wall that runs there has to be started again. Remove the file now",
                    done.store,
                    folder.display()
                ),
            })
        }
    }
}
