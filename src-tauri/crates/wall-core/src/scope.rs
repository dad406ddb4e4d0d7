//! The part of a territory that somebody answers for, when it is not all of it: divisions by their codes, and a network.

use serde::{Deserialize, Serialize};

/// Longest code of a division or key of a network, bytes.
const LONGEST: usize = 100;
/// Divisions of one scope at most.
const MOST: usize = 200;
/// Digits of an administrative code: six of the district, three of the street, three of the community.
const DIGITS: usize = 12;

/// Why something is no scope.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeError {
    /// Neither divisions nor a network.
    #[error("a scope names divisions by their codes, or a network; who is to see and do everything has none")]
    Empty,
    /// A code that is none.
    #[error("\"{0}\" is no code of a street or community: 1 … 100 printable characters without spaces, commas or semicolons")]
    Code(String),
    /// Too many.
    #[error("a scope holds at most {MOST} divisions: name the street instead of its communities")]
    TooMany,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    divisions: Vec<String>,
    network: Option<String>,
}

/// Some divisions, or a network, or some divisions of one network. Who answers for everything has no scope.
///
/// A ticket lies in the division of its cell; networks lie over the same ground and do not divide tickets, but plans and cells.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Scope {
    /// In order, each once, none within another; empty = all divisions.
    divisions: Vec<String>,
    network: Option<String>,
}

impl TryFrom<Stored> for Scope {
    type Error = ScopeError;

    fn try_from(stored: Stored) -> Result<Self, ScopeError> {
        Self::new(&stored.divisions, stored.network.as_deref())
    }
}

impl From<Scope> for Stored {
    fn from(scope: Scope) -> Self {
        Self { divisions: scope.divisions, network: scope.network }
    }
}

impl Scope {
    /// A scope of divisions, by codes of communities, streets or districts, and of a network, by its key. Six or nine digits stand
    /// for the district or street with that beginning.
    ///
    /// # Errors
    /// It would hold everything, or a code is none.
    pub fn new(divisions: &[String], network: Option<&str>) -> Result<Self, ScopeError> {
        let mut codes = divisions.iter().map(|code| division(code)).collect::<Result<Vec<String>, ScopeError>>()?;
        codes.sort_unstable();
        codes.dedup();
        let all = codes.clone();
        codes.retain(|code| !all.iter().any(|other| other != code && holds(other, code)));
        let network = network.map(|key| word(key).map(str::to_owned)).transpose()?;
        match (codes.len(), &network) {
            (0, None) => Err(ScopeError::Empty),
            (n, _) if n > MOST => Err(ScopeError::TooMany),
            _ => Ok(Self { divisions: codes, network }),
        }
    }

    /// Codes of its divisions, in order; empty = all.
    pub fn divisions(&self) -> &[String] {
        &self.divisions
    }

    /// Key of its network; `None` = all networks.
    pub fn network(&self) -> Option<&str> {
        self.network.as_deref()
    }

    /// Whether a division lies within it; one without a code (an empty one) does only where all divisions do. O(divisions).
    pub fn holds_division(&self, code: &str) -> bool {
        self.divisions.is_empty() || self.divisions.iter().any(|own| holds(own, code))
    }

    /// Whether what belongs to a network, its plans and their cells, is within it.
    pub fn holds_network(&self, key: &str) -> bool {
        self.network.as_deref().is_none_or(|own| own == key)
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.divisions.join(", "))?;
        match &self.network {
            Some(key) if self.divisions.is_empty() => write!(f, "the network {key}"),
            Some(key) => write!(f, " of the network {key}"),
            None => Ok(()),
        }
    }
}

/// The division in which a ticket lies, for a scope; empty = in none. It is that of the cell in which it was first found (`home`),
/// whatever cells were drawn around it since; where nobody knows its place the one that it tells; outside all cells none.
pub fn ticket_division<'a>(home: Option<&'a str>, is_placed: bool, told: &'a str) -> &'a str {
    match home {
        Some(division) => division,
        None if is_placed => "",
        None => told,
    }
}

fn word(text: &str) -> Result<&str, ScopeError> {
    let text = text.trim();
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, ',' | ';');
    let is_one = !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits);
    if is_one { Ok(text) } else { Err(ScopeError::Code(text.chars().take(LONGEST).collect())) }
}

/// The code of a division in full.
fn division(text: &str) -> Result<String, ScopeError> {
    let code = word(text)?;
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    Ok(if digits && matches!(code.len(), 6 | 9) { format!("{code:0<DIGITS$}") } else { code.to_owned() })
}

/// Whether the division of one code holds that of another: the same one, or a street or district that it begins with. Codes that
/// are no administrative ones hold themselves alone.
fn holds(own: &str, code: &str) -> bool {
    let administrative = |code: &str| code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit());
    if own == code {
        return true;
    }
    if !administrative(own) || !administrative(code) {
        return false;
    }
    // A district ends with six zeros, a street with three.
    let length = [6, 9].into_iter().find(|length| own[*length..].bytes().all(|b| b == b'0'));
    length.is_some_and(|length| code[..length] == own[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(codes: &[&str], network: Option<&str>) -> Result<Scope, ScopeError> {
        Scope::new(&codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), network)
    }

    #[test]
    fn a_street_holds_its_communities_and_a_community_itself_alone() {
        let street = scope(&["330108001"], None).unwrap();
        assert_eq!(street.divisions(), ["330108001000"]);
        for (code, within) in [
            ("330108001000", true),
            ("330108001001", true),
            ("330108001999", true),
            ("330108002001", false),
            ("330108000000", false),
            ("", false),
            ("3301080010011", false),
            ("33010800100a", false),
        ] {
            assert_eq!(street.holds_division(code), within, "{code}");
        }
        let community = scope(&["330108001001"], None).unwrap();
        assert!(community.holds_division("330108001001") && !community.holds_division("330108001000"));
        let district = scope(&["330108000000"], None).unwrap();
        assert!(district.holds_division("330108001001") && !district.holds_division("330109001001"));
        // Elsewhere codes are names, and none begins another.
        let named = scope(&["Dorchester"], None).unwrap();
        assert!(named.holds_division("Dorchester") && !named.holds_division("Dorchester South"));
    }

    #[test]
    fn a_network_divides_plans_and_no_ground() {
        let police = scope(&[], Some("police")).unwrap();
        assert!(police.holds_division("330108001001") && police.holds_division(""));
        assert!(police.holds_network("police") && !police.holds_network("general"));
        assert!(scope(&["a"], None).unwrap().holds_network("general"));
    }

    #[test]
    fn a_ticket_lies_where_it_was_first_found() {
        assert_eq!(ticket_division(Some("home"), true, "told"), "home");
        assert_eq!(ticket_division(None, true, "told"), "", "outside all cells");
        assert_eq!(ticket_division(None, false, "told"), "told");
    }

    #[test]
    fn it_is_written_and_read_back_in_one_form() {
        let scope =
            scope(&["330108001002", " 330108001001", "330108001002", "330108002", "330108002007"], Some("general")).unwrap();
        assert_eq!(scope.to_string(), "330108001001, 330108001002, 330108002000 of the network general");
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
        for bad in [
            r#"{"divisions":[],"network":null}"#,
            r#"{"divisions":["a b"],"network":null}"#,
            r#"{"divisions":["a"],"network":"b,c"}"#,
            r#"{"divisions":["a"],"network":null,"more":1}"#,
            r#"{"divisions":[""]}"#,
        ] {
            assert!(serde_json::from_str::<Scope>(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..=MOST).map(|n| n.to_string() + "x").collect();
        assert_eq!(Scope::new(&many, None), Err(ScopeError::TooMany));
    }
}
