//! Words of the domain's vocabularies on the wire: in TypeScript a union of them, in Rust the enumeration itself.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::{Config, TS};
use wall_core::Coded;

/// One word of a vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word<T>(pub T);

/// One word of a vocabulary, or the empty text where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WordOrNone<T>(pub Option<T>);

/// The TypeScript declaration of a vocabulary.
pub fn vocabulary<T: Coded>() -> String {
    let words: Vec<String> = T::values().iter().map(|value| format!("'{}'", value.word())).collect();
    format!("type {} = {};", T::NAME, words.join(" | "))
}

impl<T> From<T> for Word<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> From<Option<T>> for WordOrNone<T> {
    fn from(value: Option<T>) -> Self {
        Self(value)
    }
}

impl<T: Coded> Word<T> {
    /// As text.
    pub fn as_str(self) -> &'static str {
        self.0.word()
    }
}

impl<T: Coded> WordOrNone<T> {
    /// As text, empty = there is none.
    pub fn as_str(self) -> &'static str {
        self.0.map_or("", T::word)
    }
}

fn word_of<T: Coded, E: serde::de::Error>(text: &str) -> Result<T, E> {
    let found = T::values().iter().find(|value| value.word() == text);
    found.copied().ok_or_else(|| E::custom(format!("\"{text}\" is no {}", T::NAME)))
}

impl<T: Coded> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<T: Coded> Serialize for WordOrNone<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'a, T: Coded> Deserialize<'a> for Word<T> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        word_of(&std::borrow::Cow::<str>::deserialize(from)?).map(Self)
    }
}

impl<'a, T: Coded> Deserialize<'a> for WordOrNone<T> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        if text.is_empty() { Ok(Self(None)) } else { word_of(&text).map(|value| Self(Some(value))) }
    }
}

macro_rules! named {
    ($($word:ident, $name:literal;)+) => {$(
        impl<T: Coded> TS for $word<T> {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &Config) -> String {
                format!($name, T::NAME)
            }

            fn inline(config: &Config) -> String {
                <Self as TS>::name(config)
            }
        }
    )+};
}

named! {
    Word, "{}";
    WordOrNone, "{} | ''";
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::Duty;

    #[test]
    fn words_go_over_the_wire_as_they_are_and_others_are_refused() {
        let json = |value: &str| format!("\"{value}\"");
        for duty in Duty::ALL {
            assert_eq!(serde_json::to_string(&Word(*duty)).unwrap(), json(duty.code()));
            assert_eq!(serde_json::from_str::<Word<Duty>>(&json(duty.code())).unwrap(), Word(*duty));
            assert_eq!(serde_json::to_string(&WordOrNone(Some(*duty))).unwrap(), json(duty.code()));
        }
        assert_eq!(serde_json::to_string(&WordOrNone::<Duty>(None)).unwrap(), "\"\"");
        assert_eq!(serde_json::from_str::<WordOrNone<Duty>>("\"\"").unwrap(), WordOrNone(None));
        assert!(serde_json::from_str::<Word<Duty>>("\"\"").is_err());
        assert!(serde_json::from_str::<WordOrNone<Duty>>("\"asleep\"").is_err());
        assert_eq!(vocabulary::<Duty>(), "type Duty = 'on_duty' | 'off_duty' | 'unknown';");
        assert_eq!(Word::<Duty>::name(&Config::new()), "Duty");
        assert_eq!(WordOrNone::<Duty>::name(&Config::new()), "Duty | ''");
    }
}
