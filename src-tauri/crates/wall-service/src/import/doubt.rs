//! Doubt about texts: encodings that contradict their bytes, and texts that were garbled before they came into the file.
//!
//! Nothing here changes a text. It answers whether somebody should look before the text is on a wall.

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};

/// The encoding that the bytes of all texts speak for, against the one that is named for them; `None` = no contradiction.
///
/// `texts` are those with bytes above ASCII. A text may end in the middle of a character (a field has its width).
pub(super) fn contradicted<'a>(
    texts: impl Iterator<Item = &'a [u8]> + Clone,
    named: &'static Encoding,
) -> Option<&'static Encoding> {
    let mut high = texts.filter(|t| !t.is_ascii()).peekable();
    high.peek()?;
    if named != UTF_8 {
        let mut wide = 0;
        let mut narrow = 0;
        let all = high.clone().all(|t| {
            let valid = utf8_prefix(t);
            for c in valid.unwrap_or_default().chars().filter(|c| !c.is_ascii()) {
                if c.len_utf8() > 2 { wide += 1 } else { narrow += 1 }
            }
            valid.is_some()
        });
        // Two bytes may be a character of either; three in a row that keep the rule are not there by chance.
        if all && (wide > 0 || (narrow > 0 && named.is_single_byte())) {
            return Some(UTF_8);
        }
    }
    let western = named == WINDOWS_1252 || matches!(named.name(), "ISO-8859-15" | "macintosh");
    if named == UTF_8 || western {
        let (mut pairs, mut odd) = (0, 0);
        for text in high.clone() {
            let (p, o) = gb_pairs(text);
            pairs += p;
            odd += o;
        }
        let misfit = named != UTF_8 || high.clone().any(|t| utf8_prefix(t).is_none());
        if misfit && odd == 0 && pairs >= if named == UTF_8 { 2 } else { 4 } {
            return Some(GB18030);
        }
    }
    None
}

/// Whether bytes that were taken for GB18030 because they are no UTF-8 are hardly Chinese: most pairs lie outside GB 2312.
pub(super) fn hardly_gb<'a>(texts: impl Iterator<Item = &'a [u8]>) -> bool {
    let (pairs, odd) = texts.filter(|t| !t.is_ascii()).map(gb_pairs).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    odd * 4 > pairs + odd
}

/// The text when it is UTF-8, but for a character that its end cuts in two.
fn utf8_prefix(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&bytes[..e.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

/// Pairs of bytes of GB 2312, and what is none (other pairs, single bytes).
fn gb_pairs(bytes: &[u8]) -> (usize, usize) {
    let (mut pairs, mut odd, mut at) = (0, 0, 0);
    while let Some(&lead) = bytes.get(at) {
        if lead < 0x80 {
            at += 1;
            continue;
        }
        match bytes.get(at + 1) {
            Some(0xa1..=0xfe) if matches!(lead, 0xa1..=0xa9 | 0xb0..=0xf7) => pairs += 1,
            // Cut off by the width of the field.
            None => {}
            Some(_) => odd += 1,
        }
        at += 2;
    }
    (pairs, odd)
}

/// Whether a text was garbled before: read once in a wrong encoding and stored so, or with characters lost on the way.
pub(super) fn is_garbled(text: &str) -> bool {
    if text.contains("??") || (!text.is_empty() && text.chars().all(|c| c == '?')) {
        return true;
    }
    if text.is_ascii() {
        return false;
    }
    let lost = |c: char| matches!(c, '\u{fffd}' | '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}');
    if text.contains(lost) || text.contains("锟斤拷") || text.contains("锘") {
        return true;
    }
    // Back to the bytes it may have come from: do they make sense as something else?
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    if !unmappable {
        let (pairs, odd) = gb_pairs(&bytes);
        return std::str::from_utf8(&bytes).is_ok() || (pairs >= 2 && odd == 0);
    }
    let (bytes, _, unmappable) = GB18030.encode(text.trim_end_matches(['?', ' ']));
    let han = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    !unmappable && utf8_prefix(&bytes).is_some_and(|t| t.chars().filter(han).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, e: &'static Encoding) -> Vec<u8> {
        e.encode(text).0.into_owned()
    }

    #[test]
    fn bytes_contradict_their_label() {
        let lines = |t: &[Vec<u8>], named| contradicted(t.iter().map(Vec::as_slice), named);
        let utf8: Vec<Vec<u8>> = ["东湖社区", "西溪社区"].iter().map(|t| t.as_bytes().to_vec()).collect();
        let gbk: Vec<Vec<u8>> = ["东湖社区", "西溪社区"].iter().map(|t| of(t, GB18030)).collect();
        assert_eq!(lines(&utf8, GB18030), Some(UTF_8));
        assert_eq!(lines(&utf8, WINDOWS_1252), Some(UTF_8));
        assert_eq!(lines(&utf8, UTF_8), None);
        assert_eq!(lines(&gbk, UTF_8), Some(GB18030));
        assert_eq!(lines(&gbk, WINDOWS_1252), Some(GB18030));
        assert_eq!(lines(&gbk, GB18030), None);
        // Cut by the width of the field.
        assert_eq!(lines(&[utf8[0][..11].to_vec()], GB18030), Some(UTF_8));
        for (text, named) in
            [("Křižíkova ulice", encoding_rs::WINDOWS_1250), ("Улица Мира", encoding_rs::WINDOWS_1251), ("Straße", WINDOWS_1252)]
        {
            assert_eq!(lines(&[of(text, named)], named), None, "{text}");
        }
        assert!(hardly_gb([of("Křižíkova", encoding_rs::WINDOWS_1250).as_slice()].into_iter()));
        assert!(!hardly_gb([of("朱镕基路和平里第一社区", GB18030).as_slice()].into_iter()));
    }

    #[test]
    fn garbled_texts_are_told_from_sound_ones() {
        for sound in [
            "东湖社区",
            "河东路口网格",
            "一号网格",
            "Straße 5",
            "Křižíkova",
            "Улица Мира",
            "café",
            "São João",
            "é",
            "北京路?",
            "𠮷野家",
            "联通",
            "A01",
            "",
        ] {
            assert!(!is_garbled(sound), "{sound}");
        }
        let twice = |text: &str, wrong: &'static Encoding| wrong.decode_without_bom_handling(text.as_bytes()).0.into_owned();
        for text in [
            twice("东湖社区", GB18030),
            twice("西溪社区网格", GB18030),
            twice("东湖社区", WINDOWS_1252),
            twice("São João", WINDOWS_1252),
            WINDOWS_1252.decode_without_bom_handling(&of("东湖社区", GB18030)).0.into_owned(),
            "????".into(),
            "锟斤拷锟斤拷".into(),
            "网\u{fffd}格".into(),
        ] {
            assert!(is_garbled(&text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5), text in any::<String>()) {
            for named in [UTF_8, GB18030, WINDOWS_1252, encoding_rs::BIG5] {
                let found = contradicted(texts.iter().map(Vec::as_slice), named);
                prop_assert!(found != Some(named));
            }
            let _ = (hardly_gb(texts.iter().map(Vec::as_slice)), is_garbled(&text));
        }

        /// Names of common characters are never taken for garbled ones.
        #[test]
        fn common_names_are_sound(pick in prop::collection::vec(0usize..60, 1..12)) {
            let common: Vec<char> = "东西南北中河湖社区网格街道路口一二三四五六七八九十号楼园新村花园广场学校医院公园桥山水天地人民和平建设".chars().collect();
            let text: String = pick.iter().map(|i| common[i % common.len()]).collect();
            prop_assert!(!is_garbled(&text), "{}", text);
        }
    }
}
