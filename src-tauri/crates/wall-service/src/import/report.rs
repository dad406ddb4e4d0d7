//! What an import of rows reports, as `--json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;
use wall_core::{DatumChoice, Issue};

use super::cells::{DatumReport, EncodingReport};
use super::read::Reject;
use super::sheet::SheetReport;

/// Most issues that are listed one by one; the counts cover all.
pub const LISTED: usize = 100;

/// One issue of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RowIssue {
    /// Line number from 1, or feature index from 0 (GeoJSON).
    pub line: u64,
    /// A word to branch on.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// repaired, kept or rejected.
    pub action: &'static str,
}

impl From<&Issue> for RowIssue {
    fn from(i: &Issue) -> Self {
        Self { line: i.at, code: i.code, message: i.message.clone(), action: i.action.code() }
    }
}

/// The source of tickets whose rows name none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SourceReport {
    /// The source.
    pub used: String,
    /// `asked for`, `of the profile` or `default`.
    pub why: &'static str,
    /// What may be wrong with it.
    pub warning: Option<String>,
}

/// Most different words that are counted one by one.
const COUNTED_WORDS: usize = 200;

/// Counts a word of an input; when there are too many different ones the rest is counted together as `…`.
pub fn count_word(counts: &mut BTreeMap<String, u64>, word: &str) {
    let key = if counts.contains_key(word) || counts.len() < COUNTED_WORDS { word } else { "…" };
    *counts.entry(key.to_owned()).or_default() += 1;
}

/// Issues: the first hundred one by one, all by code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IssueTally {
    /// The first [`LISTED`].
    pub first: Vec<RowIssue>,
    /// How often each code was said.
    pub by_code: BTreeMap<&'static str, u64>,
}

impl IssueTally {
    /// Counts an issue. Refused rows take the place of kept ones in the list when it is full.
    pub fn add(&mut self, issue: &Issue) {
        *self.by_code.entry(issue.code).or_default() += 1;
        if self.first.len() < LISTED {
            self.first.push(issue.into());
        } else if issue.action == wall_core::IssueAction::Rejected
            && let Some(last) = self.first.iter().rposition(|i| i.action != "rejected")
        {
            self.first.remove(last);
            self.first.push(issue.into());
        }
    }

    /// Counts the issues of a record.
    pub fn add_all(&mut self, issues: &[Issue]) {
        issues.iter().for_each(|i| self.add(i));
    }

    /// Counts a refused row.
    pub fn add_reject(&mut self, reject: &Reject) {
        self.add(&reject.issue());
    }
}

macro_rules! report {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, Serialize)]
        pub struct $name {
            /// Rows read: created + updated + unchanged + rejected.
            pub read: u64,
            /// New.
            pub created: u64,
            /// Known, and changed.
            pub updated: u64,
            /// Known, and the same.
            pub unchanged: u64,
            /// Refused, each with its reason in the rejects file.
            pub rejected: u64,
            $($(#[$fdoc])* pub $field: $kind,)*
            /// Where the refused rows are; `None` = there is none.
            pub rejects_file: Option<String>,
            /// The first hundred issues, in order of lines.
            pub issues: Vec<RowIssue>,
            /// How many issues there are in all.
            pub issues_total: u64,
            /// Whether `issues` holds less than all of them.
            pub cut: bool,
            /// How often each code was said, over all rows.
            pub notes: BTreeMap<&'static str, u64>,
            /// The datum.
            pub datum: DatumReport,
            /// The encoding.
            pub encoding: EncodingReport,
            /// The sheet of a workbook.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub sheet: Option<SheetReport>,
        }

        impl $name {
            /// A report before anything was read.
            pub fn new(datum: &DatumChoice, encoding: String) -> Self {
                Self {
                    read: 0,
                    created: 0,
                    updated: 0,
                    unchanged: 0,
                    rejected: 0,
                    $($field: <$kind>::default(),)*
                    rejects_file: None,
                    issues: Vec::new(),
                    issues_total: 0,
                    cut: false,
                    notes: BTreeMap::new(),
                    datum: datum.into(),
                    encoding: EncodingReport { used: encoding, why: "" },
                    sheet: None,
                }
            }

            /// Takes in the issues that were counted.
            pub fn take_issues(&mut self, tally: IssueTally) {
                self.issues = tally.first;
                for (code, n) in tally.by_code {
                    *self.notes.entry(code).or_default() += n;
                }
                self.settle();
            }

            /// Adds issues that were found after reading.
            pub fn add_issues(&mut self, issues: impl IntoIterator<Item = RowIssue>) {
                for issue in issues {
                    *self.notes.entry(issue.code).or_default() += 1;
                    if self.issues.len() < LISTED {
                        self.issues.push(issue);
                    }
                }
                self.settle();
            }

            fn settle(&mut self) {
                self.issues.sort_by_key(|i| i.line);
                self.issues_total = self.notes.values().sum();
                self.cut = self.issues_total > self.issues.len() as u64;
            }
        }
    };
}

report! {
    /// The report of `import tickets`.
    TicketsReport {
        /// Taken, but in no cell.
        outside_cells: u64,
        /// Taken without coordinates, and placed by their address.
        located_by_address: u64,
        /// Taken without coordinates, and without a place: in no cell and on no map.
        unplaced: u64,
        /// When the same rows were imported whole before (RFC 3339): then known tickets stay as they are.
        imported_before: Option<String>,
        /// Source of the rows that name none.
        source: SourceReport,
        /// How many taken rows each source has.
        sources: BTreeMap<String, u64>,
        /// Words for a status that are not known, and how often each was read.
        unknown_status: BTreeMap<String, u64>,
    }
}

report! {
    /// The report of every other import of rows.
    RowsReport {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::IssueAction;

    #[test]
    fn refused_rows_stay_in_the_list() {
        let mut tally = IssueTally::default();
        let issue = |at, action| Issue { at, code: "x", message: String::new(), action, place: None };
        for line in 0..300 {
            tally.add(&issue(line, if line % 100 == 99 { IssueAction::Rejected } else { IssueAction::Kept }));
        }
        assert_eq!((tally.first.len(), tally.by_code["x"]), (LISTED, 300));
        assert_eq!(tally.first.iter().filter(|i| i.action == "rejected").count(), 3);
    }

    #[test]
    fn the_json_has_the_names_of_the_contract() {
        let mut report = TicketsReport::new(&DatumChoice::new(None, None), "utf-8".into());
        report.take_issues(IssueTally::default());
        let json = serde_json::to_value(&report).unwrap();
        for key in [
            "read",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "outside_cells",
            "located_by_address",
            "unplaced",
            "imported_before",
            "rejects_file",
            "issues",
            "datum",
            "encoding",
            "notes",
            "source",
            "sources",
            "unknown_status",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
    }
}
