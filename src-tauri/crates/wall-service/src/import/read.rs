//! What every reader of rows yields: a record with its issues, or a refused row as it came.

use wall_core::{Issue, IssueAction, Place};

/// A refused row, with everything that is needed to mend it and import it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reject {
    /// Line number from 1 (text, header included) or feature index from 0 (GeoJSON); 0 for a single JSON object.
    pub line: u64,
    /// A word to branch on: `external_id_missing`, `coordinates_out_of_range`, `bad_time` …
    pub reason_code: &'static str,
    /// What is wrong, in words, with the offending value.
    pub message: String,
    /// The row as it came (text; bytes that were no text are replaced by U+FFFD). Bounded to [`Reject::MAX_RAW`].
    pub raw: String,
}

impl Reject {
    /// Longest raw row that is kept, in bytes; a longer one is cut and ends in `…`.
    pub const MAX_RAW: usize = 1 << 20;

    /// This refusal as a line of a report.
    pub fn issue(&self) -> Issue {
        Issue { at: self.line, code: self.reason_code, message: self.message.clone(), action: IssueAction::Rejected, place: None }
    }
}

/// One row of an input after reading.
#[derive(Clone, PartialEq, Debug)]
pub enum Read<T> {
    /// A valid record.
    Record {
        /// Line number from 1, or feature index from 0 (GeoJSON).
        line: u64,
        /// The record.
        record: T,
        /// What is worth saying about it (kept or repaired).
        issues: Vec<Issue>,
    },
    /// A refused row.
    Reject(Reject),
}

/// Why a row is refused, before its line and text are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// A word to branch on.
    pub code: &'static str,
    /// In words, with the offending value.
    pub message: String,
}

impl Problem {
    /// A problem with its code and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Collects the issues of one row.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Notes {
    line: u64,
    issues: Vec<Issue>,
}

impl Notes {
    /// Notes on the row at `line`.
    pub fn at(line: u64) -> Self {
        Self { line, issues: Vec::new() }
    }

    /// The row was taken as it is.
    pub fn kept(&mut self, code: &'static str, message: impl Into<String>) {
        self.push(code, message.into(), IssueAction::Kept, None);
    }

    /// The row was changed as the message says, and taken.
    pub fn repaired(&mut self, code: &'static str, message: impl Into<String>) {
        self.push(code, message.into(), IssueAction::Repaired, None);
    }

    /// Adds an issue with a place.
    pub fn push(&mut self, code: &'static str, message: String, action: IssueAction, place: Option<Place>) {
        self.issues.push(Issue { at: self.line, code, message, action, place });
    }

    /// The code of the last issue.
    pub fn last_code(&self) -> Option<&'static str> {
        self.issues.last().map(|i| i.code)
    }

    /// The issues.
    pub fn into_issues(self) -> Vec<Issue> {
        self.issues
    }
}

/// A value for a message: quoted, on one line, at most 60 characters.
pub fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().nth(60).is_some() {
        text.push('…');
    }
    format!("“{text}”")
}

/// Cuts a text to at most `max` bytes at a character boundary, with `…` at the end when something was cut.
pub fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
