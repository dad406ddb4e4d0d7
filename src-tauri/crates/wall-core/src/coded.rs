//! Enumerations that have one code word each, used in files, on the wire and in the database.

/// An enumeration with one code word for each value.
pub trait Coded: Copy + 'static {
    /// Its own name.
    const NAME: &'static str;

    /// Every value, in order.
    fn values() -> &'static [Self];

    /// The word used in files, on the wire and in the database.
    fn word(self) -> &'static str;
}

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files, on the wire and in the database.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value of a code word; `None` when it is not one.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl $crate::coded::Coded for $name {
            const NAME: &'static str = stringify!($name);

            fn values() -> &'static [Self] {
                Self::ALL
            }

            fn word(self) -> &'static str {
                self.code()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.code())
            }
        }

        impl<'a> serde::Deserialize<'a> for $name {
            fn deserialize<D: serde::Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
                let code = std::borrow::Cow::<str>::deserialize(from)?;
                Self::from_code(&code).ok_or_else(|| serde::de::Error::custom(format!("unknown word \"{code}\"")))
            }
        }
    };
}

pub(crate) use coded;
