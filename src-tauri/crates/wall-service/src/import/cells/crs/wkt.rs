//! Well-known text of coordinate systems as a tree. Bounded: depth, length and number of nodes.

/// A degree in radians, as files write it.
pub(super) const DEGREE: f64 = std::f64::consts::PI / 180.0;

const MAX_LENGTH: usize = 64 << 10;
const MAX_DEPTH: usize = 24;

/// `KEYWORD["name", numbers and texts …, CHILDREN[…] …]`.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Node {
    pub(super) keyword: String,
    texts: Vec<String>,
    numbers: Vec<f64>,
    pub(super) children: Vec<Node>,
}

/// Letters and digits only, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase()
}

impl Node {
    /// The first text: its name.
    pub(super) fn name(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    pub(super) fn number(&self, i: usize) -> Option<f64> {
        self.numbers.get(i).copied().filter(|v| v.is_finite())
    }

    pub(super) fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.children.iter().find(|c| keywords.contains(&c.keyword.as_str()))
    }

    /// The size of its unit; of the second generation it may stand in the coordinate system or at an axis.
    pub(super) fn unit(&self) -> Option<f64> {
        const UNITS: &[&str] = &["UNIT", "LENGTHUNIT", "ANGLEUNIT"];
        let of = |n: &Self| n.child(UNITS).and_then(|u| u.number(0));
        of(self).or_else(|| self.children.iter().filter(|c| matches!(c.keyword.as_str(), "CS" | "AXIS")).find_map(of))
    }

    /// Parameters of the projection, names plain.
    pub(super) fn parameters(&self) -> Vec<(String, f64)> {
        let conversion = self.child(&["CONVERSION"]).map(|c| c.children.as_slice()).unwrap_or_default();
        let all = self.children.iter().chain(conversion).filter(|c| c.keyword == "PARAMETER");
        all.filter_map(|p| Some((plain(p.name()), p.number(0)?))).collect()
    }

    /// The text of the node again.
    pub(super) fn to_text(&self) -> String {
        let parts = self.texts.iter().map(|t| format!("\"{}\"", t.replace('"', "\"\"")));
        let parts = parts.chain(self.numbers.iter().map(f64::to_string)).chain(self.children.iter().map(Self::to_text));
        format!("{}[{}]", self.keyword, parts.collect::<Vec<_>>().join(","))
    }
}

/// The tree of a text; `None` when it is none.
pub(super) fn parse(text: &str) -> Option<Node> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if text.len() > MAX_LENGTH {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut open: Vec<Node> = Vec::new();
    loop {
        while bytes.get(at).is_some_and(|b| b.is_ascii_whitespace() || *b == b',') {
            at += 1;
        }
        match bytes.get(at)? {
            b'"' => {
                let mut value = String::new();
                at += 1;
                loop {
                    let length = text.get(at..)?.find('"')?;
                    value.push_str(text.get(at..at + length)?);
                    at += length + 1;
                    if bytes.get(at) != Some(&b'"') {
                        break;
                    }
                    value.push('"');
                    at += 1;
                }
                open.last_mut()?.texts.push(value);
            }
            b']' | b')' => {
                at += 1;
                let done = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Some(done),
                }
            }
            _ => {
                let stop = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '(' | ')' | '"');
                let rest = text.get(at..)?;
                let word = &rest[..rest.find(stop)?];
                if word.is_empty() {
                    return None;
                }
                at += word.len();
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                if matches!(bytes.get(at), Some(b'[' | b'(')) {
                    at += 1;
                    if open.len() >= MAX_DEPTH {
                        return None;
                    }
                    open.push(Node { keyword: word.to_ascii_uppercase(), ..Node::default() });
                } else if let Ok(number) = word.parse::<f64>() {
                    open.last_mut()?.numbers.push(number);
                } else {
                    // A bare word: the direction of an axis.
                    open.last_mut()?;
                }
            }
        }
    }
}
