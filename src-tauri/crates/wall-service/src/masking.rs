//! Masks phone numbers, identity numbers and e-mail addresses inside free text: `138****1234`.
//!
//! Pure and cheap (linear in the text, which comes back borrowed when nothing was masked). What is masked:
//! - Chinese mobile numbers (11 digits, 13…19), also with `+86`, `0086`, `0`, also spaced or dashed, also in full-width
//!   digits, also several written together;
//! - landlines with an area code (`0755-8123 4567`, `(010)81234567`);
//! - identity numbers of 18 digits (the last may be X) or 15 digits, when the birth date in them is one;
//! - e-mail addresses.
//!
//! Not masked: service numbers (12345, 110, 400 …), administrative and cell codes, 20-digit camera ids, dates.

use std::borrow::Cow;

/// Most separator characters between two groups of one number: `)` and a space, ` - ` …
const MAX_GAP: usize = 3;
/// Longest number that is put together from several groups.
const MAX_JOINED: usize = 18;

/// The text with phone numbers, identity numbers and e-mail addresses masked.
///
/// Masking twice gives the same as masking once.
///
/// ```
/// assert_eq!(wall_service::masking::mask("联系张某 138 1234 5678"), "联系张某 138 **** 5678");
/// ```
pub fn mask(text: &str) -> Cow<'_, str> {
    let may_have_number = text.chars().filter(|c| digit(*c).is_some()).nth(9).is_some();
    let may_have_mail = text.contains(['@', '＠']);
    if !may_have_number && !may_have_mail {
        return Cow::Borrowed(text);
    }
    let mut chars: Vec<char> = text.chars().collect();
    let mut changed = false;
    if may_have_number {
        changed |= mask_numbers(&mut chars);
    }
    if may_have_mail {
        changed |= mask_mail(&mut chars);
    }
    if changed { Cow::Owned(chars.into_iter().collect()) } else { Cow::Borrowed(text) }
}

/// A run of digits: `start..end` in characters.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(c as u8 - b'0'),
        '０'..='９' => Some((c as u32 - '０' as u32) as u8),
        _ => None,
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '-' | '－' | '‐' | '‑' | '–' | '—' | '.' | '·' | '_' | '(' | ')' | '（' | '）')
}

fn mask_numbers(chars: &mut [char]) -> bool {
    let groups = groups(chars);
    let mut changed = false;
    let mut first = 0;
    while first < groups.len() {
        match number_from(chars, &groups, first) {
            Some((last, hidden)) => {
                for position in hidden {
                    chars[position] = '*';
                }
                changed = true;
                first = last + 1;
            }
            None => first += 1,
        }
    }
    changed
}

fn groups(chars: &[char]) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut start = None;
    for (i, c) in chars.iter().enumerate() {
        match (digit(*c), start) {
            (Some(_), None) => start = Some(i),
            (None, Some(s)) => {
                groups.push(Group { start: s, end: i });
                start = None;
            }
            _ => {}
        }
    }
    if let Some(s) = start {
        groups.push(Group { start: s, end: chars.len() });
    }
    groups
}

/// A number that begins with group `first`: the last group it takes, and the positions to hide.
fn number_from(chars: &[char], groups: &[Group], first: usize) -> Option<(usize, Vec<usize>)> {
    let mut digits: Vec<u8> = Vec::new();
    let mut positions: Vec<usize> = Vec::new();
    for (last, group) in groups.iter().enumerate().skip(first) {
        if last > first {
            let gap = &chars[groups[last - 1].end..group.start];
            if gap.len() > MAX_GAP || !gap.iter().all(|c| is_separator(*c)) {
                return None;
            }
            if digits.len() + (group.end - group.start) > MAX_JOINED {
                return None;
            }
        }
        for (i, c) in chars.iter().enumerate().take(group.end).skip(group.start) {
            digits.extend(digit(*c));
            positions.push(i);
        }
        let check_letter = chars.get(group.end).is_some_and(|c| matches!(c, 'x' | 'X' | 'ｘ' | 'Ｘ'));
        let area_first = last == first || matches!(groups[first].end - groups[first].start, 3 | 4);
        if let Some(hidden) = hidden_digits(&digits, last == first, area_first, check_letter) {
            return Some((last, hidden.into_iter().map(|d| positions[d]).collect()));
        }
    }
    None
}

/// Which digits of a number are hidden; `None` when it is no number of a person. `area_first`: the first group may be an
/// area code (a date such as `03-15-2015 02` is not a landline).
fn hidden_digits(digits: &[u8], one_group: bool, area_first: bool, check_letter: bool) -> Option<Vec<usize>> {
    let n = digits.len();
    // Mobile numbers written together.
    if one_group && n >= 22 && n.is_multiple_of(11) && digits.chunks(11).all(is_mobile) {
        return Some((0..n).filter(|i| (3..7).contains(&(i % 11))).collect());
    }
    if (11..=16).contains(&n) && is_mobile(&digits[n - 11..]) && is_dial_prefix(&digits[..n - 11]) {
        return Some((n - 8..n - 4).collect());
    }
    if n == 18 && is_birth_date(&digits[6..14]) || n == 17 && check_letter && is_birth_date(&digits[6..14]) {
        return Some((3..n - 2).collect());
    }
    if n == 15 && one_group && is_old_birth_date(&digits[6..12]) {
        return Some((3..n - 2).collect());
    }
    let national = if digits.starts_with(&[8, 6]) { 2 } else { 0 };
    let landline = (national > 0 || area_first) && is_landline(&digits[national..], national > 0);
    landline.then(|| (n - 8..n - 4).filter(|i| *i >= national + 2).collect())
}

fn is_mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && digits[0] == 1 && digits[1] >= 3
}

fn is_dial_prefix(prefix: &[u8]) -> bool {
    matches!(prefix, [] | [0] | [8, 6] | [0, 8, 6] | [0, 0, 8, 6] | [1, 7, 9, _, _] | [1, 2, 5, 9, 3])
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |n, d| n * 10 + u32::from(*d))
}

fn is_birth_date(d: &[u8]) -> bool {
    (1900..2100).contains(&number(&d[..4])) && is_month_day(&d[4..8])
}

/// Old numbers were given until 1999; the bound keeps 15-digit cell codes readable.
fn is_old_birth_date(d: &[u8]) -> bool {
    number(&d[..2]) >= 30 && is_month_day(&d[2..6])
}

fn is_month_day(d: &[u8]) -> bool {
    (1..=12).contains(&number(&d[..2])) && (1..=31).contains(&number(&d[2..4]))
}

/// An area code (010, 02x, or 0xxx; without the 0 after the country code) and 7 or 8 digits.
fn is_landline(d: &[u8], after_country: bool) -> bool {
    match d {
        [0, 1..=9, ..] => (10..=12).contains(&d.len()),
        [1..=9, ..] if after_country => (9..=11).contains(&d.len()),
        _ => false,
    }
}

fn mask_mail(chars: &mut [char]) -> bool {
    let mut changed = false;
    for at in 0..chars.len() {
        if !matches!(chars[at], '@' | '＠') {
            continue;
        }
        let start = (0..at).rev().take_while(|i| is_mail_char(chars[*i])).last();
        let domain = chars[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).count();
        let has_dot = chars[at + 1..at + 1 + domain].iter().skip(1).any(|c| *c == '.');
        if let (Some(start), true) = (start, has_dot) {
            let hidden_from = if at - start > 1 { start + 1 } else { start };
            changed |= chars[hidden_from..at].iter().any(|c| *c != '*');
            chars[hidden_from..at].fill('*');
        }
    }
    changed
}

fn is_mail_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
        assert_eq!(mask(expected), expected, "masking is idempotent");
    }

    #[test]
    fn mobiles() {
        check("13812341234", "138****1234");
        check("电话13812341234。", "电话138****1234。");
        check("１３８１２３４１２３４", "１３８****１２３４");
        check("+8613812341234", "+86138****1234");
        check("+86 138 1234 1234", "+86 138 **** 1234");
        check("0086-138-1234-1234", "0086-138-****-1234");
        check("138-12341234", "138-****1234");
        check("1381234 1234", "138**** 1234");
        check("1 3 8 1 2 3 4 1 2 3 4", "1 3 8 * * * * 1 2 3 4");
        check("20260105 13812341234", "20260105 138****1234");
        check("1381234123413912341234", "138****1234139****1234");
        check("张13812341234李19912341234", "张138****1234李199****1234");
    }

    #[test]
    fn landlines_and_identity_numbers() {
        check("0755-81234567", "0755-****4567");
        check("(010)81234567", "(010)****4567");
        check("075581234567", "0755****4567");
        check("+86-755-8123 4567", "+86-755-**** 4567");
        check("110101199003071234", "110*************34");
        check("11010119900307123X", "110************23X");
        check("110101 19900307 1234", "110*** ******** **34");
        check("110101900307123", "110**********23");
    }

    #[test]
    fn what_stays_readable() {
        for text in [
            "",
            "拨打12345或110",
            "400-820-8820",
            "2026-01-05 12:40:41",
            "03-15-2015 02:30",
            "440305001001",
            "440305001001003",
            "34020000001320000001",
            "101004143000",
            "面积1234567890平方",
            "@居委会",
        ] {
            assert!(matches!(mask(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn mail() {
        check("发到 zhang.san@example.com 即可", "发到 z********@example.com 即可");
        check("a@b.cn", "*@b.cn");
        check("见@某人。", "见@某人。");
    }

    /// The digits of a text, full-width ones too, everything else as it is.
    fn ascii_digits(text: &str) -> String {
        text.chars().map(|c| digit(c).map_or(c, |d| char::from(b'0' + d))).collect()
    }

    proptest! {
        #[test]
        fn no_mobile_survives(
            before in "[^0-9０-９]{0,12}", after in "[^0-9０-９]{0,12}",
            mobile in "1[3-9][0-9]{9}", wide in any::<bool>(), split in 1usize..10, gap in "[ －.-]{0,2}",
        ) {
            let written: String =
                if wide { mobile.bytes().map(|b| char::from_u32('０' as u32 + u32::from(b - b'0')).unwrap()).collect() } else { mobile.clone() };
            let at = written.char_indices().nth(split).unwrap().0;
            let text = format!("{before}{}{gap}{}{after}", &written[..at], &written[at..]);
            let masked = mask(&text);
            let kept: String = ascii_digits(&masked).chars().filter(char::is_ascii_digit).collect();
            prop_assert!(!kept.contains(&mobile), "{text} -> {masked}");
        }

        #[test]
        fn no_mobile_survives_beside_other_numbers(
            other in "[0-9]{1,20}", gap in "[ ,;/-]", mobile in "1[3-9][0-9]{9}", first in any::<bool>(),
        ) {
            let text = if first { format!("{mobile}{gap}{other}") } else { format!("{other}{gap}{mobile}") };
            prop_assert!(!mask(&text).contains(&mobile), "{text} -> {}", mask(&text));
        }

        #[test]
        fn any_text_is_masked_once(text in "\\PC*") {
            let once = mask(&text).into_owned();
            prop_assert_eq!(mask(&once), once.as_str());
        }
    }
}
