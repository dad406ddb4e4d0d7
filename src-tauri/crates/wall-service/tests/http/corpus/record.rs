//! What is committed of the answers, and how they are compared with it.
//!
//! `NAME.tsv`: one line for each answer: question, status, hash, and who got it. `NAME.json.gz`: by hash what is behind it, to
//! say what differs: a small answer whole, a large one (and any of real data) as hashes of its parts.

use super::canonical::{hash, written};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    io::{Read, Write as _},
    path::PathBuf,
};

/// Longest answer that is kept whole, bytes in its canonical form.
const WHOLE: usize = 2_048;
/// Parts of a larger one that are told apart.
const PARTS: usize = 40;
/// Differing questions that are printed, and differing members of each.
const PRINTED: usize = 40;
const MEMBERS: usize = 6;

/// An answer somebody got.
pub(super) struct Asked {
    pub question: String,
    pub asker: &'static str,
    pub status: u16,
    hash: String,
    canonical: Value,
}

impl Asked {
    pub fn new(question: &str, asker: &'static str, status: u16, canonical: Value) -> Self {
        Self { question: question.to_owned(), asker, status, hash: hash(&json!([status, canonical]), 16), canonical }
    }
}

/// Which answers are kept whole.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Bodies {
    /// Those of made-up data that are small.
    Small,
    /// None: real data stay where they are.
    None,
}

/// The answers of one wall.
pub(super) struct Record {
    name: &'static str,
    /// By question and asker: status and hash.
    answers: BTreeMap<(String, String), (u16, String)>,
    /// By hash.
    behind: BTreeMap<String, Value>,
}

impl Record {
    pub fn of(name: &'static str, asked: Vec<Asked>, bodies: Bodies) -> Self {
        let mut record = Self { name, answers: BTreeMap::new(), behind: BTreeMap::new() };
        for a in asked {
            let known = record.behind.contains_key(&a.hash);
            let twice = record.answers.insert((a.question.clone(), a.asker.to_owned()), (a.status, a.hash.clone()));
            assert!(twice.is_none(), "asked twice: {} by {}", a.question, a.asker);
            if !known {
                let whole = bodies == Bodies::Small && written(&a.canonical).len() <= WHOLE;
                let behind = if whole { json!({ "whole": a.canonical }) } else { json!({ "parts": parts(&a.canonical) }) };
                record.behind.insert(a.hash, behind);
            }
        }
        record
    }

    fn path(&self, ending: &str) -> PathBuf {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/expected/corpus");
        PathBuf::from(folder).join(format!("{}.{ending}", self.name))
    }

    /// Fails with what differs from the committed record; with `GRIDWALL_BLESS` commits this one.
    pub fn compare_with_committed(&self) {
        if std::env::var_os("GRIDWALL_BLESS").is_some() {
            self.write();
        }
        let committed = self.read().unwrap_or_else(|e| panic!("{e}: record the corpus with GRIDWALL_BLESS=1"));
        let differences = committed.differences(self);
        assert!(
            differences.is_empty(),
            "{differences}\nWhere that is meant: GRIDWALL_BLESS=1, and a line in tests/expected/corpus/README.md"
        );
    }

    fn write(&self) {
        let mut lines: BTreeMap<(&str, u16, &str), Vec<&str>> = BTreeMap::new();
        for ((question, asker), (status, hash)) in &self.answers {
            lines.entry((question, *status, hash)).or_default().push(asker);
        }
        let mut text = String::new();
        for ((question, status, hash), askers) in lines {
            writeln!(text, "{question}\t{status}\t{hash}\t{}", askers.join(" ")).unwrap();
        }
        std::fs::create_dir_all(self.path("tsv").parent().unwrap()).unwrap();
        std::fs::write(self.path("tsv"), text).unwrap();
        let behind: Map<String, Value> = self.behind.clone().into_iter().collect();
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(written(&Value::Object(behind)).as_bytes()).unwrap();
        std::fs::write(self.path("json.gz"), packed.finish().unwrap()).unwrap();
    }

    fn read(&self) -> std::io::Result<Self> {
        let mut answers = BTreeMap::new();
        for line in std::fs::read_to_string(self.path("tsv"))?.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [question, status, hash, askers] = fields[..] else { panic!("{}: {line}", self.path("tsv").display()) };
            for asker in askers.split(' ') {
                answers.insert((question.to_owned(), asker.to_owned()), (status.parse().unwrap(), hash.to_owned()));
            }
        }
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(self.path("json.gz"))?).read_to_string(&mut text)?;
        Ok(Self { name: self.name, answers, behind: serde_json::from_str(&text)? })
    }

    /// In words; empty when `now` answers as this record does.
    fn differences(&self, now: &Self) -> String {
        let mut found: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
        let all: BTreeSet<_> = self.answers.keys().chain(now.answers.keys()).collect();
        for key in all {
            let (before, after) = (self.answers.get(key), now.answers.get(key));
            if before != after {
                found.entry((self.difference(now, before, after), &key.0)).or_default().push(&key.1);
            }
        }
        let mut out = String::new();
        if !found.is_empty() {
            let questions: BTreeSet<&str> = found.keys().map(|(_, question)| *question).collect();
            writeln!(out, "corpus {}: {} of the questions are answered otherwise", self.name, questions.len()).unwrap();
        }
        for ((difference, question), askers) in found.iter().take(PRINTED) {
            writeln!(out, "{question} [{}]\n{}", askers.join(" "), difference.trim_end()).unwrap();
        }
        if found.len() > PRINTED {
            writeln!(out, "… and {} more differences", found.len() - PRINTED).unwrap();
        }
        out
    }

    fn difference(&self, now: &Self, before: Option<&(u16, String)>, after: Option<&(u16, String)>) -> String {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (None, _) => return "  is a new question".into(),
            (_, None) => return "  is asked no more".into(),
        };
        let mut out = String::new();
        if before.0 != after.0 {
            writeln!(out, "  status {} → {}", before.0, after.0).unwrap();
        }
        let none = Value::Null;
        let (was, is) = (self.behind.get(&before.1).unwrap_or(&none), now.behind.get(&after.1).unwrap_or(&none));
        let mut members = Vec::new();
        match (was.get("whole"), is.get("whole")) {
            (Some(was), Some(is)) => compare("", was, is, &mut members),
            // One of them is large: both by their parts.
            _ => {
                let (was, is) = (parts_of(was), parts_of(is));
                let places: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
                let part = |of: &BTreeMap<String, String>, place| of.get(place).map_or(Value::Null, |hash| json!(hash));
                let all = places.into_iter().map(|place| (place.clone(), part(&was, place), part(&is, place)));
                members.extend(all.filter(|(_, was, is)| was != is));
            }
        }
        for (place, was, is) in members.iter().take(MEMBERS) {
            writeln!(out, "  {place}: {} → {}", brief(was), brief(is)).unwrap();
        }
        if members.len() > MEMBERS {
            writeln!(out, "  … and {} more members", members.len() - MEMBERS).unwrap();
        }
        out
    }
}

fn brief(value: &Value) -> String {
    let text = if value.is_null() { "nothing".into() } else { written(value) };
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A container's members with their names.
fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(o) => o.iter().map(|(name, v)| (format!(".{name}"), v)).collect(),
        Value::Array(a) => a.iter().enumerate().map(|(i, v)| (format!("[{i}]"), v)).collect(),
        _ => Vec::new(),
    }
}

/// Where two values differ, depth first; what one of them lacks is `null` there.
fn compare(place: &str, was: &Value, is: &Value, out: &mut Vec<(String, Value, Value)>) {
    let (a, b) = (members(was), members(is));
    let alike = std::mem::discriminant(was) == std::mem::discriminant(is);
    if was == is {
    } else if !alike || (a.is_empty() && b.is_empty()) {
        out.push((place.to_owned(), was.clone(), is.clone()));
    } else {
        let names: BTreeSet<&String> = a.iter().chain(&b).map(|(name, _)| name).collect();
        let find =
            |list: &[(String, &Value)], name: &String| list.iter().find(|(n, _)| n == name).map_or(Value::Null, |m| m.1.clone());
        for name in names {
            compare(&format!("{place}{name}"), &find(&a, name), &find(&b, name), out);
        }
    }
}

/// The parts of what is behind a hash.
fn parts_of(behind: &Value) -> BTreeMap<String, String> {
    match behind.get("whole") {
        Some(whole) => parts(whole),
        None => serde_json::from_value(behind["parts"].clone()).unwrap_or_default(),
    }
}

/// An answer by the hashes of its parts, cut finer as long as they are few; of lists also how long they are.
fn parts(answer: &Value) -> BTreeMap<String, String> {
    let mut line = VecDeque::from([(String::new(), answer)]);
    let mut out = BTreeMap::new();
    while let Some((place, value)) = line.pop_front() {
        let inside = members(value);
        if let Value::Array(all) = value {
            out.insert(format!("{place}.length"), all.len().to_string());
        }
        if !inside.is_empty() && out.len() + line.len() + inside.len() <= PARTS {
            line.extend(inside.into_iter().map(|(name, v)| (format!("{place}{name}"), v)));
        } else {
            out.insert(place, hash(value, 8));
        }
    }
    out
}
