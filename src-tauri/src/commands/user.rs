//! Accounts of people. Passwords are asked for without an echo, or read from standard input; never from an argument,
//! which every user of the machine could see.

use super::station::{os_user, store};
use crate::{
    cli::{Cli, ScopeArgs, UserCommand},
    console::{Failure, answer},
};
use serde_json::{Value, json};
use std::io::{BufRead, Read};
use wall_core::Scope;
use wall_service::wall::Keeper;
use wall_store::{Account, PASSWORD_MOST, Role, StoreError, account_name, check_password};

/// `gridwall user …`
pub async fn user(cli: &Cli, what: &UserCommand) -> Result<(), Failure> {
    match what {
        UserCommand::Add { name, role, display_name, scope, password_stdin } => {
            add(cli, name, role, display_name.as_deref().unwrap_or_default(), scope, *password_stdin).await
        }
        UserCommand::List => list(cli).await,
        UserCommand::Passwd { name, password_stdin } => passwd(cli, name, *password_stdin).await,
        UserCommand::Scope { name, scope, everything: _ } => set_scope(cli, name, scope).await,
        UserCommand::Remove { name } => remove(cli, name).await,
    }
}

async fn add(cli: &Cli, name: &str, role: &str, display_name: &str, scope: &ScopeArgs, from_stdin: bool) -> Result<(), Failure> {
    let name = account_name(name).map_err(wrong)?;
    let role = Role::from_code(role).filter(|r| r.is_for_people()).ok_or_else(|| {
        let all: Vec<_> = Role::ALL.iter().filter(|r| r.is_for_people()).map(|r| r.code()).collect();
        Failure::usage(format!("there is no role \"{role}\" for people; roles: {}", all.join(", ")))
    })?;
    if display_name.chars().count() > 40 || display_name.chars().any(char::is_control) {
        return Err(Failure::usage("a name on screen has at most 40 printable characters"));
    }
    let scope = scope_of(scope)?;
    let store = store(cli).await?;
    // Said before anybody types a password for nothing.
    if store.accounts().await?.iter().any(|a| a.name == name && a.removed_at.is_none()) {
        return Err(Failure::input(format!("there is an account {name}; `gridwall user passwd {name}` changes its password")));
    }
    let password = ask(&name, from_stdin)?;
    let account = Keeper::of(&store).add_account(&os_user(), &name, display_name, role, scope.as_ref(), password).await?;
    answer(cli.json, &line(&account), || format!("{name} may sign in as {}{}", role.code(), scope_words(scope.as_ref())))
}

async fn list(cli: &Cli) -> Result<(), Failure> {
    let accounts = store(cli).await?.accounts().await?;
    let lines: Vec<Value> = accounts.iter().map(line).collect();
    answer(cli.json, &json!({ "users": lines }), || {
        let words = |a: &Account| {
            let state = a.removed_at.map_or_else(|| "may sign in".to_owned(), |t| format!("removed {}", t.to_rfc3339()));
            format!("{:<20} {:<10} {state}  {}{}", a.name, a.role.code(), a.display_name, scope_words(a.scope.as_deref()))
        };
        if accounts.is_empty() { "no accounts".into() } else { accounts.iter().map(words).collect::<Vec<_>>().join("\n") }
    })
}

async fn passwd(cli: &Cli, name: &str, from_stdin: bool) -> Result<(), Failure> {
    let name = account_name(name).map_err(wrong)?;
    let store = store(cli).await?;
    if store.account_to_verify(&name).await?.is_none() {
        return Err(Failure::input(format!("there is no account {name}")));
    }
    let ended = Keeper::of(&store).set_password(&os_user(), &name, ask(&name, from_stdin)?).await?;
    answer(cli.json, &json!({ "name": name, "changed": true, "sessions_ended": ended }), || {
        format!("{name} has a new password; {ended} sessions end within seconds")
    })
}

async fn set_scope(cli: &Cli, name: &str, scope: &ScopeArgs) -> Result<(), Failure> {
    let (name, scope) = (account_name(name).map_err(wrong)?, scope_of(scope)?);
    let ended = Keeper::of(&store(cli).await?).set_scope(&os_user(), &name, scope.as_ref()).await?;
    answer(cli.json, &json!({ "name": name, "scope": scope, "sessions_ended": ended }), || {
        let words = scope.as_ref().map_or_else(|| "everything".to_owned(), ToString::to_string);
        format!("{name} is for {words}; {ended} sessions end within seconds")
    })
}

/// The part of the territory that was asked for; `None` = all of it.
pub fn scope_of(args: &ScopeArgs) -> Result<Option<Scope>, Failure> {
    if args.divisions.is_empty() && args.network.is_none() {
        return Ok(None);
    }
    Scope::new(&args.divisions, args.network.as_deref()).map(Some).map_err(|e| Failure::usage(e.to_string()))
}

/// The end of a line that names a scope; empty where there is none.
pub fn scope_words(scope: Option<&Scope>) -> String {
    scope.map_or_else(String::new, |scope| format!("; for {scope} alone"))
}

async fn remove(cli: &Cli, name: &str) -> Result<(), Failure> {
    let name = account_name(name).map_err(wrong)?;
    let ended = Keeper::of(&store(cli).await?).remove_account(&os_user(), &name).await?;
    answer(cli.json, &json!({ "name": name, "removed": true, "sessions_ended": ended }), || {
        format!("{name} is removed; {ended} sessions end within seconds")
    })
}

fn line(account: &Account) -> Value {
    json!({ "name": account.name, "display_name": account.display_name, "role": account.role.code(),
        "scope": account.scope.as_deref(), "created_at": account.created_at.to_rfc3339(), "changed_at": account.changed_at.to_rfc3339(),
        "removed_at": account.removed_at.map(|t| t.to_rfc3339()) })
}

/// What is wrong with a name or password is wrong usage, not a state of the store.
fn wrong(error: StoreError) -> Failure {
    Failure::usage(error.to_string())
}

/// The new password: one line of standard input, or typed twice on the terminal.
fn ask(name: &str, from_stdin: bool) -> Result<String, Failure> {
    let password =
        if from_stdin { secret_from_input()? } else { secret_from_terminal(&format!("密码 password for {name}: "), true)? };
    check_password(name, &password).map_err(wrong)?;
    Ok(password)
}

/// One line of standard input.
pub fn secret_from_input() -> Result<String, Failure> {
    let mut text = String::new();
    // Bounded: a pipe without an end is not a password.
    std::io::stdin().lock().take(PASSWORD_MOST as u64 + 3).read_line(&mut text)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Typed on the terminal without an echo; `twice` = a new one.
pub fn secret_from_terminal(words: &str, twice: bool) -> Result<String, Failure> {
    let terminal = ::console::Term::stderr();
    if !terminal.is_term() {
        return Err(Failure::usage("there is no terminal to ask on; use --password-stdin or --passphrase-stdin"));
    }
    let prompt = |words: &str| -> Result<String, Failure> {
        terminal.write_str(words)?;
        Ok(terminal.read_secure_line()?)
    };
    let first = prompt(words)?;
    if twice && prompt("再输一次 again: ")? != first {
        return Err(Failure::usage("the two differ; nothing was changed"));
    }
    Ok(first)
}
