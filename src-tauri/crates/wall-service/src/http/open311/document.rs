//! One answer in the standard's two forms.

use serde_json::{Map, Number, Value};

/// A piece of an answer.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    /// Empty element, `null`.
    Nothing,
    Text(String),
    Number(Number),
    Flag(bool),
    /// Elements of this name one after the other; an array.
    List(&'static str, Vec<Node>),
    /// Named elements; an object.
    Group(Vec<(&'static str, Node)>),
}

impl Node {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Text, or nothing when it is empty.
    pub fn some(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::text(text) }
    }

    pub fn degrees(value: Option<f64>) -> Self {
        value.and_then(Number::from_f64).map_or(Self::Nothing, Self::Number)
    }

    pub fn to_json(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::List(_, items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Self::Group(members) => {
                Value::Object(members.iter().map(|(name, node)| ((*name).to_owned(), node.to_json())).collect::<Map<_, _>>())
            }
        }
    }

    /// An XML document with `root` around this.
    pub fn to_xml(&self, root: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(root, &mut out);
        out.push('\n');
        out
    }

    fn write(&self, name: &str, out: &mut String) {
        let mut wrap = |inner: &dyn Fn(&mut String)| {
            out.push('<');
            out.push_str(name);
            out.push('>');
            inner(out);
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        };
        match self {
            Self::Nothing => wrap(&|_| {}),
            Self::Text(text) => wrap(&|out| out.push_str(&quick_xml::escape::escape(legal(text)))),
            Self::Number(number) => wrap(&|out| out.push_str(&number.to_string())),
            Self::Flag(flag) => wrap(&|out| out.push_str(if *flag { "true" } else { "false" })),
            Self::List(item, items) => wrap(&|out| items.iter().for_each(|node| node.write(item, out))),
            Self::Group(members) => wrap(&|out| members.iter().for_each(|(name, node)| node.write(name, out))),
        }
    }
}

/// Without the characters that XML 1.0 has no way to write, escaped or not.
fn legal(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let node = Node::List(
            "service",
            vec![Node::Group(vec![
                ("service_code", Node::text("<001> & \"x\"")),
                ("metadata", Node::Flag(true)),
                ("lat", Node::degrees(Some(37.5))),
                ("group", Node::some("")),
                ("bad", Node::text("a\u{0}\u{8}b\u{ffff}")),
            ])],
        );
        assert_eq!(
            node.to_xml("services"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<services><service><service_code>&lt;001&gt; &amp; &quot;x&quot;</service_code>\
             <metadata>true</metadata><lat>37.5</lat><group></group><bad>ab</bad></service></services>\n"
        );
        assert_eq!(
            node.to_json(),
            serde_json::json!([{ "service_code": "<001> & \"x\"", "metadata": true, "lat": 37.5, "group": null, "bad": "a\0\u{8}b\u{ffff}" }])
        );
    }

    #[test]
    fn whatever_the_text_the_xml_can_be_read_back() {
        use quick_xml::{Reader, events::Event};
        for text in ["]]>", "<!--", "&amp;", "\u{0}\u{1f}", "\u{fffe}", "'\"<>&", "井盖\r\n\t", "<![CDATA[x]]>", "&#0;"] {
            let xml = Node::Group(vec![("d", Node::text(text))]).to_xml("r");
            let mut reader = Reader::from_str(&xml);
            let mut depth = 0;
            loop {
                match reader.read_event().unwrap() {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    Event::Eof => break,
                    Event::Comment(_) | Event::CData(_) | Event::DocType(_) | Event::PI(_) => panic!("{xml}"),
                    _ => {}
                }
            }
            assert_eq!(depth, 0, "{xml}");
        }
    }
}
