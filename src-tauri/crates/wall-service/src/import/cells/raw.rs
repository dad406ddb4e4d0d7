//! What every reader of cells yields, whatever the format: features with their properties and polygons as the file gives them.
//!
//! From here on there is one path: datum, repair, fields, codes, agreement (see [`super::read_cells`]).

use super::shape::Shape;
use crate::import::read::Problem;

/// Features of one file at most: more than all grid cells of a large province.
pub(super) const MAX_FEATURES: usize = 1_000_000;

/// The value of a property.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value<'a> {
    /// A JSON text, judged when it is asked for.
    Json(&'a str),
    /// A text.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// Nothing.
    Null,
    /// Something that is neither text nor number.
    Other(&'static str),
}

/// Names and values of a feature, in order; of a name given twice the last counts.
pub(super) type Properties<'a> = Vec<(String, Value<'a>)>;

/// One feature.
#[derive(Debug)]
pub(super) struct RawFeature<'a> {
    pub(super) properties: Properties<'a>,
    /// What is worth saying about it, its ground and properties aside.
    pub(super) said: Vec<Problem>,
    /// The ground, or why there is none.
    pub(super) shape: Result<Shape, Problem>,
}

/// The coordinate system as the file names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum CrsText {
    /// By name or number: `EPSG:4547`.
    Name(String),
    /// Well-known text, of ESRI or the OGC.
    Wkt(String),
}

/// Something worth saying about the file as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Note {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Note {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A file of cells as read.
#[derive(Debug, Default)]
pub(super) struct RawCells<'a> {
    /// Name of the format.
    pub(super) format: &'static str,
    /// The layer, where a file can have several.
    pub(super) layer: Option<String>,
    /// The features in order; one that cannot be read at all is its reason.
    pub(super) features: Vec<Result<RawFeature<'a>, Problem>>,
    pub(super) crs: Option<CrsText>,
    /// Names of the fields that the file declares; empty = by the features.
    pub(super) declared: Vec<String>,
    /// Field names are cut at this many bytes of this encoding.
    pub(super) cut: Option<(usize, &'static encoding_rs::Encoding)>,
    /// Name of the encoding of the texts, lower case.
    pub(super) encoding: String,
    /// Why that one.
    pub(super) encoding_why: &'static str,
    /// How many characters could not be decoded.
    pub(super) broken: usize,
    /// A field that is made of names of communities, though its own name does not say so.
    pub(super) communities: Option<String>,
    pub(super) notes: Vec<Note>,
}

/// Most values of properties that are kept from one file.
pub(super) const MAX_VALUES: usize = 5_000_000;
