//! Everything that lines of the change log are about, and of what sources list by keys of their own how each is kept: a file a
//! noun, with its columns and how they are read back.

mod addresses;
mod cameras;
mod categories;
mod sites;
mod staff;

pub use addresses::Addressed;

use crate::{Store, StoreError};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// What a line of the change log is about.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ChangeKind { $($(#[$doc])* $name),+ }
        impl ChangeKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The word in the database.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
            /// The kind of a word.
            pub fn from_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$name),)+ _ => None } }
        }
    };
}

kinds! {
    /// A plan with all its cells; id = plan.
    Plan = "plan",
    /// A plan that is not published: its edits, owners to be, review; id = plan.
    Draft = "draft",
    /// Owners; id = network.
    Owners = "owners",
    /// A ticket, its transitions or its attribution.
    Ticket = "ticket",
    /// A camera.
    Camera = "camera",
    /// A member of staff.
    Staff = "staff",
    /// A position; id = staff. Only in logs of earlier editions: positions have numbers of their own
    /// ([`Store::positions_after`]).
    Position = "position",
    /// A key site.
    Site = "site",
    /// A building.
    Building = "building",
    /// A street.
    Street = "street",
    /// A category.
    Category = "category",
    /// Names of communities, streets, districts.
    Division = "division",
    /// The replay's clock.
    Clock = "clock",
    /// A setting.
    Setting = "setting",
}

impl Store {
    /// Reads all things that sources list: how many of them stand somewhere or are somebody. O(rows).
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(crate) async fn listed_can_be_read(&self) -> Result<usize, StoreError> {
        self.categories().await?;
        Ok(self.cameras().await?.len() + self.sites().await?.len() + self.staff().await?.len())
    }
}
