//! Parameters of a query string, checked one by one; every refusal names the parameter.

use super::refusal::Refusal;
use crate::wall::AsOf;
use axum::http::Uri;
use std::{ops::RangeInclusive, str::FromStr};
use wall_core::UtcMs;

/// Parameters taken in one question.
const MOST: usize = 100;

/// Refuses `as_of` and `known_at` where the answer is always about now, rather than answering about another time than asked.
pub(crate) fn only_now(uri: &Uri) -> Result<(), Refusal> {
    let Some(query) = uri.query() else { return Ok(()) };
    let told =
        |wanted: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == wanted && !value.trim().is_empty());
    match ["as_of", "known_at"].into_iter().find(|name| told(name)) {
        Some(name) => Err(Refusal::invalid(format!("{name} is not taken here: the answer is about now"))),
        None => Ok(()),
    }
}

/// The pairs of a query string or form.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query string of an address.
    pub fn of(uri: &Uri) -> Result<Self, Refusal> {
        Self::read(uri.query().unwrap_or_default().as_bytes(), 4096)
    }

    /// Reads a form that was posted.
    pub fn of_form(body: &[u8]) -> Result<Self, Refusal> {
        Self::read(body.trim_ascii(), 64 * 1024)
    }

    /// A parameter given twice is refused, because one cannot know which was meant; but for those of which Open311 lets
    /// one give several.
    fn read(text: &[u8], longest: usize) -> Result<Self, Refusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if value.len() > longest {
                return Err(Refusal::invalid(format!("{} is too long", brief(&name))));
            }
            let several = name == "media_url" || name.starts_with("attribute[");
            if !several && pairs.iter().any(|(n, _)| *n == name) {
                return Err(Refusal::invalid(format!("{} is given twice", brief(&name))));
            }
            if pairs.len() == MOST {
                return Err(Refusal::invalid("too many parameters"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// A value; `None` when absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// Every value of a parameter that may be given several times, none of them empty, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.trim()))
    }

    /// A value that must be there.
    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    /// A finite number inside a range.
    pub fn number(&self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(n) if n.is_finite() && range.contains(&n) => Ok(Some(n)),
            _ => Err(wrong(name, text, &format!("a number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A finite number inside a range that must be there.
    pub fn need_number(&self, name: &str, range: RangeInclusive<f64>) -> Result<f64, Refusal> {
        self.number(name, range)?.ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    /// A whole number inside a range.
    pub fn whole<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<T>() {
            Ok(n) if range.contains(&n) => Ok(Some(n)),
            _ => Err(wrong(name, text, &format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    /// An RFC 3339 time with zone.
    pub fn time(&self, name: &str) -> Result<Option<UtcMs>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // `+08:00` that was not percent-encoded arrives with a blank for its plus.
        let mended = || {
            let (day, zone) = text.rsplit_once(' ')?;
            let zoned = zone.len() == 5 && zone.as_bytes().get(2) == Some(&b':');
            zoned.then(|| UtcMs::from_rfc3339(&format!("{day}+{zone}"))).flatten()
        };
        UtcMs::from_rfc3339(text)
            .or_else(mended)
            .map(Some)
            .ok_or_else(|| wrong(name, text, "an RFC 3339 time with zone, such as 2026-05-01T08:00:00+08:00"))
    }

    /// The time asked about, and the time by whose knowledge.
    pub fn as_of(&self) -> Result<AsOf, Refusal> {
        Ok(AsOf { at: self.time("as_of")?, known_at: self.time("known_at")? })
    }

    /// `west`, `south`, `east`, `north` in degrees. The window may reach over the date line by one turn.
    pub fn bounds(&self, lat_max: f64) -> Result<[f64; 4], Refusal> {
        Self::ordered([
            self.need_number("west", -540.0..=540.0)?,
            self.need_number("south", -lat_max..=lat_max)?,
            self.need_number("east", -540.0..=540.0)?,
            self.need_number("north", -lat_max..=lat_max)?,
        ])
    }

    /// `name=west,south,east,north`.
    pub fn bbox(&self, name: &str) -> Result<Option<[f64; 4]>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = || wrong(name, text, "west,south,east,north in degrees");
        let numbers: Vec<f64> = text.split(',').map(|p| p.trim().parse().map_err(|_| bad())).collect::<Result<_, _>>()?;
        let bounds: [f64; 4] = numbers.try_into().map_err(|_| bad())?;
        let inside = bounds[0].abs() <= 180.0 && bounds[2].abs() <= 180.0 && bounds[1].abs() <= 90.0 && bounds[3].abs() <= 90.0;
        if !inside {
            return Err(bad());
        }
        Self::ordered(bounds).map(Some)
    }

    fn ordered(b: [f64; 4]) -> Result<[f64; 4], Refusal> {
        if b[0] < b[2] && b[1] < b[3] {
            Ok(b)
        } else {
            Err(Refusal::invalid("west must be less than east, and south less than north"))
        }
    }
}

fn brief(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn wrong(name: &str, value: &str, expected: &str) -> Refusal {
    Refusal::invalid(format!("{name} must be {expected}, not {:?}", brief(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::of(&format!("/x?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_finite_and_in_range() {
        for bad in ["n=NaN", "n=inf", "n=-Infinity", "n=1e999", "n=abc", "n=2", "n=0x1", "n=١"] {
            assert!(params(bad).number("n", 0.0..=1.0).is_err(), "{bad}");
        }
        assert_eq!(params("n=0.5").number("n", 0.0..=1.0).unwrap(), Some(0.5));
        assert_eq!(params("n=").number("n", 0.0..=1.0).unwrap(), None);
        assert!(params("k=4294967296").whole::<u32>("k", 1..=10).is_err());
        assert!(params("k=1.5").whole::<u32>("k", 1..=10).is_err());
    }

    #[test]
    fn times_need_a_zone_and_forgive_a_lost_plus() {
        let t = UtcMs::from_rfc3339("2015-12-31T12:00:00+08:00");
        assert!(t.is_some());
        assert_eq!(params("as_of=2015-12-31T12:00:00%2B08:00").as_of().unwrap().at, t);
        assert_eq!(params("as_of=2015-12-31T12:00:00+08:00").as_of().unwrap().at, t);
        assert!(params("as_of=2015-12-31T12:00:00").as_of().is_err());
        assert!(params("as_of=2015-12-31").as_of().is_err());
        assert!(params("as_of=yesterday").as_of().is_err());
    }

    #[test]
    fn boxes_are_in_order_and_whole() {
        assert!(params("west=1&south=1&east=2&north=2").bounds(85.0).is_ok());
        for bad in [
            "west=2&south=1&east=1&north=2",
            "west=1&south=1&east=2",
            "west=1&south=1&east=NaN&north=2",
            "west=1&south=-89&east=2&north=2",
            "west=1&south=1&east=1&north=2",
        ] {
            assert!(params(bad).bounds(85.0).is_err(), "{bad}");
        }
        assert_eq!(params("b=1,2,3,4").bbox("b").unwrap(), Some([1.0, 2.0, 3.0, 4.0]));
        for bad in ["b=1,2,3", "b=1,2,3,4,5", "b=1,2,3,nan", "b=3,2,1,4", "b=,,,", "b=1,2,300,4"] {
            assert!(params(bad).bbox("b").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert!(Params::of(&"/x?a=1&a=2".parse().unwrap()).is_err());
    }
}
