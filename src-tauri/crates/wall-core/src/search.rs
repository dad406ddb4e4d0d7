//! What texts are found by: grams of their characters, and the tickets of a segment that have one.
//!
//! A text contains a needle only if it has every gram that the needle has ([`Needle::grams`]), so that an index of grams
//! narrows a search down to few tickets; [`Needle::is_in`] decides. At each place of a text stands one gram: three characters
//! where they are letters or digits of ASCII, else two, and the last character alone. Grams lie in the order of their
//! characters: those that begin with one or two given characters are a range.

use std::ops::RangeInclusive;

/// Tickets of a segment: those whose ids differ in the last eleven bits only.
pub const SEGMENT_TICKETS: i64 = 2048;
const WORDS: usize = SEGMENT_TICKETS as usize / 64;
/// Bits of a character: Unicode has 21.
const CHAR_BITS: u32 = 21;
const CHAR_MAX: i64 = (1 << CHAR_BITS) - 1;

/// Letters, digits, signs and spaces of full width as those of ASCII.
pub fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

/// The other way round; what stands for any character goes on doing so.
fn full_width(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '*' => c,
        '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// A character as it is searched: of half width, and small. One whose small form is several stays as it is.
fn fold(c: char) -> char {
    let c = half_width(c);
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// A text as it is searched.
pub fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// Where a text stands: who may not read the one is not told of it by the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchField {
    /// The number that its source gave a ticket: for everybody.
    Id,
    /// Title and address, for who may read them.
    Text,
}

/// One to three characters of a field, as a number: 63 bits of characters, and below zero for [`SearchField::Id`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Gram(pub i64);

impl Gram {
    fn new(field: SearchField, [a, b, c]: [i64; 3]) -> Self {
        let characters = (a << (2 * CHAR_BITS)) | (b << CHAR_BITS) | c;
        Self(if field == SearchField::Id { characters | i64::MIN } else { characters })
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn code(c: char) -> i64 {
    i64::from(u32::from(c))
}

/// The grams of a text, one for each of its characters, in their order.
pub fn grams(field: SearchField, text: &str) -> impl Iterator<Item = Gram> {
    let mut rest = text.chars().map(fold);
    let (mut a, mut b) = (rest.next(), rest.next());
    std::iter::from_fn(move || {
        let (first, c) = (a?, rest.next());
        let gram = match (b, c) {
            (None, _) => [code(first), 0, 0],
            (Some(b), Some(c)) if [first, b, c].into_iter().all(is_word) => [first, b, c].map(code),
            (Some(b), _) => [code(first), code(b), 0],
        };
        (a, b) = (b, c);
        Some(Gram::new(field, gram))
    })
}

/// What is searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Needle(String);

impl Needle {
    /// Of what somebody typed; blanks around it do not count. `None` when nothing is left.
    pub fn new(typed: &str) -> Option<Self> {
        let text = folded(typed);
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a text contains it. O(text).
    pub fn is_in(&self, text: &str) -> bool {
        folded(text).contains(&self.0)
    }

    /// How a text may spell it that is compared letter by letter, where a `*` stands for any character. Beside characters that
    /// have one form only, those of ASCII may be of any width; else all are of half width, or all are of full width, in small or
    /// in capital letters: a text that mixes widths in the middle of a number is spelt by none of them.
    pub fn spellings(&self) -> Vec<String> {
        let spell = |of: &dyn Fn(char) -> char| self.0.chars().map(of).collect::<String>();
        // Engines know only the letters of ASCII in both sizes.
        let has_one_form = |c: char| !c.is_ascii() && c.to_uppercase().eq([c]);
        if self.0.chars().any(has_one_form) {
            return vec![spell(&|c| if has_one_form(c) { c } else { '*' })];
        }
        let one = |c: char| if c.is_ascii() { c } else { '*' };
        let mut all = vec![spell(&one), spell(&|c| full_width(one(c))), spell(&|c| full_width(one(c).to_ascii_uppercase()))];
        all.dedup();
        all
    }

    /// Ranges of grams: a text of the field that contains the needle has a gram out of each of them. At least one.
    pub fn grams(&self, field: SearchField) -> Vec<RangeInclusive<Gram>> {
        let chars: Vec<char> = self.0.chars().collect();
        let range = |low, high| Gram::new(field, low)..=Gram::new(field, high);
        if let [only] = chars[..] {
            return vec![range([code(only), 0, 0], [code(only), CHAR_MAX, CHAR_MAX])];
        }
        let at = |i: usize| chars.get(i).copied();
        let mut ranges = Vec::with_capacity(chars.len());
        for (i, pair) in chars.windows(2).enumerate() {
            let (a, b) = (code(pair[0]), code(pair[1]));
            ranges.push(match at(i + 2) {
                _ if !(is_word(pair[0]) && is_word(pair[1])) => range([a, b, 0], [a, b, 0]),
                Some(c) if is_word(c) => range([a, b, code(c)], [a, b, code(c)]),
                Some(_) => range([a, b, 0], [a, b, 0]),
                // Whatever follows in the text. The gram before has the pair already, if it is one of three.
                None if i > 0 && is_word(chars[i - 1]) => continue,
                None => range([a, b, 0], [a, b, CHAR_MAX]),
            });
        }
        ranges
    }
}

/// Some tickets of one segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentSet([u64; WORDS]);

impl Default for SegmentSet {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl SegmentSet {
    /// One more, by its place in the segment; places beyond its end are not taken.
    pub fn insert(&mut self, place: u16) {
        if let Some(word) = self.0.get_mut(usize::from(place) / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Those that are in both.
    pub fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= b);
    }

    /// Those that are in one of them.
    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|w| *w == 0)
    }

    /// Their places, ascending.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = u16> {
        (0..SEGMENT_TICKETS as u16).filter(|p| self.0[usize::from(*p) / 64] >> (p % 64) & 1 == 1)
    }

    /// As it is stored: two bytes a place while they are few, else a bit a place.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.len() < WORDS * 4 {
            self.places().flat_map(u16::to_le_bytes).collect()
        } else {
            self.0.iter().flat_map(|w| w.to_le_bytes()).collect()
        }
    }

    /// What [`SegmentSet::to_bytes`] wrote; `None` when it is nothing of the kind.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut set = Self::default();
        if bytes.len() == WORDS * 8 {
            let (words, _) = bytes.as_chunks::<8>();
            set.0.iter_mut().zip(words).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
            return Some(set);
        }
        let (places, rest) = bytes.as_chunks::<2>();
        let places = places.iter().map(|p| u16::from_le_bytes(*p));
        if !rest.is_empty() || places.clone().any(|p| i64::from(p) >= SEGMENT_TICKETS) {
            return None;
        }
        places.for_each(|p| set.insert(p));
        Some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn needle(text: &str) -> Needle {
        Needle::new(text).unwrap()
    }

    /// Whether a text has what an index asks for.
    fn is_candidate(needle: &Needle, text: &str) -> bool {
        let has: Vec<Gram> = grams(SearchField::Text, text).collect();
        needle.grams(SearchField::Text).iter().all(|range| has.iter().any(|gram| range.contains(gram)))
    }

    #[test]
    fn texts_are_found_by_their_parts_however_wide_or_large_they_are_written() {
        for (typed, text, found) in [
            ("井", "东门菜场井盖松动", true),
            ("盖松", "东门菜场井盖松动", true),
            ("动", "东门菜场井盖松动", true),
            ("东菜", "东门菜场井盖松动", false),
            (" Ａ座１２ ", "海棠苑a座1203室", true),
            ("1203", "海棠苑Ａ座１２０３室", true),
            ("0117", "SQ202601170117", true),
            ("sq20", "SQ202601170117", true),
            ("0118", "SQ202601170117", false),
            ("t-", "T-17", true),
            ("138****5678", "找李 138****5678", true),
            ("13812345678", "找李 138****5678", false),
            ("é", "CAFÉ", true),
            ("_", "a%b", false),
        ] {
            assert_eq!((needle(typed).is_in(text), is_candidate(&needle(typed), text)), (found, found), "{typed} in {text}");
        }
        assert_eq!(Needle::new(" \u{3000}\t"), None);
    }

    #[test]
    fn needles_are_spelt_in_both_widths() {
        assert_eq!(needle("井盖").spellings(), ["井盖"]);
        assert_eq!(needle("A座 12 号").spellings(), ["*座****号"]);
        assert_eq!(needle("12 3").spellings(), ["12 3", "１２\u{3000}３"]);
        assert_eq!(needle("aé*1").spellings(), ["a**1", "ａ**１", "Ａ**１"]);
    }

    #[test]
    fn few_texts_are_read_in_vain() {
        assert!(needle("门菜东").is_in("门菜东") && !is_candidate(&needle("门菜东"), "东门菜场"));
        assert_eq!(needle("202601").grams(SearchField::Id).len(), 4, "all of three");
        assert_eq!(needle("路12号").grams(SearchField::Id).len(), 3);
        assert!(grams(SearchField::Id, "路12").all(|g| g.0 < 0) && grams(SearchField::Text, "路12").all(|g| g.0 > 0));
    }

    #[test]
    fn what_is_no_set_is_none() {
        for bytes in [&[1][..], &[0, 1, 2], &[0xff, 0xff], &[0; WORDS * 8 + 1]] {
            assert_eq!(SegmentSet::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_text_contains_finds_it(text in "[ab1２Ａ井盖 *-]{1,24}", from in 0usize..24, many in 1usize..24) {
            let chars: Vec<char> = text.chars().collect();
            let part: String = chars.iter().skip(from).take(many).collect();
            if let Some(needle) = Needle::new(&part) {
                prop_assert!(needle.is_in(&text) && is_candidate(&needle, &text), "{part:?} in {text:?}");
            }
        }

        #[test]
        fn sets_come_back_as_they_were(places in prop::collection::hash_set(0..SEGMENT_TICKETS as u16, 0..400), others in prop::collection::hash_set(0..SEGMENT_TICKETS as u16, 0..400)) {
            let set = |places: &HashSet<u16>| {
                let mut set = SegmentSet::default();
                places.iter().for_each(|p| set.insert(*p));
                set
            };
            let listed = |set: &SegmentSet| set.places().collect::<HashSet<u16>>();
            let (a, b) = (set(&places), set(&others));
            prop_assert_eq!(SegmentSet::from_bytes(&a.to_bytes()).unwrap(), a.clone());
            prop_assert!(a.to_bytes().len() <= WORDS * 8);
            prop_assert_eq!((a.len(), a.is_empty(), listed(&a)), (places.len(), places.is_empty(), places.clone()));
            let (mut both, mut either) = (a.clone(), a);
            both.keep(&b);
            either.join(&b);
            prop_assert_eq!(listed(&both), &places & &others);
            prop_assert_eq!(listed(&either), &places | &others);
        }
    }
}
