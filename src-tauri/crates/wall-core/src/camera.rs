//! Cameras (视频监控).

use crate::coded::coded;
use crate::{CameraId, Place};

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

/// A camera with its place and, when known, where it looks.
#[derive(Clone, PartialEq, Debug)]
pub struct Camera {
    /// Identity inside the store.
    pub id: CameraId,
    /// Identity in its source, usually the 20-digit GB/T 28181 id.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// Where it hangs.
    pub place: Place,
    /// Kind as the source names it (`dome`, `bullet` …).
    pub kind: String,
    /// Direction of view, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Opening angle in degrees.
    pub fov_deg: Option<f64>,
    /// Useful range in metres.
    pub range_m: Option<f64>,
    /// Online, offline or unknown.
    pub state: CameraState,
}
