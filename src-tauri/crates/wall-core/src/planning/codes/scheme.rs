//! The scheme of codes (编码规则), as data: lengths and alphabets are settings, never written into the program.

use std::collections::BTreeSet;

use super::numbering::CodeOverflow;
use crate::coded::coded;

/// How codes of cells are made: the community's code, then a running number inside the community.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeScheme {
    /// Length of a community's code.
    pub community_len: usize,
    /// Length of the running number.
    pub sequence_len: usize,
    /// Signs of the running number in the order of counting; the first stands for nothing.
    pub alphabet: String,
    /// Lengths of codes from older local rules that are accepted beside the scheme's own (14, 16).
    pub older_lengths: Vec<usize>,
    /// Whether codes of those older lengths may contain letters.
    pub older_letters: bool,
}

impl Default for CodeScheme {
    /// Fifteen digits: 6 district + 3 street + 3 community + 3 running.
    fn default() -> Self {
        Self {
            community_len: 12,
            sequence_len: 3,
            alphabet: "0123456789".into(),
            older_lengths: Vec::new(),
            older_letters: false,
        }
    }
}

coded! {
    /// What is wrong with a scheme.
    SchemeFault {
        /// No room for a running number, or one so long that it cannot be counted.
        SequenceLength = "sequence_length",
        /// Fewer than two signs, one of them twice, or one that is no letter or digit of ASCII.
        Alphabet = "alphabet",
        /// A community's code without signs, or too long.
        CommunityLength = "community_length",
    }
}

coded! {
    /// What is wrong with a code.
    CodeFault {
        /// There is none.
        Missing = "code_missing",
        /// It is too long or too short.
        Length = "code_length",
        /// It has a sign that the scheme does not know.
        Characters = "code_characters",
        /// It does not begin with the code of the cell's community.
        Community = "code_community",
        /// Its running number is nought.
        Nought = "code_nought",
        /// It belonged to a cell that is no more.
        Retired = "code_retired",
        /// Another cell of the plan has it.
        Duplicate = "code_duplicate",
    }
}

coded! {
    /// Which part keeps the code when a cell is split.
    #[derive(Default)]
    SplitPolicy {
        /// The one with more households; when they are not known, or equal, the larger one.
        #[default]
        Households = "households",
        /// The larger one.
        Area = "area",
        /// None: every part gets a new code.
        Neither = "neither",
    }
}

coded! {
    /// Which code the cell has that others were merged into.
    #[derive(Default)]
    MergePolicy {
        /// Its own.
        #[default]
        Into = "into",
        /// A new one.
        New = "new",
    }
}

/// A part of a split cell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartSize {
    /// Households, when known.
    pub households: Option<f64>,
    /// m².
    pub area_m2: f64,
}

impl SplitPolicy {
    /// Position of the part that keeps the code; of equal ones the first. O(parts).
    pub fn heir(self, parts: &[PartSize]) -> Option<usize> {
        let known = parts.iter().all(|p| p.households.is_some());
        let size = |p: &PartSize| match self {
            Self::Households if known => (p.households.unwrap_or(0.0), p.area_m2),
            _ => (p.area_m2, 0.0),
        };
        if self == Self::Neither {
            return None;
        }
        let larger = |best: usize, i: usize| {
            let ((h, a), (bh, ba)) = (size(&parts[i]), size(&parts[best]));
            if h.total_cmp(&bh).then(a.total_cmp(&ba)).is_gt() { i } else { best }
        };
        (0..parts.len()).reduce(larger)
    }
}

impl CodeScheme {
    /// Length of a code.
    pub fn len(&self) -> usize {
        self.community_len + self.sequence_len
    }

    /// Whether codes have no length; never for a sound scheme.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many cells a community can have.
    pub fn capacity(&self) -> u64 {
        let signs = self.alphabet.chars().count() as u64;
        signs.checked_pow(self.sequence_len as u32).unwrap_or(u64::MAX).saturating_sub(1)
    }

    /// Whether the scheme can be used.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check(&self) -> Result<(), SchemeFault> {
        let signs: BTreeSet<char> = self.alphabet.chars().collect();
        let sound =
            signs.len() >= 2 && signs.len() == self.alphabet.chars().count() && signs.iter().all(char::is_ascii_alphanumeric);
        if !sound {
            Err(SchemeFault::Alphabet)
        } else if !(1..=8).contains(&self.sequence_len) {
            Err(SchemeFault::SequenceLength)
        } else if !(1..=32).contains(&self.community_len) {
            Err(SchemeFault::CommunityLength)
        } else {
            Ok(())
        }
    }

    /// The code of running number `number` in a community.
    pub fn code(&self, community: &str, number: u64) -> String {
        let signs: Vec<char> = self.alphabet.chars().collect();
        let base = signs.len().max(2) as u64;
        let mut sequence = vec![signs.first().copied().unwrap_or('0'); self.sequence_len];
        let mut rest = number;
        for sign in sequence.iter_mut().rev() {
            *sign = signs.get((rest % base) as usize).copied().unwrap_or('0');
            rest /= base;
        }
        community.chars().chain(sequence).collect()
    }

    /// The running number of a code of this community; `None` when it is none of the scheme.
    pub fn number(&self, community: &str, code: &str) -> Option<u64> {
        let sequence = code.strip_prefix(community).filter(|s| s.chars().count() == self.sequence_len)?;
        let base = self.alphabet.chars().count() as u64;
        sequence.chars().try_fold(0u64, |sum, sign| {
            let value = self.alphabet.chars().position(|c| c == sign)? as u64;
            sum.checked_mul(base)?.checked_add(value)
        })
    }

    /// Whether this can be the code of a community: its length, digits only.
    pub fn is_community(&self, community: &str) -> bool {
        community.len() == self.community_len && community.bytes().all(|b| b.is_ascii_digit())
    }

    /// The next code of a community: one more than the highest ever given, and when those are used up the lowest that was
    /// never given. `given` are the codes of all cells and of all that ever were: none of them is given again.
    /// O(log n + codes of the community).
    ///
    /// # Errors
    /// The community is full.
    pub fn next_code(&self, community: &str, given: &BTreeSet<String>) -> Result<String, CodeOverflow> {
        let numbers: BTreeSet<u64> = given
            .range(community.to_owned()..)
            .take_while(|c| c.starts_with(community))
            .filter_map(|c| self.number(community, c))
            .collect();
        let capacity = self.capacity();
        let above = numbers.last().copied().unwrap_or(0) + 1;
        let free = if above <= capacity {
            Some(above)
        } else {
            // The first number that is not where it would be if none were missing.
            let wanted = (1..=capacity).zip(numbers.iter().copied().filter(|n| *n > 0));
            wanted.into_iter().find(|(want, have)| want != have).map(|(want, _)| want)
        };
        free.map(|n| self.code(community, n)).ok_or_else(|| CodeOverflow { community: community.to_owned(), capacity })
    }

    /// What is wrong with the form of a code, first fault first; duplicates and retired codes are for those who know all.
    pub fn fault(&self, code: &str, community: &str) -> Option<CodeFault> {
        if code.is_empty() {
            return Some(CodeFault::Missing);
        }
        let length = code.chars().count();
        let older = self.older_lengths.contains(&length) && length != self.len();
        if length != self.len() && !older {
            return Some(CodeFault::Length);
        }
        let known = |(i, c): (usize, char)| match older {
            true => c.is_ascii_digit() || (self.older_letters && c.is_ascii_alphabetic()),
            false if i < self.community_len => c.is_ascii_digit(),
            false => self.alphabet.contains(c),
        };
        if !code.chars().enumerate().all(known) {
            return Some(CodeFault::Characters);
        }
        if older {
            return None;
        }
        if !community.is_empty() && !code.starts_with(community) {
            return Some(CodeFault::Community);
        }
        let prefix: String = code.chars().take(self.community_len).collect();
        (self.number(&prefix, code) == Some(0)).then_some(CodeFault::Nought)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: &str = "330106002001";

    fn given(codes: &[&str]) -> BTreeSet<String> {
        codes.iter().map(|c| format!("{C}{c}")).collect()
    }

    #[test]
    fn next_is_above_all_ever_given_and_then_fills_what_was_never_given() {
        let scheme = CodeScheme::default();
        assert_eq!(scheme.next_code(C, &BTreeSet::new()), Ok(format!("{C}001")));
        assert_eq!(scheme.next_code(C, &given(&["001", "007"])), Ok(format!("{C}008")));
        assert_eq!(scheme.next_code(C, &given(&["001", "999"])), Ok(format!("{C}002")));
        // Codes of other communities and of other forms do not count.
        let others = BTreeSet::from(["330106002002009".to_owned(), format!("{C}0099"), format!("{C}0A1")]);
        assert_eq!(scheme.next_code(C, &others), Ok(format!("{C}001")));
        let all: BTreeSet<String> = (1..=999).map(|n| scheme.code(C, n)).collect();
        assert_eq!(scheme.next_code(C, &all), Err(CodeOverflow { community: C.into(), capacity: 999 }));
    }

    #[test]
    fn letters_count_in_their_alphabet() {
        let scheme = CodeScheme { sequence_len: 2, alphabet: "0123456789ABCDEF".into(), ..CodeScheme::default() };
        assert_eq!((scheme.len(), scheme.capacity()), (14, 255));
        assert_eq!(scheme.next_code(C, &given(&["0F"])), Ok(format!("{C}10")));
        assert_eq!(scheme.number(C, &format!("{C}FF")), Some(255));
        assert_eq!(scheme.number(C, &format!("{C}fG")), None);
        assert_eq!(scheme.check(), Ok(()));
        for (bad, fault) in [
            (CodeScheme { alphabet: "0".into(), ..scheme.clone() }, SchemeFault::Alphabet),
            (CodeScheme { alphabet: "001".into(), ..scheme.clone() }, SchemeFault::Alphabet),
            (CodeScheme { alphabet: "01号".into(), ..scheme.clone() }, SchemeFault::Alphabet),
            (CodeScheme { sequence_len: 0, ..scheme.clone() }, SchemeFault::SequenceLength),
            (CodeScheme { community_len: 0, ..scheme.clone() }, SchemeFault::CommunityLength),
        ] {
            assert_eq!(bad.check(), Err(fault));
        }
    }

    #[test]
    fn forms_of_codes() {
        let scheme = CodeScheme::default();
        let older = CodeScheme { older_lengths: vec![14, 16], older_letters: true, ..CodeScheme::default() };
        for (code, strict, loose) in [
            ("", Some(CodeFault::Missing), Some(CodeFault::Missing)),
            ("330106002001001", None, None),
            ("33010600200101", Some(CodeFault::Length), None),
            ("33010600200100A1", Some(CodeFault::Length), None),
            ("3301060020010-01", Some(CodeFault::Length), Some(CodeFault::Characters)),
            ("33010600200100A", Some(CodeFault::Characters), Some(CodeFault::Characters)),
            ("330106002002001", Some(CodeFault::Community), Some(CodeFault::Community)),
            ("330106002001000", Some(CodeFault::Nought), Some(CodeFault::Nought)),
            ("３３０１０６００２００１００１", Some(CodeFault::Characters), Some(CodeFault::Characters)),
        ] {
            assert_eq!((scheme.fault(code, C), older.fault(code, C)), (strict, loose), "{code}");
        }
        assert_eq!(scheme.fault("330106002002001", ""), None);
    }

    #[test]
    fn at_most_one_part_inherits() {
        let part = |households: Option<f64>, area_m2: f64| PartSize { households, area_m2 };
        let parts = [part(Some(100.0), 9.0), part(Some(300.0), 1.0), part(Some(300.0), 2.0)];
        assert_eq!(SplitPolicy::Households.heir(&parts), Some(2));
        assert_eq!(SplitPolicy::Area.heir(&parts), Some(0));
        assert_eq!(SplitPolicy::Neither.heir(&parts), None);
        assert_eq!(SplitPolicy::Households.heir(&[part(None, 1.0), part(Some(5.0), 0.5)]), Some(0));
        assert_eq!(SplitPolicy::Area.heir(&[]), None);
    }
}
