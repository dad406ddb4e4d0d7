//! A certificate with its key, and what is known of it.

use super::CertificateAbout;
use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr, sync::Arc};
use wall_core::UtcMs;

/// SHA-256 of a certificate or a public key. Written as `AB:CD:…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// 64 hex digits, in any case, with colons or spaces between them or none.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b':' | b' ' | b'-')).collect();
        let refused = || "a fingerprint is 64 hex digits, as the server prints it".to_owned();
        if digits.len() != 64 {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let nibble = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            *byte = nibble(pair[0]).zip(nibble(pair[1])).map(|(high, low)| high << 4 | low).ok_or_else(refused)?;
        }
        Ok(Self(bytes))
    }
}

/// A certificate and its key that belong together.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub key: Arc<CertifiedKey>,
    pub about: CertificateAbout,
}

impl Pair {
    /// Of PEM texts, which may be the same one.
    pub fn of(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|e| format!("no certificate in PEM: {e}"))?;
        let first = chain.first().cloned().ok_or("there is no certificate in PEM")?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "there is no private key in PEM that needs no passphrase (PKCS#8, PKCS#1 or SEC1)")?;
        let parsed = ParsedCertificate::try_from(&first).map_err(|e| format!("the certificate cannot be read: {e}"))?;
        let (begins, ends) = validity(&first).ok_or("the certificate does not say how long it holds")?;
        let public_key = Fingerprint::of(parsed.subject_public_key_info().as_ref());
        let pair = CertifiedKey::from_der(chain, key, provider).map_err(|e| match e {
            rustls::Error::InconsistentKeys(_) => "the key does not belong to the certificate".to_owned(),
            e => format!("the key cannot be used: {e}"),
        })?;
        Ok(Self {
            key: Arc::new(pair),
            about: CertificateAbout { certificate: Fingerprint::of(&first), public_key, begins, ends },
        })
    }

    /// Whether the certificate is for a name or address.
    pub fn is_for(&self, name: &str) -> bool {
        let Ok(name) = ServerName::try_from(name) else { return false };
        let parsed = self.key.cert.first().and_then(|c| ParsedCertificate::try_from(c).ok());
        parsed.is_some_and(|c| rustls::client::verify_server_name(&c, &name).is_ok())
    }
}

/// From when until when a certificate holds: the fifth part of the first part of its DER, of which the first (the version) may be missing.
fn validity(der: &[u8]) -> Option<(UtcMs, UtcMs)> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, times, _) = element(rest)?;
    let (first, begins, times) = element(times)?;
    let (second, ends, _) = element(times)?;
    Some((time(first, begins)?, time(second, ends)?))
}

/// Tag, content and what follows of the first element of DER.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// A time of DER: of two digits of the year (1950 … 2049) or of four.
fn time(tag: u8, text: &[u8]) -> Option<UtcMs> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        0x17 => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        0x18 => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |i: usize| rest.get(2 * i..2 * i + 2)?.parse::<i8>().ok();
    let at = jiff::civil::DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    Some(UtcMs(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_written_and_read() {
        let print = Fingerprint(std::array::from_fn(|i| 7 * i as u8));
        let text = print.to_string();
        assert!(text.starts_with("00:07:0E:") && text.len() == 95);
        for same in [text.clone(), text.to_lowercase(), text.replace(':', ""), text.replace(':', " ")] {
            assert_eq!(same.parse(), Ok(print), "{same}");
        }
        for bad in ["", "00", &text[1..], &text.replace('E', "G"), "网格"] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn how_long_a_certificate_holds_is_read_and_junk_is_none() {
        let key = rcgen::KeyPair::generate().unwrap();
        for (year, ends) in [(2049, "2049-03-01T00:00:00Z"), (2051, "2051-03-01T00:00:00Z")] {
            let mut params = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(1999, 12, 31);
            params.not_after = rcgen::date_time_ymd(year, 3, 1);
            let der = params.self_signed(&key).unwrap().der().to_vec();
            let (begin, end) = validity(&der).unwrap();
            let ms = |t: &str| t.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            assert_eq!((begin.0, end.0), (ms("1999-12-31T00:00:00Z"), ms(ends)));
            // Cut anywhere it is none or still itself, and never a panic.
            for n in 0..der.len() {
                let _ = validity(&der[..n]);
            }
        }
        assert_eq!(validity(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
