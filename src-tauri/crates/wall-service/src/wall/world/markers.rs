//! What stands at a place and is known by a number: cameras, key sites, and whatever else gets a point on the map. Each kind is
//! one line of the list at the end; load, follower, map, nearness, search and cards go through all of them.

use crate::wall::queries::Near;
use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
};
use wall_core::{Camera, Place, PointIndex, Site};
use wall_store::{ChangeKind, Store, StoreError};

/// A thing of a kind.
pub(crate) trait Marker: Send + Sync + 'static {
    /// The word of its kind on the wire.
    const KIND: &'static str;
    /// The lines of the change log after which all of them are read anew.
    const CHANGE: ChangeKind;
    /// Where it stands among what a search finds as well; 0 = areas, 2 = staff.
    const ORDER: u8;

    /// All of them.
    fn all(store: &Store) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send
    where
        Self: Sized;

    /// Everything that is shown of it.
    fn view(&self) -> MarkerView<'_>;
}

/// What is shown of a thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MarkerView<'a> {
    pub id: i64,
    /// Identity in its source.
    pub external_id: &'a str,
    pub name: &'a str,
    /// The word by which it is marked: the state of a camera, the kind of a site.
    pub state: &'a str,
    /// What a search says under its name.
    pub subtitle: &'a str,
    pub place: Place,
    /// Whether its external id is searched too.
    pub by_id: bool,
    /// Where it looks, when it looks anywhere.
    pub heading_deg: Option<f64>,
    pub fov_deg: Option<f64>,
    pub range_m: Option<f64>,
}

impl Marker for Camera {
    const KIND: &'static str = "camera";
    const CHANGE: ChangeKind = ChangeKind::Camera;
    const ORDER: u8 = 3;

    async fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        store.cameras().await
    }

    fn view(&self) -> MarkerView<'_> {
        MarkerView {
            id: self.id.0,
            external_id: &self.external_id,
            name: &self.name,
            state: self.state.code(),
            subtitle: &self.external_id,
            place: self.place,
            by_id: true,
            heading_deg: self.heading_deg,
            fov_deg: self.fov_deg,
            range_m: self.range_m,
        }
    }
}

impl Marker for Site {
    const KIND: &'static str = "site";
    const CHANGE: ChangeKind = ChangeKind::Site;
    const ORDER: u8 = 1;

    async fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        store.sites().await
    }

    fn view(&self) -> MarkerView<'_> {
        MarkerView {
            id: self.id.0,
            external_id: &self.external_id,
            name: &self.name,
            state: &self.kind,
            subtitle: &self.kind,
            place: self.place,
            by_id: false,
            heading_deg: None,
            fov_deg: None,
            range_m: None,
        }
    }
}

/// All things of a kind, with their index.
pub(crate) struct Markers<T> {
    all: BTreeMap<i64, T>,
    index: PointIndex<i64>,
}

impl<T> Default for Markers<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), index: PointIndex::default() }
    }
}

impl<T: Marker> Markers<T> {
    /// Of a whole kind. O(n log n).
    fn of(all: Vec<T>) -> Self {
        let place = |thing: &T| {
            let view = thing.view();
            (view.id, view.place)
        };
        Self { index: PointIndex::bulk_load(all.iter().map(place)), all: all.into_iter().map(|t| (t.view().id, t)).collect() }
    }
}

/// A kind, whichever it is.
pub(crate) trait AnyMarkers {
    /// Its word on the wire.
    fn kind(&self) -> &'static str;
    /// See [`Marker::ORDER`].
    fn order(&self) -> u8;
    /// One of them.
    fn get(&self, id: i64) -> Option<MarkerView<'_>>;
    /// All of them, by their numbers.
    fn views(&self) -> Box<dyn Iterator<Item = MarkerView<'_>> + '_>;
    /// The `k` nearest. O(log n + k).
    fn nearest(&self, place: Place, k: usize) -> Vec<Near>;
    /// Those in west, south, east, north, by their numbers: the order in an index tells of the order in which things came, and is
    /// another after a restart.
    fn in_box(&self, bounds: [f64; 4]) -> Vec<MarkerView<'_>>;
}

impl<T: Marker> AnyMarkers for Markers<T> {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn order(&self) -> u8 {
        T::ORDER
    }

    fn get(&self, id: i64) -> Option<MarkerView<'_>> {
        self.all.get(&id).map(T::view)
    }

    fn views(&self) -> Box<dyn Iterator<Item = MarkerView<'_>> + '_> {
        Box::new(self.all.values().map(T::view))
    }

    fn nearest(&self, place: Place, k: usize) -> Vec<Near> {
        let near = |(id, distance_m): (i64, f64)| {
            let v = self.get(id)?;
            Some(Near { id, name: v.name.to_owned(), state: v.state.to_owned(), place: v.place, distance_m })
        };
        self.index.nearest(place, k).into_iter().filter_map(near).collect()
    }

    fn in_box(&self, [west, south, east, north]: [f64; 4]) -> Vec<MarkerView<'_>> {
        let mut ids = Vec::new();
        self.index.in_box(west, south, east, north, |id, _| ids.push(id));
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.get(id)).collect()
    }
}

macro_rules! kinds {
    ($($name:ident: $thing:ty),+ $(,)?) => {
        /// The things of every kind.
        #[derive(Default)]
        pub(crate) struct AllMarkers {
            $(pub $name: Markers<$thing>,)+
        }

        /// Kinds that were read anew.
        #[derive(Default)]
        pub(crate) struct MarkerNews {
            $($name: Option<Markers<$thing>>,)+
        }

        impl AllMarkers {
            /// The words of the kinds.
            pub const KINDS: &'static [&'static str] = &[$(<$thing as Marker>::KIND),+];

            /// The lines of the change log that are about one of them.
            pub const CHANGES: &'static [ChangeKind] = &[$(<$thing as Marker>::CHANGE),+];

            /// Every kind.
            pub fn kinds(&self) -> impl Iterator<Item = &dyn AnyMarkers> {
                [$(&self.$name as &dyn AnyMarkers),+].into_iter()
            }

            /// Takes in what was read.
            pub fn apply(&mut self, news: MarkerNews) {
                $(if let Some(all) = news.$name {
                    self.$name = all;
                })+
            }
        }

        impl MarkerNews {
            /// Reads the kinds that lines of the change log were about.
            pub async fn read(store: &Store, about: &HashSet<ChangeKind>) -> Result<Self, StoreError> {
                Ok(Self {
                    $($name: match about.contains(&<$thing as Marker>::CHANGE) {
                        true => Some(Markers::of(<$thing as Marker>::all(store).await?)),
                        false => None,
                    },)+
                })
            }
        }
    };
}

impl AllMarkers {
    /// A kind by its word.
    pub fn of_kind(&self, kind: &str) -> Option<&dyn AnyMarkers> {
        self.kinds().find(|markers| markers.kind() == kind)
    }

    /// All of them as the store has them.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut all = Self::default();
        all.apply(MarkerNews::read(store, &Self::CHANGES.iter().copied().collect()).await?);
        Ok(all)
    }
}

kinds! {
    cameras: Camera,
    sites: Site,
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::SiteId;

    fn site(id: i64, lon: f64) -> Site {
        Site {
            id: SiteId(id),
            external_id: format!("s{id}"),
            name: format!("site {id}"),
            kind: "school".into(),
            place: Place { lon, lat: 30.0 },
            hours: String::new(),
            hazards: String::new(),
        }
    }

    #[test]
    fn a_kind_is_found_by_word_number_place_and_box() {
        let mut all = AllMarkers::default();
        assert_eq!(AllMarkers::KINDS, ["camera", "site"]);
        all.apply(MarkerNews { sites: Some(Markers::of(vec![site(7, 120.0), site(3, 120.1), site(5, 120.2)])), cameras: None });
        let sites = all.of_kind("site").unwrap();
        assert_eq!(sites.get(3).unwrap().external_id, "s3");
        assert_eq!(sites.nearest(Place { lon: 120.19, lat: 30.0 }, 2).iter().map(|n| n.id).collect::<Vec<_>>(), [5, 3]);
        let in_box = |bounds| sites.in_box(bounds).iter().map(|v| v.id).collect::<Vec<_>>();
        assert_eq!(in_box([119.0, 29.0, 120.15, 31.0]), [3, 7], "by their numbers");
        assert!(all.of_kind("camera").unwrap().views().next().is_none() && all.of_kind("ticket").is_none());
        // Read anew, what is gone is gone.
        all.apply(MarkerNews { sites: Some(Markers::of(vec![site(5, 120.2)])), cameras: None });
        assert_eq!(all.of_kind("site").unwrap().views().map(|v| v.id).collect::<Vec<_>>(), [5]);
    }
}
