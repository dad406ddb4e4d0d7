//! Values of statements. Each knows its type when it is NULL too: PostgreSQL wants to be told.

use wall_core::UtcMs;

/// A value that is bound. Its name is known in this crate alone, so that nobody else binds one.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Integers, ids and times.
    Int(Option<i64>),
    /// Numbers with a fraction.
    Real(Option<f64>),
    /// Truth values.
    Bool(Option<bool>),
    /// Texts.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($type:ty => $kind:ident: $own:expr;)+) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$kind(Some(($own)(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map($own))
            }
        }
    )+};
}

values! {
    i64 => Int: std::convert::identity;
    UtcMs => Int: |t: UtcMs| t.0;
    f64 => Real: std::convert::identity;
    bool => Bool: std::convert::identity;
    &str => Text: str::to_owned;
    &String => Text: String::clone;
    String => Text: std::convert::identity;
    &[u8] => Bytes: <[u8]>::to_vec;
    Vec<u8> => Bytes: std::convert::identity;
}
