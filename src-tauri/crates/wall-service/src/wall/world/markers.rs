//! What stands at a place and is known by a number: cameras, key sites, and whatever else gets a point on the map. Which kinds
//! there are stands in [`crate::things`]; load, follower, map, nearness, search and cards go through all of them.

use crate::{things::ThingKind, wall::queries::Near};
use futures::future::BoxFuture;
use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
};
use wall_core::{Place, PointIndex};
use wall_store::{ChangeKind, Store, StoreError};

/// A thing of a kind.
pub(crate) trait Marker: Send + Sync + 'static {
    /// The lines of the change log after which all of them are read anew; their word is that of the kind on the wire.
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
pub(crate) trait AnyMarkers: Send + Sync {
    /// See [`Marker::CHANGE`].
    fn change(&self) -> ChangeKind;
    /// Its word on the wire.
    fn kind(&self) -> &'static str {
        self.change().code()
    }
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
    /// The same kind as the store has it now.
    fn read_anew<'a>(&self, store: &'a Store) -> BoxFuture<'a, Result<Box<dyn AnyMarkers>, StoreError>>;
}

impl<T: Marker> AnyMarkers for Markers<T> {
    fn change(&self) -> ChangeKind {
        T::CHANGE
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

    fn read_anew<'a>(&self, store: &'a Store) -> BoxFuture<'a, Result<Box<dyn AnyMarkers>, StoreError>> {
        Box::pin(async move { Ok(Box::new(Self::of(T::all(store).await?)) as Box<dyn AnyMarkers>) })
    }
}

/// The things of every kind.
pub(crate) struct AllMarkers(Vec<Box<dyn AnyMarkers>>);

impl Default for AllMarkers {
    fn default() -> Self {
        Self(ThingKind::no_markers())
    }
}

impl AllMarkers {
    /// Every kind.
    pub fn kinds(&self) -> impl Iterator<Item = &dyn AnyMarkers> {
        self.0.iter().map(|markers| &**markers)
    }

    /// A kind by its word.
    pub fn of_kind(&self, kind: &str) -> Option<&dyn AnyMarkers> {
        self.kinds().find(|markers| markers.kind() == kind)
    }

    /// The things of a kind; of one that has no points, none.
    pub fn views(&self, of: ChangeKind) -> impl Iterator<Item = MarkerView<'_>> {
        self.kinds().filter(move |markers| markers.change() == of).flat_map(|markers| markers.views())
    }

    /// Reads the kinds that lines of the change log were about.
    pub async fn read(store: &Store, about: &HashSet<ChangeKind>) -> Result<Vec<Box<dyn AnyMarkers>>, StoreError> {
        let mut news = Vec::new();
        for markers in ThingKind::no_markers().into_iter().filter(|markers| about.contains(&markers.change())) {
            news.push(markers.read_anew(store).await?);
        }
        Ok(news)
    }

    /// Takes in what was read.
    pub fn apply(&mut self, news: Vec<Box<dyn AnyMarkers>>) {
        for read in news {
            if let Some(old) = self.0.iter_mut().find(|old| old.change() == read.change()) {
                *old = read;
            }
        }
    }

    /// All of them as the store has them.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self(Self::read(store, &ThingKind::ON_MAP.iter().copied().collect()).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::{Site, SiteId};

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
        assert!(all.kinds().map(AnyMarkers::change).eq(ThingKind::ON_MAP.iter().copied()));
        all.apply(vec![Box::new(Markers::of(vec![site(7, 120.0), site(3, 120.1), site(5, 120.2)]))]);
        let sites = all.of_kind("site").unwrap();
        assert_eq!(sites.get(3).unwrap().external_id, "s3");
        assert_eq!(sites.nearest(Place { lon: 120.19, lat: 30.0 }, 2).iter().map(|n| n.id).collect::<Vec<_>>(), [5, 3]);
        let in_box = |bounds| sites.in_box(bounds).iter().map(|v| v.id).collect::<Vec<_>>();
        assert_eq!(in_box([119.0, 29.0, 120.15, 31.0]), [3, 7], "by their numbers");
        assert!(all.of_kind("camera").unwrap().views().next().is_none() && all.of_kind("ticket").is_none());
        // Read anew, what is gone is gone.
        all.apply(vec![Box::new(Markers::of(vec![site(5, 120.2)]))]);
        assert_eq!(all.of_kind("site").unwrap().views().map(|v| v.id).collect::<Vec<_>>(), [5]);
    }
}
