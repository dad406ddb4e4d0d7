//! Cameras.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, sql},
    upserts::Keyed,
};
use wall_core::{Absent, Camera, CameraId, CameraRecord, CameraState, Place};

impl Keyed<1, 10> for CameraRecord {
    const KIND: ChangeKind = ChangeKind::Camera;
    const KEY: [&'static str; 1] = ["external_id"];
    const COLUMNS: [&'static str; 10] =
        ["name", "lon", "lat", "kind", "heading_deg", "fov_deg", "range_m", "stream_url", "snapshot_url", "state"];

    fn key(&self) -> [&str; 1] {
        [&self.external_id]
    }

    fn values(&self) -> [Value; 10] {
        [
            (&self.name).into(),
            self.place.lon.into(),
            self.place.lat.into(),
            (&self.kind).into(),
            self.heading_deg.into(),
            self.fov_deg.into(),
            self.range_m.into(),
            (&self.stream_url).into(),
            (&self.snapshot_url).into(),
            self.state.code().into(),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl WriteTx {
    /// Writes cameras.
    pub async fn put_cameras(&mut self, records: &[CameraRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
    }
}

impl Store {
    /// All cameras.
    pub async fn cameras(&self) -> Result<Vec<Camera>, StoreError> {
        let cameras =
            sql("SELECT id, external_id, name, lon, lat, kind, heading_deg, fov_deg, range_m, state FROM camera ORDER BY id");
        let camera = |r: &Row| {
            Ok(Camera {
                id: CameraId(r.get("id")?),
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
                kind: r.get("kind")?,
                heading_deg: r.get("heading_deg")?,
                fov_deg: r.get("fov_deg")?,
                range_m: r.get("range_m")?,
                state: r.word("camera", "state", CameraState::from_code)?,
            })
        };
        self.inner.read.rows(cameras).await?.iter().map(camera).collect()
    }
}
