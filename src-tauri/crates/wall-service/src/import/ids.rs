//! Ids as spreadsheets hand them over: wrapped so that they stay text, shortened, rounded; and characters nobody can see.

use std::borrow::Cow;

use super::read::{Notes, Problem, shown};

/// Digits that a spreadsheet keeps of a number.
const KEPT_DIGITS: usize = 15;

/// The text inside `="…"`, by which spreadsheets keep digits as text.
pub fn formula_text(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.trim().strip_prefix("=\"")?.strip_suffix('"')?;
    // A quote inside is doubled; a single one means that this is a formula of several parts.
    if inner.replace("\"\"", "").contains('"') {
        return None;
    }
    Some(if inner.contains('"') { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) })
}

/// What a formula begins with; spreadsheets of some languages take the full-width forms too.
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would run a text as a formula, or does not know better because of the apostrophes before it.
fn starts_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// A text for a table that people open: what would be run as a formula gets an apostrophe, numbers stay numbers.
/// [`formula_restored`] takes it away again.
pub fn formula_neutralised(text: &str) -> Cow<'_, str> {
    if starts_formula(text) && super::fields::number(text).is_none() {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text before [`formula_neutralised`]; `None` when it was not changed.
pub fn formula_restored(text: &str) -> Option<&str> {
    text.strip_prefix('\'').filter(|rest| starts_formula(rest))
}

/// A character that cannot be seen, or that turns the order of those around it.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// An id as it is meant: unwrapped, with a word about everything that makes it doubtful.
///
/// # Errors
/// `bad_id_characters`: it holds characters that cannot be seen.
pub fn id(field: &str, text: &str, notes: &mut Notes) -> Result<String, Problem> {
    let text = text.trim();
    let mut id = Cow::Borrowed(text);
    if let Some(inner) = formula_text(text) {
        id = Cow::Owned(inner.trim().to_owned());
    } else if let Some(rest) = text.strip_prefix('\'').map(str::trim).filter(|r| !r.is_empty() && !r.contains('\'')) {
        id = Cow::Owned(rest.to_owned());
    }
    if id != text {
        notes.repaired("spreadsheet_text", format!("{field} {} was read as {}", shown(text), shown(&id)));
    }
    if let Some(c) = id.chars().find(|c| unseen(*c)) {
        let message = format!("{field} {} holds the character U+{:04X}, which cannot be seen", shown(&id), c as u32);
        return Err(Problem::new("bad_id_characters", message));
    }
    if is_shortened(&id) {
        notes.kept("id_in_exponent_form", format!("{field} {} looks shortened by a spreadsheet: digits are lost", shown(&id)));
    } else if is_rounded(&id) {
        notes.kept(
            "id_rounded",
            format!("{field} {} has zeros behind its first {KEPT_DIGITS} digits: a spreadsheet may have rounded it", shown(&id)),
        );
    }
    Ok(id.into_owned())
}

/// `3.402E+19`: how a spreadsheet shows a number of many digits.
fn is_shortened(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.split_once(['e', 'E']) else { return false };
    (mantissa.contains('.') || exponent.starts_with('+'))
        && super::fields::number(id).is_some_and(|n| n.abs() >= 1e9)
        && exponent.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit())
}

/// Sixteen digits or more with nothing but zeros where a spreadsheet keeps none.
fn is_rounded(id: &str) -> bool {
    id.len() > KEPT_DIGITS
        && id.bytes().all(|b| b.is_ascii_digit())
        && id.bytes().skip(KEPT_DIGITS).all(|b| b == b'0')
        && id.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (String, &'static str) {
        let mut notes = Notes::at(1);
        match id("id", text, &mut notes) {
            Ok(id) => (id, notes.last_code().unwrap_or_default()),
            Err(problem) => (String::new(), problem.code),
        }
    }

    #[test]
    fn spreadsheets_are_seen_through() {
        for (text, id, code) in [
            ("A-1", "A-1", ""),
            ("=\"330106202605040001\"", "330106202605040001", "spreadsheet_text"),
            ("'330106202605040002", "330106202605040002", "spreadsheet_text"),
            ("=\"a\"\"b\"", "a\"b", "spreadsheet_text"),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\"", ""),
            ("'quoted'", "'quoted'", ""),
            ("3.402E+19", "3.402E+19", "id_in_exponent_form"),
            ("3E+17", "3E+17", "id_in_exponent_form"),
            ("12E5", "12E5", ""),
            ("3.E1", "3.E1", ""),
            ("330106202605040000", "330106202605040000", "id_rounded"),
            ("330106202605040100", "330106202605040100", ""),
            ("330106202605000", "330106202605000", ""),
            ("0000000000000000", "0000000000000000", ""),
            ("a\u{202e}b", "", "bad_id_characters"),
            ("a\u{7}b", "", "bad_id_characters"),
            ("a\nb", "", "bad_id_characters"),
            ("a\u{200b}b", "", "bad_id_characters"),
        ] {
            assert_eq!(read(text), (id.to_owned(), code), "{text}");
        }
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_left() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "-2"),
            ("+1.5e3", "+1.5e3"),
            ("-x", "'-x"),
            ("'=x", "''=x"),
            ("'x", "'x"),
            ("井盖", "井盖"),
        ] {
            assert_eq!(formula_neutralised(text), expected);
        }
    }

    proptest! {
        #[test]
        fn what_was_neutralised_comes_back(text in "['=+@a\\-1 \t]{0,6}") {
            let out = formula_neutralised(&text).into_owned();
            let back = formula_restored(&out).unwrap_or(&out);
            prop_assert_eq!(back, &text, "{:?}", out);
            prop_assert!(!out.starts_with(FORMULA_STARTS) || crate::import::fields::number(&out).is_some(), "{out:?}");
        }
    }
}
