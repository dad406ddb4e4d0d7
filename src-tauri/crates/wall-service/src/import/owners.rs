//! Owners from the fields of a row: who answers for which cell.

use wall_core::{OwnerRecord, OwnerRole, PartyKind};

use super::fields::FieldReader;
use super::listed::{unknown, validity};
use super::read::Problem;
use super::records::{Placed, ReadOptions, Records};
use super::source::{Source, SourceError};
use super::tickets::{Defaults, limits};
use super::words;

/// The owners of a source: `cell_code,party,party_kind,role,phone,valid_from,valid_to`.
///
/// # Errors
/// [`SourceError`] when the source as a whole cannot be used.
pub fn owners(source: Source, options: &ReadOptions) -> Result<Records<OwnerRecord>, SourceError> {
    Records::from_source(source, options, &[&["cell_code"], &["party"]], owner)
}

/// A role that nobody knows, with those that are known.
fn unknown_role(word: String) -> Problem {
    let mut known: Vec<&str> = words::ROLE.iter().flat_map(|(word, role)| [role.code(), word]).collect();
    let mut seen = std::collections::HashSet::new();
    known.retain(|word| seen.insert(*word));
    Problem::new("unknown_role", format!("role {word} is not known; known are {}", known.join(", ")))
}

fn owner(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<OwnerRecord>, Problem> {
    let cell_code = row.key("cell_code", limits::KEY, "cell_code_missing", "cell_code_too_long")?;
    let party = row.name("party", limits::NAME, "party_missing", "party_too_long")?;
    let role = row.word("role", OwnerRole::from_code, words::ROLE).map_err(unknown_role)?;
    let kind =
        row.word("party_kind", PartyKind::from_code, words::PARTY_KIND).map_err(unknown("unknown_party_kind", "party_kind"))?;
    // Each of the two says enough about the other; with neither it is a person who leads.
    let (role, party_kind) = match (role, kind) {
        (Some(role), Some(kind)) => (role, kind),
        (Some(OwnerRole::Unit), None) => (OwnerRole::Unit, PartyKind::Unit),
        (Some(role), None) => (role, PartyKind::Person),
        (None, Some(PartyKind::Unit)) => (OwnerRole::Unit, PartyKind::Unit),
        (None, kind) => (OwnerRole::Leader, kind.unwrap_or(PartyKind::Person)),
    };
    let phone = row.bounded("phone", limits::KEY);
    let (valid_from, valid_to) = validity(row)?;
    let absent = row.absent(&["phone", "valid_to"]);
    Ok((OwnerRecord { cell_code, party, party_kind, role, phone, valid_from, valid_to, absent }, None))
}
