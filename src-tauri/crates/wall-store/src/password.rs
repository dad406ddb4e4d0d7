//! Passwords: Argon2id, peppered with the key file, so that a copied database alone gives nothing to guess at.

use crate::{Store, StoreError, secret::random};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// Fewest characters of a password.
pub const PASSWORD_LEAST: usize = 10;
/// Most bytes of a password: nobody types more, and hashing is paid by the byte.
pub const PASSWORD_MOST: usize = 1_024;

/// A password as the store keeps it (PHC string). Never printed.
#[derive(Clone)]
pub struct PasswordHash(pub(crate) String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Whether a new password will do for an account.
///
/// # Errors
/// [`StoreError::Refused`] with the reason.
pub fn check_password(name: &str, password: &str) -> Result<(), StoreError> {
    let refused = |why: String| Err(StoreError::Refused(why));
    if password.chars().count() < PASSWORD_LEAST {
        return refused(format!("a password has {PASSWORD_LEAST} characters at least"));
    }
    if password.len() > PASSWORD_MOST {
        return refused(format!("a password has {PASSWORD_MOST} bytes at most"));
    }
    if password.to_lowercase().contains(&name.to_lowercase()) && password.chars().count() < name.chars().count() + PASSWORD_LEAST
    {
        return refused("a password is not the account's name, nor the name with a little added".into());
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return refused("a password is not one character again and again".into());
    }
    if is_common(password) {
        return refused("this password is among the first that anybody tries; choose another".into());
    }
    Ok(())
}

/// Words that passwords everybody tries are made of, in small letters: English, pinyin, keyboards, and ours.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "letmein",
    "welcome",
    "iloveyou",
    "admin",
    "administrator",
    "root",
    "test",
    "user",
    "guest",
    "login",
    "changeme",
    "default",
    "secret",
    "master",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "woaini",
    "woaiwojia",
    "wodemima",
    "mima",
    "nihao",
    "zhongguo",
    "beijing",
    "shanghai",
    "china",
    "wangge",
    "wanggeyuan",
    "zhihuishi",
    "gridwall",
    "qwerty",
    "qwertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "1qaz2wsx",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "q1w2e3r4",
    "zaq12wsx",
    "1qaz",
    "abc",
    "abcd",
    "a",
    "aa",
    "aaa",
    "aaaa",
    "woaini1314",
    "5201314",
    "1314520",
];

/// Rows along which fingers run.
const RUNS: &[&str] =
    &["01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"];

/// Whether a password is what guessing begins with: common words, keyboard and number runs, one short piece again and again,
/// with digits and signs around them.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let plain: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    // Passwords of other scripts are words that this list does not know.
    if !plain.is_ascii() {
        return false;
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        // Dates, phone numbers, identity numbers: a machine tries all of them.
        return true;
    }
    let mut rest = plain.as_str();
    let mut pieces = 0;
    // Taken apart greedily into common words, runs and digits.
    while !rest.is_empty() && pieces < 64 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let word = COMMON.iter().filter(|w| rest.starts_with(**w)).map(|w| w.len()).max().unwrap_or(0);
        let run = RUNS.iter().map(|row| longest_run(rest, row)).max().unwrap_or(0);
        let step = digits.max(word).max(if run >= 4 { run } else { 0 });
        if step == 0 {
            break;
        }
        rest = &rest[step..];
        pieces += 1;
    }
    if rest.is_empty() {
        return true;
    }
    // "abcabcabcabc"
    (1..=plain.len() / 3)
        .any(|n| plain.len().is_multiple_of(n) && plain.as_bytes().chunks(n).all(|c| c == &plain.as_bytes()[..n]))
}

/// How many letters of the beginning run along a row, forwards or backwards.
fn longest_run(text: &str, row: &str) -> usize {
    let back: String = row.chars().rev().collect();
    let along = |row: &str| (1..=text.len()).take_while(|n| row.contains(&text[..*n])).last().unwrap_or(0);
    along(row).max(along(&back))
}

impl Store {
    /// Hashes a new password. Takes some 20 ms and 19 MiB (OWASP's least for Argon2id: m = 19 MiB, t = 2, p = 1): call it
    /// where blocking is allowed.
    ///
    /// # Errors
    /// The system gives no random salt.
    pub fn hash_password(&self, password: &str) -> Result<PasswordHash, StoreError> {
        let salt = random::<16>()?;
        let pepper = self.pepper();
        let hash = argon2(&pepper)?.hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|h| PasswordHash(h.to_string())).map_err(|e| StoreError::Key(e.to_string()))
    }

    /// Whether a password is the one of a hash. Without a hash (there is no such account) the same work is done for
    /// nothing, so that the time tells nothing. Blocks like [`Store::hash_password`].
    pub fn verify_password(&self, password: &str, hash: Option<&PasswordHash>) -> bool {
        let pepper = self.pepper();
        let Ok(argon2) = argon2(&pepper) else { return false };
        match hash {
            Some(PasswordHash(phc)) if password.len() <= PASSWORD_MOST => {
                PasswordVerifier::<str>::verify_password(&argon2, password.as_bytes(), phc).is_ok()
            }
            _ => {
                let mut out = [0u8; Params::DEFAULT_OUTPUT_LEN];
                let bytes = password.as_bytes();
                let _ = argon2.hash_password_into(bytes.get(..PASSWORD_MOST).unwrap_or(bytes), b"there is nobody.", &mut out);
                // Looked at, so that the work is not optimised away.
                std::hint::black_box(out);
                false
            }
        }
    }

    fn pepper(&self) -> [u8; 32] {
        self.inner.keys.mac([b"gridwall password pepper".as_slice()])
    }
}

fn argon2(pepper: &[u8]) -> Result<Argon2<'_>, StoreError> {
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
        .map_err(|e| StoreError::Key(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poor_passwords_are_refused() {
        for (name, poor) in [
            ("planner", "short"),
            ("planner", "123456789"),
            ("planner-one", "planner-one"),
            ("planner-one", "Planner-One1"),
            ("li", "aaaaaaaaaaaa"),
            ("li", &"x1".repeat(600)),
            ("li", "1234567890"),
            ("li", "13800138000"),
            ("li", "Password123!"),
            ("li", "admin@123456"),
            ("li", "qwertyuiop"),
            ("li", "1qaz2wsx3edc"),
            ("li", "woaini1314520"),
            ("li", "abcdefghij1"),
            ("li", "0987654321a"),
            ("li", "Gridwall2026"),
            ("li", "abcabcabcabc"),
            ("li", "!!!password!!!"),
        ] {
            assert!(matches!(check_password(name, poor), Err(StoreError::Refused(_))), "{name} {poor}");
        }
        for (name, good) in [
            ("planner", "gridwall-demo"),
            ("li", "correct horse battery"),
            ("王", "社会治理综合指挥室的密码"),
            ("li", "lives-in-lilac-lane"),
            ("li", "admin of the river 7"),
            ("li", "password manager pasta"),
            ("li", "k9#vTq27mmZ"),
        ] {
            assert!(check_password(name, good).is_ok(), "{name} {good}");
        }
    }
}
