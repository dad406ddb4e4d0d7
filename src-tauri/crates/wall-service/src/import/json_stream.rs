//! The items of a JSON document one at a time, in bounded memory: an array of objects, or the features of a GeoJSON
//! collection. The bytes are UTF-8.

use std::io::{self, BufRead};

/// Longest single item, bytes; a longer one is refused and passed over. The values of a document take up to eighty times
/// its bytes in memory (`[{"a":0},{"a":0}…`), so this many stay below 400 MiB.
pub const MAX_ITEM: usize = 4 << 20;

/// One item of the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Position from 0.
    pub index: u64,
    /// Line its first byte stands on, from 1.
    pub line: u64,
    /// Its bytes; cut when `too_long`.
    pub bytes: Vec<u8>,
    /// Whether it was longer than [`MAX_ITEM`].
    pub too_long: bool,
}

/// What the document is, found on the way to its first item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `[ … ]`
    Array,
    /// `{"features": [ … ]}`
    Collection,
    /// `{ … }`: one object.
    Single,
}

/// Cuts a JSON document into items.
pub struct ItemCutter<R> {
    reader: R,
    shape: Shape,
    index: u64,
    line: u64,
    started: bool,
    finished: bool,
    /// The text of `crs` beside the features, when it comes before them.
    crs: Option<String>,
}

/// How the document ended too early.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The stream.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The text is not the JSON it promised to be.
    #[error("line {line}: {what}")]
    Syntax {
        /// Line from 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
}

impl<R: BufRead> ItemCutter<R> {
    /// Items of a document of this shape.
    pub fn new(reader: R, shape: Shape) -> Self {
        Self { reader, shape, index: 0, line: 1, started: false, finished: false, crs: None }
    }

    /// The stream behind.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The raw JSON of the collection's `crs`, known after the first item.
    pub fn crs(&self) -> Option<&str> {
        self.crs.as_deref()
    }

    /// The next item; `None` after the last.
    ///
    /// # Errors
    /// The stream's, or a document that breaks off.
    pub fn next_item(&mut self) -> Result<Option<Item>, JsonError> {
        if self.finished {
            return Ok(None);
        }
        if !self.started {
            self.started = true;
            if !self.start()? {
                self.finished = true;
                return Ok(None);
            }
            if self.shape == Shape::Single {
                self.finished = true;
                return self.value().map(Some);
            }
        }
        loop {
            match self.peek_solid()? {
                Some(b',') => self.bump(),
                Some(b']') => {
                    self.finished = true;
                    return Ok(None);
                }
                Some(b':' | b'}') => {
                    self.finished = true;
                    return Err(self.broken("a sign out of place inside the list"));
                }
                Some(_) => return self.value().map(Some),
                None => {
                    self.finished = true;
                    return Err(self.broken("the document breaks off inside its list"));
                }
            }
        }
    }

    fn broken(&self, what: &'static str) -> JsonError {
        JsonError::Syntax { line: self.line, what }
    }

    /// Goes to the first item; `false` when the document has no list.
    fn start(&mut self) -> Result<bool, JsonError> {
        match (self.peek_solid()?, self.shape) {
            (Some(b'['), Shape::Array) => {
                self.bump();
                Ok(true)
            }
            (Some(b'{'), Shape::Single) => Ok(true),
            (Some(b'{'), Shape::Collection) => {
                self.bump();
                self.pass_to_features()
            }
            _ => Err(self.broken("the document is not what its beginning promised")),
        }
    }

    /// Passes over the members of a collection up to the list of its features.
    fn pass_to_features(&mut self) -> Result<bool, JsonError> {
        loop {
            match self.peek_solid()? {
                Some(b',') => self.bump(),
                Some(b'"') => {
                    let key = self.value()?.bytes;
                    if self.peek_solid()? != Some(b':') {
                        return Err(self.broken("a member has no value"));
                    }
                    self.bump();
                    if key == b"\"features\"" {
                        return match self.peek_solid()? {
                            Some(b'[') => {
                                self.bump();
                                self.index = 0;
                                Ok(true)
                            }
                            _ => Err(self.broken("features is not a list")),
                        };
                    }
                    let value = self.value()?.bytes;
                    if key == b"\"crs\"" {
                        self.crs = Some(String::from_utf8_lossy(&value).into_owned());
                    }
                }
                Some(b'}') | None => return Err(self.broken("the collection has no features")),
                Some(_) => return Err(self.broken("a member without a name")),
            }
        }
    }

    /// The next byte that is no white space, left where it is.
    fn peek_solid(&mut self) -> Result<Option<u8>, JsonError> {
        loop {
            let buffer = fill(&mut self.reader)?;
            let Some(&b) = buffer.first() else { return Ok(None) };
            if !b.is_ascii_whitespace() {
                return Ok(Some(b));
            }
            self.line += u64::from(b == b'\n');
            self.reader.consume(1);
        }
    }

    fn bump(&mut self) {
        self.reader.consume(1);
    }

    /// Takes one value: up to the bracket that closes it, or a scalar up to the next `,` `]` `}`.
    fn value(&mut self) -> Result<Item, JsonError> {
        self.peek_solid()?;
        let mut item = Item { index: self.index, line: self.line, bytes: Vec::new(), too_long: false };
        let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
        'reading: loop {
            let buffer = fill(&mut self.reader)?;
            if buffer.is_empty() {
                if depth == 0 && !in_string && !item.bytes.is_empty() {
                    break;
                }
                self.finished = true;
                return Err(JsonError::Syntax { line: self.line, what: "the document breaks off inside a value" });
            }
            let mut used = 0;
            for &b in buffer {
                let was_string = in_string;
                if in_string {
                    in_string = escaped || b != b'"';
                    escaped = b == b'\\' && !escaped;
                } else {
                    match b {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b',' | b':' | b'}' | b']' if depth == 0 => {
                            self.index += 1;
                            take(&mut item, &buffer[..used]);
                            self.reader.consume(used);
                            return Ok(item);
                        }
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                }
                used += 1;
                self.line += u64::from(b == b'\n');
                let closed = (was_string && !in_string) || matches!(b, b'}' | b']');
                if depth == 0 && !in_string && closed {
                    take(&mut item, &buffer[..used]);
                    self.reader.consume(used);
                    break 'reading;
                }
            }
            take(&mut item, &buffer[..used]);
            self.reader.consume(used);
        }
        self.index += 1;
        Ok(item)
    }
}

fn take(item: &mut Item, part: &[u8]) {
    let room = MAX_ITEM.saturating_sub(item.bytes.len());
    item.too_long |= part.len() > room;
    item.bytes.extend_from_slice(&part[..part.len().min(room)]);
}

fn fill<R: BufRead>(reader: &mut R) -> io::Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    reader.fill_buf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn items(text: &str, shape: Shape) -> Result<Vec<String>, String> {
        let mut cutter = ItemCutter::new(io::BufReader::with_capacity(3, text.as_bytes()), shape);
        let mut found = Vec::new();
        loop {
            match cutter.next_item() {
                Ok(Some(item)) => found.push(format!("{}:{}", item.line, String::from_utf8(item.bytes).unwrap().trim_end())),
                Ok(None) => return Ok(found),
                Err(e) => return Err(format!("{} then {e}", found.len())),
            }
        }
    }

    #[test]
    fn arrays_and_collections() {
        assert_eq!(items("[]", Shape::Array).unwrap(), Vec::<String>::new());
        assert_eq!(
            items("[{\"a\":\"]\\\"}\"},\n {\"b\":[1,{}]} , 7, \"x\", null]", Shape::Array).unwrap(),
            ["1:{\"a\":\"]\\\"}\"}", "2:{\"b\":[1,{}]}", "2:7", "2:\"x\"", "2:null"]
        );
        let text = "{\"type\":\"FeatureCollection\",\"crs\":{\"n\":[1]},\"name\":\"features\",\"bbox\":[1,2],\n\"features\":[{},{}],\"x\":1}";
        assert_eq!(items(text, Shape::Collection).unwrap(), ["2:{}", "2:{}"]);
        assert_eq!(items("{\"a\":1}", Shape::Single).unwrap(), ["1:{\"a\":1}"]);
    }

    #[test]
    fn what_breaks_off_is_said() {
        assert_eq!(
            items("[{\"a\":1},{\"a\"", Shape::Array).unwrap_err(),
            "1 then line 1: the document breaks off inside a value"
        );
        assert_eq!(items("[{\"a\":1},", Shape::Array).unwrap_err(), "1 then line 1: the document breaks off inside its list");
        assert!(items("{\"type\":\"FeatureCollection\"}", Shape::Collection).unwrap_err().contains("no features"));
        assert!(items("{\"features\":{}}", Shape::Collection).unwrap_err().contains("not a list"));
        assert!(items("", Shape::Array).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(|n| json!(n)),
            "[a\"\\\\{}\\[\\],\n 中]{0,6}".prop_map(|s| json!(s))
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c\"]{0,3}", inner, 0..4)
                    .prop_map(|m| Value::from(m.into_iter().collect::<serde_json::Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn items_are_the_elements(values in proptest::collection::vec(any_json(), 0..6), pretty in any::<bool>()) {
            let document = Value::from(values.clone());
            let text = if pretty { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() };
            let mut cutter = ItemCutter::new(text.as_bytes(), Shape::Array);
            let mut found = Vec::new();
            while let Some(item) = cutter.next_item().unwrap() {
                found.push(serde_json::from_slice::<Value>(&item.bytes).unwrap());
            }
            prop_assert_eq!(found, values);
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(prop_oneof![Just(b'['), Just(b'{'), Just(b'"'), Just(b']'), Just(b'}'), Just(b','), Just(b':'), any::<u8>()], 0..60)) {
            for shape in [Shape::Array, Shape::Collection, Shape::Single] {
                let mut cutter = ItemCutter::new(&bytes[..], shape);
                let mut n = 0;
                while let Ok(Some(_)) = cutter.next_item() {
                    n += 1;
                    prop_assert!(n <= bytes.len() + 1);
                }
            }
        }
    }
}
