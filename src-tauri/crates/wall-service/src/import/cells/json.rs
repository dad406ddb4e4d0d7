//! Taking a JSON text apart without parsing it whole: where the members of an object and the elements of an array begin
//! and end. One broken feature then stays one broken feature, numbers keep their digits, and no nesting is too deep.

/// Why a text cannot be taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Broken {
    /// Byte offset in the text that was looked at.
    pub(super) at: usize,
    /// What is wrong there.
    pub(super) what: &'static str,
}

fn broken<T>(at: usize, what: &'static str) -> Result<T, Broken> {
    Err(Broken { at, what })
}

/// The offset of the first byte from `at` that is no white space.
pub(super) fn skip_space(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The end of the string that starts at `at`.
fn string_end(text: &str, at: usize) -> Result<usize, Broken> {
    let bytes = text.as_bytes();
    let mut i = at + 1;
    loop {
        match bytes.get(i) {
            Some(b'"') => return Ok(i + 1),
            Some(b'\\') => i += 2,
            Some(_) => i += 1,
            None => return broken(at, "a string does not end"),
        }
    }
}

/// The end of the value that starts at `at` (no white space before it). Only brackets and strings are looked at; what is
/// between them is judged later, value by value.
pub(super) fn value_end(text: &str, at: usize) -> Result<usize, Broken> {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        None => broken(at, "the text ends where a value should stand"),
        Some(b'"') => string_end(text, at),
        Some(b'{' | b'[') => {
            let mut depth = 0usize;
            let mut i = at;
            loop {
                match bytes.get(i) {
                    None => return broken(at, "a bracket is never closed (is the file cut off?)"),
                    Some(b'"') => {
                        i = string_end(text, i)?;
                        continue;
                    }
                    Some(b'{' | b'[') => depth += 1,
                    Some(b'}' | b']') => depth -= 1,
                    Some(_) => {}
                }
                i += 1;
                if depth == 0 {
                    return Ok(i);
                }
            }
        }
        Some(b',' | b':' | b'}' | b']') => broken(at, "a value is missing"),
        Some(_) => {
            let rest = &bytes[at..];
            let stop = |b: &u8| matches!(b, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n');
            Ok(at + rest.iter().position(stop).unwrap_or(rest.len()))
        }
    }
}

/// Most elements of an array, and members of an object, that are taken apart: each costs more than the byte it may be made of.
const MAX_ELEMENTS: usize = super::raw::MAX_FEATURES;
const MAX_MEMBERS: usize = 100_000;

/// How many values a text can hold, at most.
pub(super) fn values_in(text: &str) -> usize {
    text.bytes().filter(|b| matches!(b, b',' | b'[' | b'{')).count()
}

/// Walks over what stands between the brackets of `text`, item by item; `item` returns the end of the item.
fn walk(text: &str, open: u8, close: u8, mut item: impl FnMut(usize) -> Result<usize, Broken>) -> Result<(), Broken> {
    let bytes = text.as_bytes();
    let mut at = skip_space(text, 0);
    if bytes.get(at) != Some(&open) {
        return broken(at, "another kind of value");
    }
    at = skip_space(text, at + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(());
    }
    loop {
        at = skip_space(text, item(at)?);
        match bytes.get(at) {
            Some(b',') => at = skip_space(text, at + 1),
            Some(b) if *b == close => return Ok(()),
            Some(_) => return broken(at, "a comma is missing"),
            None => return broken(at, "a bracket is never closed (is the file cut off?)"),
        }
    }
}

/// The members of an object: names and the texts of their values, in order.
pub(super) fn members(text: &str) -> Result<Vec<(String, &str)>, Broken> {
    let mut found = Vec::new();
    walk(text, b'{', b'}', |at| {
        if text.as_bytes().get(at) != Some(&b'"') {
            return broken(at, "the name of a member is missing");
        }
        let end = string_end(text, at)?;
        let Some(Ok(name)) = text.get(at..end).map(serde_json::from_str::<String>) else {
            return broken(at, "the name of a member is no text");
        };
        let colon = skip_space(text, end);
        if text.as_bytes().get(colon) != Some(&b':') {
            return broken(colon, "a colon is missing");
        }
        let start = skip_space(text, colon + 1);
        let end = value_end(text, start)?;
        let Some(value) = text.get(start..end) else { return broken(start, "a string does not end") };
        if found.len() >= MAX_MEMBERS {
            return broken(at, "there are more members in one object than are read");
        }
        found.push((name, value));
        Ok(end)
    })?;
    Ok(found)
}

/// The texts of the elements of an array, in order. On a fault: what was found before it, too.
pub(super) fn elements(text: &str) -> Result<Vec<&str>, (Vec<&str>, Broken)> {
    let mut found = Vec::new();
    let walked = walk(text, b'[', b']', |at| {
        let end = value_end(text, at)?;
        let Some(value) = text.get(at..end) else { return broken(at, "a string does not end") };
        if found.len() >= MAX_ELEMENTS {
            return broken(at, "there are more elements than are read");
        }
        found.push(value);
        Ok(end)
    });
    match walked {
        Ok(()) => Ok(found),
        Err(e) => Err((found, e)),
    }
}

/// The value of a member; the last one when it is given twice.
pub(super) fn member<'a>(members: &[(String, &'a str)], name: &str) -> Option<&'a str> {
    members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| *v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn taken_apart() {
        let m = members(r#" { "a" : 1.50 , "b\u0041":[1,{"x":"]}\""}], "c":null,"a":2} "#).unwrap();
        let shown: Vec<_> = m.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(shown, vec![("a", "1.50"), ("bA", r#"[1,{"x":"]}\""}]"#), ("c", "null"), ("a", "2")]);
        assert_eq!(member(&m, "a"), Some("2"));
        assert_eq!(elements("[ 1 , \"a,b\",NaN,[[]] ]").unwrap(), vec!["1", "\"a,b\"", "NaN", "[[]]"]);
        assert_eq!(elements("[]").unwrap(), Vec::<&str>::new());
        for bad in ["", "{", "[1", "[1,", "[1 2]", "[,]", "{\"a\"}", "{\"a\":}", "{a:1}", "\"abc", "[\"abc\\", "5"] {
            assert!(elements(bad).is_err() && members(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_of_any_depth() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(elements(&deep).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in r#"[\[\]{},:"\\ a1é.-]{0,40}"#) {
            let _ = members(&text);
            let _ = elements(&text);
        }
    }
}
