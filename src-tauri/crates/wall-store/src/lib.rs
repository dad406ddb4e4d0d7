//! The truth on disk: SQLite through sqlx.
//!
//! Invariants of this crate: it knows no window and no wire; nothing is visible before it is committed; every change
//! is in one transaction with its lines in the change log; the change log holds ids and kinds, never content; sealed
//! values and the audit chain are written only here.
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod accounts;
mod attributions;
mod audit;
mod backup;
#[cfg(test)]
mod backup_tests;
mod carried;
mod cells;
mod changes;
mod copy;
mod db;
mod doctor;
mod doubts;
mod error;
#[cfg(test)]
mod fault_tests;
mod health;
mod image;
mod keys;
mod kinds;
mod leases;
mod lock;
mod open;
mod owners;
mod password;
mod pen;
mod plans;
mod positions;
mod retention;
mod rows;
mod scopes;
mod seal;
mod search;
mod secret;
mod start;
mod stations;
mod ticket_events;
mod tickets;
mod upserts;
mod watch;
mod write;

pub use access::{ANY_SOURCE, Actor, Token};
pub use accounts::{Account, Failures, SESSION_IDLE_MS, SESSION_LIFE_MS, account_name};
pub use attributions::{Attributed, WaitingTicket};
pub use audit::{AuditLine, AuditVerdict};
pub use backup::{BackupAbout, BackupKeys, Backups, RestoreKeys, Restored, keys_beside, restore};
pub use carried::{KeysImported, import_keys};
pub use changes::{Change, ChangeBatch, ReplayClock};
pub use copy::CopiedTable;
pub use db::{DEMONSTRATION_MARK, demonstration_of, remove_demonstration};
pub use doctor::{Check, Mends, examine};
pub use error::{Fault, StoreError};
pub use kinds::{Addressed, ChangeKind};
pub use leases::{Holding, Lease};
pub use open::{Pragmas, Store};
pub use password::{PASSWORD_LEAST, PASSWORD_MOST, PasswordHash, check_password};
pub use plans::{
    EditRecord, LineageRecord, PLAN_EPOCH, PlanDraft, PlanLife, PlanRecord, PublishSeen, SnapshotRecord, StoredPlan,
};
pub use retention::{LEAP_MS, LINES_KEPT, Leap, Retention, RetentionStanding, Tidied};
pub use search::{SearchIndex, TicketTexts};
pub use stations::{STATION_LIFE_MS, Station};
pub use ticket_events::{Happened, TicketsKnown, What};
pub use tickets::{TicketOutcome, TicketWrite};
pub use upserts::{Listed, Upserts};
pub use wall_core::Role;
pub use write::WriteTx;
