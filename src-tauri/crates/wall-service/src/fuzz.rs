//! The fuzzer of every parser, and it runs on stable: inputs are taken from a corpus, damaged and joined at random, and read.
//! A parser answers anything with a value or an error; a panic fails the test, and the input is kept and printed.
//!
//! A target is a test whose name begins with `fuzz_`, beside its parser. `cargo test` runs a few hundred cases of a fixed seed
//! each; `make soak` gives each its time (`GRIDWALL_FUZZ_SECONDS`) on cases that were never drawn before
//! (`PROPTEST_RNG_SEED`). An input that once failed belongs into `fuzz/NAME/` of this crate: everything there is read first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Cases of a target when nobody says how long; and how long they take at most.
const CASES: u64 = 300;
const SHORT: Duration = Duration::from_secs(20);
/// Longest input.
const LONGEST: usize = 256 * 1024;
/// Numbers that formats count, measure and point with, and that are not what is there.
const NUMBERS: &[i32] = &[0, 1, -1, 2, 5, 0x7f, 0xff, 0x7fff, 0xffff, i32::MAX, i32::MIN, 0x0010_0000, 100, 9994];
/// What parsers tend to stumble over.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\"",
    b"\"\"",
    b"'",
    b",",
    b";",
    b"\t",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"=",
    b"%",
    b"&",
    b"+",
    b"-",
    b".",
    b"e",
    b"1e999",
    b"-0",
    b"9999999999999999999999",
    b"NaN",
    b"null",
    b"9999-12-31",
    b"0000-00-00T00:00:00Z",
    b"26/7/1",
    b"\xe4\xba\x95",
    b"\xb5\xc0",
    b"\xe2\x80\xae",
    b"%00",
    b"%ff",
    b"attribute[",
    b"<v>",
    b"</c>",
    b"&amp;",
    b"=\"",
    b"[[",
    b"\"coordinates\":",
    b"\"type\":\"Polygon\"",
    b"\\u0000",
    b"<Polygon>",
    b"</Polygon>",
    b"<Folder>",
    b"</Folder>",
    b"<outerBoundaryIs>",
    b"<![CDATA[",
    b"<!--",
    b"&b;",
    b"GP\0\x01",
    b"PROJCS[",
    b"UNIT[\"m\",0]",
    b"\x1e",
];

struct Dice(u64);

impl Dice {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// One damage.
fn damage(dice: &mut Dice, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = dice.below(input.len() + 1);
    let some = dice.below(16).min(input.len() - at);
    match dice.below(12) {
        0 | 1 if at < input.len() => input[at] ^= 1 << dice.below(8),
        2 if at < input.len() => input[at] = dice.next() as u8,
        3 => drop(input.drain(at..at + some)),
        4 => {
            let piece = input[at..at + some].to_vec();
            input.splice(at..at, piece);
        }
        5 => input.truncate(at),
        6 => {
            let other = &corpus[dice.below(corpus.len())];
            let from = dice.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        7 => {
            let other = &corpus[dice.below(corpus.len())];
            let from = dice.below(other.len() + 1);
            let piece = other[from..(from + dice.below(256)).min(other.len())].to_vec();
            input.splice(at..at, piece);
        }
        8 | 9 => {
            let number = NUMBERS[dice.below(NUMBERS.len())];
            let four = if dice.below(2) == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
            input[at..].iter_mut().zip(four).for_each(|(byte, by)| *byte = by);
        }
        _ => {
            let word = WORDS[dice.below(WORDS.len())];
            input.splice(at..at + some.min(dice.below(3)), word.iter().copied());
        }
    }
    input.truncate(LONGEST);
}

/// Tries a parser. `seeds` are good inputs; what lies in `fuzz/NAME/` comes with them.
pub(crate) fn fuzz(name: &str, seeds: &[impl AsRef<[u8]>], parse: impl Fn(&[u8])) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|v| v.parse::<u64>().ok());
    let (cases, time) = match number("GRIDWALL_FUZZ_SECONDS") {
        Some(seconds) => (u64::MAX, Duration::from_secs(seconds)),
        None => (CASES, SHORT),
    };
    let seed = number("PROPTEST_RNG_SEED").unwrap_or(20_261_127);
    let mut corpus: Vec<Vec<u8>> = seeds.iter().map(|s| s.as_ref().to_vec()).collect();
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name);
    if let Ok(folder) = std::fs::read_dir(kept) {
        corpus.extend(folder.flatten().filter_map(|entry| std::fs::read(entry.path()).ok()));
    }
    let tried = |input: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| parse(input))).is_err() {
            let path = std::env::temp_dir().join(format!("gridwall-fuzz-{name}-{seed}"));
            let _ = std::fs::write(&path, input);
            panic!("{name}: panics on {:?}, kept in {} (seed {seed})", String::from_utf8_lossy(input), path.display());
        }
    };
    corpus.iter().for_each(|input| tried(input));
    // Each target draws its own cases.
    let mut dice = Dice(name.bytes().fold(seed, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b))));
    let (since, mut done) = (Instant::now(), 0);
    while done < cases && since.elapsed() < time {
        let mut input = corpus[dice.below(corpus.len())].clone();
        for _ in 0..=dice.below(6) {
            damage(&mut dice, &mut input, &corpus);
        }
        tried(&input);
        done += 1;
    }
    println!("{name}: {done} cases in {:.0} s", since.elapsed().as_secs_f64());
}

#[test]
fn a_panic_is_found_and_named() {
    let found = catch_unwind(|| fuzz("self", &["ab"], |input| assert!(input.len() < 3, "too long")));
    let message = found.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("self: panics on"), "{message}");
}
