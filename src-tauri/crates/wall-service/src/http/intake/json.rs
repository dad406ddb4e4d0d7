//! JSON without the two things that would let a row mean something else to us than to its sender: a key given twice,
//! and anything after the value. Depth is bounded by serde_json (128).

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// A value, and the first key that was given twice in one object of it.
pub(super) struct Read {
    pub value: Value,
    pub doubled: Option<String>,
}

/// Reads one value that is all there is.
pub(super) fn read(text: &[u8]) -> Result<Read, serde_json::Error> {
    let mut doubled = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Seed(&mut doubled).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Read { value, doubled })
}

/// As [`read`], refusing doubled keys; the reason in words.
pub(crate) fn strict(text: &[u8]) -> Result<Value, String> {
    match read(text) {
        Ok(Read { value, doubled: None }) => Ok(value),
        Ok(Read { doubled: Some(key), .. }) => Err(doubled_key(&key)),
        Err(error) => Err(broken(&error)),
    }
}

pub(super) fn doubled_key(key: &str) -> String {
    format!("the key {key:?} is given twice")
}

pub(super) fn broken(error: &serde_json::Error) -> String {
    format!("not valid JSON: {error}")
}

/// Elements of an array, each with its own doubled key.
pub(super) fn elements(text: &[u8], most: usize) -> Result<Vec<Read>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let list = deserializer.deserialize_seq(Elements(most))?;
    deserializer.end()?;
    Ok(list)
}

struct Elements(usize);

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<Read>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        loop {
            let mut doubled = None;
            let Some(value) = list.next_element_seed(Seed(&mut doubled))? else { return Ok(found) };
            found.push(Read { value, doubled });
            // One more than allowed tells the caller that there are too many; the rest is not worth its memory.
            if found.len() > self.0 {
                while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                return Ok(found);
            }
        }
    }
}

struct Seed<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(value) = list.next_element_seed(Seed(&mut *self.0))? {
            found.push(value);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(Seed(&mut *self.0))?;
            if found.contains_key(&key) {
                self.0.get_or_insert_with(|| key.chars().take(60).collect());
            }
            found.insert(key, value);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_as_serde_json_but_for_doubled_keys() {
        for text in [r#"{"a":[1,-2,3.5,true,null,"\u00e9",{"b":18446744073709551615}]}"#, "[]", "\"x\"", "1e5", " {} "] {
            assert_eq!(strict(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in ["", "{", "{}{}", "nan", "NaN", "Infinity", "1e999", "{'a':1}", "[1,]", "\"\\ud800\"", "\u{feff}{}"] {
            assert!(strict(text.as_bytes()).is_err(), "{text}");
        }
        assert!(strict(b"{\"a\":1,\"a\":2}").unwrap_err().contains("\"a\""));
        assert!(strict(b"{\"r\":{\"n\":1,\"n\":1}}").is_err());
        assert!(strict(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(strict(deep.as_bytes()).is_err());
        let closed = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(strict(closed.as_bytes()).is_err());
    }

    #[test]
    fn elements_are_judged_one_by_one_and_counted() {
        let list = elements(br#"[{"a":1},{"a":1,"a":2},7]"#, 10).unwrap();
        assert_eq!(list.iter().map(|r| r.doubled.is_some()).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(list[2].value, json!(7));
        assert_eq!(elements(b"[1,2,3,4,5]", 2).unwrap().len(), 3);
        assert!(elements(b"{}", 2).is_err() && elements(b"[1,2", 1).is_err());
    }
}
