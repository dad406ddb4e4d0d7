//! Cameras (视频监控).

use crate::coded::coded;
use crate::{Absent, Place};

coded! {
    /// Whether a camera delivers pictures.
    #[derive(Default)]
    CameraState {
        /// 在线
        Online = "online",
        /// 离线
        Offline = "offline",
        /// The source does not say.
        #[default]
        Unknown = "unknown",
    }
}

/// A camera with its place and, when known, where it looks. Key: `external_id`.
#[derive(Clone, PartialEq, Debug)]
pub struct Camera {
    /// Identity in its source, usually the 20-digit GB/T 28181 id.
    pub external_id: String,
    /// Name, may be empty.
    pub name: String,
    /// Where it hangs.
    pub place: Place,
    /// Kind as the source names it (`dome`, `bullet` …), may be empty.
    pub kind: String,
    /// Direction of view, degrees clockwise from north, 0 to below 360.
    pub heading_deg: Option<f64>,
    /// Opening angle in degrees, 0 to 360.
    pub fov_deg: Option<f64>,
    /// Useful range in metres.
    pub range_m: Option<f64>,
    /// Address of the stream, may be empty. It may hold a password, and is in no export and no answer.
    pub stream_url: String,
    /// Address of a still, may be empty; the same holds for it.
    pub snapshot_url: String,
    /// Online, offline or unknown.
    pub state: CameraState,
    /// Columns that the source does not have.
    pub absent: Absent,
}
