//! Which property of a feature means what: as asked, else by well-known names.

use std::collections::HashSet;

use wall_core::CellKind;

use super::raw::{Properties, Value};
use super::{CellsError, CellsOptions};
use crate::import::read::{Problem, cut, shown};

/// Longest code and name that is kept, bytes.
const MAX_TEXT: usize = 500;

/// The fields that were used; empty or `None` = none.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct CellsFields {
    /// Joined for the code, in order, with nothing between.
    pub code: Vec<String>,
    /// Name of the cell.
    pub name: Option<String>,
    /// `basic` or `dedicated`.
    pub kind: Option<String>,
    /// Code of the community.
    pub community: Option<String>,
    /// Name of the community.
    pub community_name: Option<String>,
    /// Households.
    pub households: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Those of them that were not asked for but recognised by their names.
    pub guessed: Vec<String>,
}

const CODE: &[&str] =
    &["code", "cell_code", "cellcode", "grid_code", "gridcode", "网格编码", "网格代码", "网格编号", "编码", "代码"];
const NAME: &[&str] = &["name", "cell_name", "cellname", "grid_name", "gridname", "网格名称", "名称"];
const KIND: &[&str] = &["kind", "cell_kind", "网格类型"];
const COMMUNITY: &[&str] = &["community_code", "comm_code", "社区编码", "社区代码", "所属社区编码"];
const COMMUNITY_NAME: &[&str] = &["community_name", "comm_name", "社区名称", "所属社区", "社区"];
const HOUSEHOLDS: &[&str] = &["households", "户数", "总户数"];

/// Names that our own shapefiles shorten (see `export`): full and short.
const SHORTENED: &[(&str, &str)] = &[("community_code", "comm_code"), ("community_name", "comm_name")];

/// How a format cuts the names of its fields: bytes, and the encoding they are counted in.
pub(super) type Cut = Option<(usize, &'static encoding_rs::Encoding)>;

/// A name as a format that cuts names has it; half a character at the end goes too.
fn cut_name(name: &str, (bytes, encoding): (usize, &'static encoding_rs::Encoding)) -> String {
    let (all, _, _) = encoding.encode(name);
    let (text, _) = encoding.decode_without_bom_handling(&all[..all.len().min(bytes)]);
    text.trim_end_matches('\u{fffd}').to_owned()
}

impl CellsFields {
    /// What is asked for, else what is recognised among the names that the features have.
    ///
    /// # Errors
    /// A field that is asked for and that no feature has.
    pub(super) fn choose(options: &CellsOptions, names: &[String], features: usize, cut: Cut) -> Result<Self, CellsError> {
        let known: HashSet<&str> = names.iter().map(String::as_str).collect();
        let check = |field: &String| -> Result<String, CellsError> {
            if features == 0 || known.contains(field.as_str()) {
                return Ok(field.clone());
            }
            if let Some(cut) = cut {
                // Shapefiles keep ten bytes of a name, and some writers turn it to capitals.
                let short = SHORTENED.iter().find(|(full, _)| full == field).map(|(_, short)| (*short).to_owned());
                let tried = [field.clone(), cut_name(field, cut)].into_iter().chain(short);
                let found = tried.filter(|t| !t.is_empty()).find_map(|t| names.iter().find(|n| n.eq_ignore_ascii_case(&t)));
                if let Some(found) = found {
                    return Ok(found.clone());
                }
            }
            let mut available: Vec<String> = names.iter().take(30).cloned().collect();
            available.sort();
            Err(CellsError::FieldMissing { field: field.clone(), available: available.join(", ") })
        };
        let mut guessed = Vec::new();
        let mut pick = |asked: &Option<String>, words: &[&str]| match asked {
            Some(field) => check(field).map(Some),
            None => {
                let found = words.iter().find_map(|w| names.iter().find(|n| n.trim().eq_ignore_ascii_case(w)));
                guessed.extend(found.cloned());
                Ok(found.cloned())
            }
        };
        let code = match options.code_fields.as_slice() {
            [] => pick(&None, CODE)?.into_iter().collect(),
            asked => asked.iter().map(check).collect::<Result<Vec<_>, _>>()?,
        };
        Ok(Self {
            code,
            name: pick(&options.name_field, NAME)?,
            kind: pick(&None, KIND)?,
            community: pick(&options.community_field, COMMUNITY)?,
            community_name: pick(&None, COMMUNITY_NAME)?,
            households: pick(&options.households_field, HOUSEHOLDS)?,
            owner: options.owner_field.as_ref().map(check).transpose()?,
            guessed,
        })
    }
}

impl CellsFields {
    /// Takes a field as that of the communities' names when nothing else says them.
    pub(super) fn or_communities(mut self, field: Option<String>) -> Self {
        if let (None, None, Some(field)) = (&self.community, &self.community_name, field) {
            self.guessed.push(field.clone());
            self.community_name = Some(field);
        }
        self
    }
}

/// What the properties of one feature say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) name: String,
    pub(super) kind: CellKind,
    pub(super) community_code: String,
    pub(super) community_name: String,
    pub(super) households: Option<u32>,
    pub(super) owner: Option<String>,
    /// What could not be read.
    pub(super) notes: Vec<Problem>,
}

impl Said {
    pub(super) fn read(fields: &CellsFields, properties: &Properties) -> Self {
        let mut said = Self::default();
        let mut notes = Vec::new();
        let mut text = |field: &Option<String>| -> String {
            let Some(field) = field else { return String::new() };
            match member(properties, field).map(text_of) {
                None => String::new(),
                Some(Ok(value)) => cut(&value, MAX_TEXT),
                Some(Err(p)) => {
                    notes.push(Problem::new(p.code, format!("property {}: {}", shown(field), p.message)));
                    String::new()
                }
            }
        };
        let parts: Vec<String> = fields.code.iter().map(|f| text(&Some(f.clone()))).collect();
        if !parts.is_empty() && parts.iter().all(|p| !p.is_empty()) {
            said.code = Some(parts.concat());
        }
        said.name = text(&fields.name);
        said.community_code = text(&fields.community);
        said.community_name = text(&fields.community_name);
        said.owner = Some(text(&fields.owner)).filter(|o| !o.is_empty());
        let (kind, households) = (text(&fields.kind), text(&fields.households));
        if said.community_name.is_empty() && !said.community_code.chars().all(|c| c.is_ascii_digit()) {
            // The only word for the community is its name: it serves as both.
            said.community_name.clone_from(&said.community_code);
        }
        match kind.as_str() {
            "" | "基础网格" | "基础" => {}
            "专属网格" | "专属" => said.kind = CellKind::Dedicated,
            word => match CellKind::from_code(&word.to_ascii_lowercase()) {
                Some(kind) => said.kind = kind,
                None => notes.push(Problem::new("unknown_kind", format!("kind {} is not known: basic taken", shown(word)))),
            },
        }
        if !households.is_empty() {
            said.households = count(&households);
            if said.households.is_none() {
                notes.push(Problem::new("bad_households", format!("households {} is no count: left empty", shown(&households))));
            }
        }
        said.notes = notes;
        said
    }
}

/// The value of a property; the last one when it is given twice.
fn member<'a, 'b>(properties: &'a Properties<'b>, name: &str) -> Option<&'a Value<'b>> {
    properties.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v)
}

/// A value as text, trimmed; numbers with the digits they are written with.
fn text_of(value: &Value) -> Result<String, Problem> {
    match value {
        Value::Json(text) => scalar(text),
        Value::Text(text) => Ok(text.trim().to_owned()),
        Value::Number(digits) => number(digits),
        Value::Null => Ok(String::new()),
        Value::Other(what) => Err(Problem::new("bad_value", format!("{what} is not a text or number"))),
    }
}

/// A text, number or truth value as text: texts trimmed, numbers with the digits they are written with.
fn scalar(value: &str) -> Result<String, Problem> {
    match value.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(value) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(e) => Err(Problem::new("bad_value", format!("{} is no text: {e}", shown(value)))),
        },
        _ if value == "null" => Ok(String::new()),
        _ if matches!(value, "true" | "false") => Ok(value.to_owned()),
        Some(b'-' | b'0'..=b'9') => number(value),
        _ => Err(Problem::new("bad_value", format!("{} is not a text or number", shown(value)))),
    }
}

/// A number as it is written; `20.0` is 20, and an exponent is written out when that gives a whole number.
fn number(value: &str) -> Result<String, Problem> {
    let bad = || Problem::new("bad_value", format!("{} is no number", shown(value)));
    let v: f64 = serde_json::from_str(value).map_err(|_| bad())?;
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(value.to_owned());
    }
    if let Some((whole, fraction)) = value.split_once('.')
        && fraction.bytes().all(|b| b == b'0')
    {
        return Ok(whole.to_owned());
    }
    if v.fract() == 0.0 && v.abs() < 9_007_199_254_740_992.0 {
        return Ok(format!("{v:.0}"));
    }
    Ok(value.to_owned())
}

fn count(text: &str) -> Option<u32> {
    let digits = text.strip_suffix('户').unwrap_or(text).trim();
    let v: f64 = digits.parse().ok()?;
    (v >= 0.0 && v.fract() == 0.0 && v <= f64::from(u32::MAX)).then_some(v as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (value, text) in [
            ("20", "20"),
            ("20.0", "20"),
            ("1.50", "1.50"),
            ("\"0113\"", "0113"),
            ("\" 0113 \"", "0113"),
            ("310101001001001", "310101001001001"),
            ("31010100100112345678", "31010100100112345678"),
            ("1e3", "1000"),
            ("-7", "-7"),
            ("null", ""),
            ("true", "true"),
        ] {
            assert_eq!(scalar(value).unwrap(), text, "{value}");
        }
        for value in ["NaN", "[1]", "{}", "1x", "\"\\q\"", "01"] {
            assert!(scalar(value).is_err(), "{value}");
        }
        assert_eq!(
            (count("350"), count("350.0"), count("350户"), count("-1"), count("1.5"), count("many")),
            (Some(350), Some(350), Some(350), None, None, None)
        );
    }
}
