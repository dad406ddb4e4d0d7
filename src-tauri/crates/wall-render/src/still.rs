//! What a picture shows, as plain data: made by whoever knows the wall, drawn by whoever has a graphics adapter.

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A colour: red, green, blue, alpha, 8-bit sRGB, alpha not multiplied in.
pub type Rgba = [u8; 4];

/// A picture to draw. Everything in it is already decided: words are in the reader's language, times are printed, colours chosen.
///
/// Sizes called `px` are pixels of a picture 1080 lines high; they grow and shrink with the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Still {
    /// Width in pixels, 64 to 16384.
    pub width: u32,
    /// Height in pixels, 64 to 16384.
    pub height: u32,
    /// What to fit into the map area.
    pub view: View,
    /// Areas (cells, communities), drawn in this order.
    #[serde(default)]
    pub areas: Vec<StillArea>,
    /// How the edges of the areas are drawn.
    #[serde(default)]
    pub boundary: Stroke,
    /// A raster over the areas and under their boundaries, such as the heat.
    #[serde(default)]
    pub raster: Option<StillRaster>,
    /// Lines over the areas: borders of communities, streets.
    #[serde(default)]
    pub lines: Vec<StillLine>,
    /// Points over everything on the map: tickets, cameras, staff.
    #[serde(default)]
    pub points: Vec<StillPoint>,
    /// Large words at the top left.
    #[serde(default)]
    pub title: String,
    /// Smaller words below the title: the scene, the plan.
    #[serde(default)]
    pub subtitle: String,
    /// The moment shown, with its zone, at the top right.
    #[serde(default)]
    pub time: String,
    /// Marks below the time, each in a box: 演示数据, a clock that is not live.
    #[serde(default)]
    pub marks: Vec<String>,
    /// What the colours mean.
    #[serde(default)]
    pub legend: Option<Legend>,
    /// Small print at the bottom right: source and licence of the data.
    #[serde(default)]
    pub note: String,
    /// Size of all words, 1 for a desk; larger for a wall seen from afar. 0.5 to 4.
    #[serde(default = "one")]
    pub text_scale: f32,
}

fn one() -> f32 {
    1.0
}

impl Still {
    /// An empty picture of this size over this view.
    pub fn new(width: u32, height: u32, view: View) -> Self {
        Still {
            width,
            height,
            view,
            areas: Vec::new(),
            boundary: Stroke::default(),
            raster: None,
            lines: Vec::new(),
            points: Vec::new(),
            title: String::new(),
            subtitle: String::new(),
            time: String::new(),
            marks: Vec::new(),
            legend: None,
            note: String::new(),
            text_scale: 1.0,
        }
    }
}

/// A rectangle in degrees, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Westernmost longitude.
    pub west: f64,
    /// Southernmost latitude.
    pub south: f64,
    /// Easternmost longitude.
    pub east: f64,
    /// Northernmost latitude.
    pub north: f64,
}

/// An area with its fill and label.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StillArea {
    /// Polygons; each a list of rings (outer, then holes) of longitude, latitude in degrees WGS-84. Closed or not.
    pub rings: Vec<Vec<Vec<[f64; 2]>>>,
    /// Fill colour; `None` leaves the ground.
    #[serde(default)]
    pub fill: Option<Rgba>,
    /// Hatch over the fill: nobody answers for this area.
    #[serde(default)]
    pub hatch: bool,
    /// Words on it; drawn only where they fit inside and touch no other label and no point.
    #[serde(default)]
    pub label: String,
    /// Where the label is centred, degrees.
    #[serde(default)]
    pub label_at: [f64; 2],
}

/// Width and colour of a line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stroke {
    /// Width.
    pub width_px: f32,
    /// Colour.
    pub rgba: Rgba,
}

impl Default for Stroke {
    fn default() -> Self {
        Stroke { width_px: 1.1, rgba: [84, 104, 120, 255] }
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StillLine {
    /// Longitude, latitude in degrees WGS-84.
    pub points: Vec<[f64; 2]>,
    /// Width.
    pub width_px: f32,
    /// Colour.
    pub rgba: Rgba,
}

/// A point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StillPoint {
    /// Longitude, latitude in degrees WGS-84.
    pub at: [f64; 2],
    /// Distance from the centre to the edge.
    pub radius_px: f32,
    /// Colour.
    pub rgba: Rgba,
    /// Form: a state is never told by colour alone.
    #[serde(default)]
    pub shape: Shape,
}

/// Form of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Disc.
    #[default]
    Circle,
    /// Square on its side.
    Square,
    /// Square on its corner.
    Diamond,
    /// Triangle pointing up.
    Triangle,
}

/// An image laid over a rectangle, its rows equally spaced in Web Mercator (over a city: in latitude too).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StillRaster {
    /// Where it lies.
    pub view: View,
    /// Columns.
    pub width: u32,
    /// Rows, the first in the north.
    pub height: u32,
    /// `width * height * 4` bytes, row by row; base64 in JSON.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub rgba: Vec<u8>,
}

/// What the colours mean. A bar, a list of swatches, or both.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Legend {
    /// What is shown.
    pub title: String,
    /// Unit of the numbers, with the parameters that matter.
    #[serde(default)]
    pub unit: String,
    /// Colours of a continuous bar, low to high; empty = no bar.
    #[serde(default)]
    pub bar: Vec<Rgba>,
    /// Place on the bar, 0 to 1, and words there.
    #[serde(default)]
    pub ticks: Vec<(f32, String)>,
    /// Single colours with their words.
    #[serde(default)]
    pub stops: Vec<LegendStop>,
}

/// A colour and its meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LegendStop {
    /// Colour.
    pub rgba: Rgba,
    /// Shown hatched, as unowned areas are.
    #[serde(default)]
    pub hatch: bool,
    /// Words.
    pub label: String,
}

fn to_base64<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(d)?;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(de::Error::custom)
}
