//! Cameras.

use crate::{
    ChangeKind, Store, StoreError,
    db::{Row, Value, sql},
    upserts::Listed,
};
use wall_core::{Absent, Camera, CameraState, Place, Stored};

impl Listed for Camera {
    const KIND: ChangeKind = ChangeKind::Camera;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("external_id", &self.external_id)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", (&self.name).into()),
            ("lon", self.place.lon.into()),
            ("lat", self.place.lat.into()),
            ("kind", (&self.kind).into()),
            ("heading_deg", self.heading_deg.into()),
            ("fov_deg", self.fov_deg.into()),
            ("range_m", self.range_m.into()),
            ("stream_url", (&self.stream_url).into()),
            ("snapshot_url", (&self.snapshot_url).into()),
            ("state", self.state.code().into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl Store {
    /// All cameras.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn cameras(&self) -> Result<Vec<Stored<Camera>>, StoreError> {
        let cameras =
            sql("SELECT id, external_id, name, lon, lat, kind, heading_deg, fov_deg, range_m, stream_url, snapshot_url, \
             state FROM camera ORDER BY id");
        let camera = |r: &Row| {
            let of = Camera {
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
                kind: r.get("kind")?,
                heading_deg: r.get("heading_deg")?,
                fov_deg: r.get("fov_deg")?,
                range_m: r.get("range_m")?,
                stream_url: r.get("stream_url")?,
                snapshot_url: r.get("snapshot_url")?,
                state: r.word("camera", "state", CameraState::from_code)?,
                absent: Absent::default(),
            };
            Ok(Stored { id: r.get("id")?, of })
        };
        self.inner.read.rows(cameras).await?.iter().map(camera).collect()
    }
}
