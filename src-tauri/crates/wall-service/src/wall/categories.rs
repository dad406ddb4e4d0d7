//! What tickets are about: the category table and the names seen on tickets.

use std::collections::{HashMap, HashSet};
use wall_core::{Category, Platform, UtcMs};

/// A category that a ticket has or the table knows.
pub(crate) struct KnownCategory {
    pub code: String,
    /// The code where the table has no name for it.
    pub name: String,
    pub platform: Option<Platform>,
}

/// The table of categories, by code and by name.
#[derive(Clone, Default)]
pub(crate) struct CategoryTable {
    lines: Vec<(Category, Option<UtcMs>, Option<UtcMs>)>,
    by_code: HashMap<String, Vec<usize>>,
}

/// Categories by code, and a small number for each code seen.
#[derive(Clone, Default)]
pub(crate) struct Categories {
    table: CategoryTable,
    seen: HashMap<String, u32>,
    codes: Vec<String>,
}

impl CategoryTable {
    /// Of its lines with their validity, each from and until when. O(lines).
    pub fn new(lines: Vec<(Category, Option<UtcMs>, Option<UtcMs>)>) -> Self {
        let mut by_code: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, (c, ..)) in lines.iter().enumerate() {
            by_code.entry(c.code.clone()).or_default().push(i);
            if c.name != c.code {
                by_code.entry(c.name.clone()).or_default().push(i);
            }
        }
        Self { lines, by_code }
    }

    /// The line of the table for a code (or name) in force at `at`; the newest line when none is.
    pub fn find(&self, code: &str, at: UtcMs) -> Option<&Category> {
        let lines = self.by_code.get(code)?;
        let in_force = |i: &&usize| {
            let (_, from, to) = &self.lines[**i];
            from.is_none_or(|f| f <= at) && to.is_none_or(|t| at < t)
        };
        let i = lines.iter().rev().find(in_force).or_else(|| lines.last())?;
        Some(&self.lines[*i].0)
    }

    /// Whether it has this code or name.
    fn lists(&self, code: &str) -> bool {
        self.by_code.contains_key(code)
    }
}

impl Categories {
    /// Replaces the table; what was seen stays.
    pub fn set_table(&mut self, lines: Vec<(Category, Option<UtcMs>, Option<UtcMs>)>) {
        self.table = CategoryTable::new(lines);
    }

    /// The small number of a code, given at first sight.
    pub fn seen(&mut self, code: &str) -> u32 {
        if let Some(i) = self.seen.get(code) {
            return *i;
        }
        let i = self.codes.len() as u32;
        self.codes.push(code.to_owned());
        self.seen.insert(code.to_owned(), i);
        i
    }

    /// The codes seen, in the order of their small numbers.
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// The small number of a code that was seen.
    pub fn number(&self, code: &str) -> Option<u32> {
        self.seen.get(code).copied()
    }

    /// Whether the table or any ticket has this code.
    pub fn knows(&self, code: &str) -> bool {
        self.listed(code) || self.seen.contains_key(code)
    }

    /// Whether the table has this code or name.
    pub fn listed(&self, code: &str) -> bool {
        self.table.lists(code)
    }

    /// How many codes were seen on tickets that the table does not have. O(codes).
    pub fn unlisted(&self) -> usize {
        self.codes.iter().filter(|code| !code.is_empty() && !self.listed(code)).count()
    }

    /// The code of a small number.
    pub fn code(&self, seen: u32) -> &str {
        self.codes.get(seen as usize).map_or("", String::as_str)
    }

    /// Name on screen: of the table, else the code itself.
    pub fn name<'a>(&'a self, code: &'a str, at: UtcMs) -> &'a str {
        self.table.find(code, at).map_or(code, |c| c.name.as_str())
    }

    /// Platform by the table.
    pub fn platform(&self, code: &str, at: UtcMs) -> Option<Platform> {
        self.table.find(code, at).and_then(|c| c.platform)
    }

    /// Every code seen on a ticket, with its name.
    pub fn seen_at(&self, at: UtcMs) -> Vec<KnownCategory> {
        self.known(self.codes.iter().cloned().collect(), at)
    }

    /// Every code of the table in force at `at` or seen on a ticket, with its name.
    pub fn all(&self, at: UtcMs) -> Vec<KnownCategory> {
        let in_force = |from: &Option<UtcMs>, to: &Option<UtcMs>| from.is_none_or(|f| f <= at) && to.is_none_or(|t| at < t);
        let table = self.table.lines.iter().filter(|(_, from, to)| in_force(from, to)).map(|(c, ..)| c.code.clone());
        self.known(self.codes.iter().cloned().chain(table).collect(), at)
    }

    fn known(&self, codes: HashSet<String>, at: UtcMs) -> Vec<KnownCategory> {
        let mut out: Vec<KnownCategory> = codes
            .into_iter()
            .filter(|code| !code.is_empty())
            .map(|code| KnownCategory { name: self.name(&code, at).to_owned(), platform: self.platform(&code, at), code })
            .collect();
        out.sort_by(|a, b| a.code.cmp(&b.code));
        out
    }
}
