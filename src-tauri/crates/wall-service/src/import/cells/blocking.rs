//! What stands in the way of publishing a file unseen: the one list of codes that have to be acknowledged by name.
//!
//! A file that is damaged, doubtful or read in part may still be right; a person who has looked says so with
//! `--acknowledge CODE`. Overlaps, gaps and `duplicate_code` are not here: publishing acknowledges them (decision 6).

use super::CellsFile;

/// Codes that block publishing, and what each means.
pub const BLOCKING: &[(&str, &str)] = &[
    ("truncated", "the file is cut off, or holds less than it announces"),
    ("index_unusable", "the .shx is damaged or of another file: records were found without it"),
    ("records_doubtful", "records of the .shp are not numbered one after the other, and no .shx says which are valid"),
    ("rows_differ", "the .shp and the .dbf hold different numbers of records: cells may carry their neighbours' codes"),
    ("dbf_missing", "there is no .dbf: the cells have no properties"),
    ("broken_text", "characters could not be decoded"),
    ("encoding_doubtful", "the texts do not fit the encoding that was named or found"),
    ("garbled_text", "texts were garbled before they came into the file"),
    ("axes_exchanged", "features have latitude before longitude"),
    ("far_from_meridian", "the ground lies far from the central meridian of its coordinate system"),
    ("far_apart", "cells lie hundreds of kilometres from all others: digits may be missing"),
    ("several_layers", "the file has several layers or files, and nobody said which is meant"),
    ("several_geometry_columns", "the layer has several columns of ground, and nobody said which is meant"),
    ("not_compared", "whether cells overlap or leave gaps could not be computed"),
    ("too_many_overlaps", "more cells lie over each other than are compared: overlaps and gaps are not known"),
    ("open_elsewhere", "another program has changes that are not in the file yet"),
    ("bad_geometry", "the ground of a feature cannot be read: it is missing"),
    ("bad_coordinates", "coordinates of a feature cannot be read: it is missing"),
    ("bad_json", "a feature cannot be read: it is missing"),
    ("bad_properties", "the properties of a feature cannot be read"),
    ("not_a_feature", "something that is no feature stands among the features: it is missing"),
    ("not_finite", "a coordinate is not a number: the feature is missing"),
    ("out_of_range", "a coordinate is no place on Earth: the feature is missing"),
    ("refused_feature", "a feature was refused for another reason: it is missing"),
];

/// Refusals that take nothing away: what has no ground, or none that a cell can have, was never a cell.
const NO_GROUND: &[&str] = &["null_geometry", "empty_geometry", "not_a_polygon"];

/// The code under which an issue blocks.
fn blocks(code: &'static str, rejected: bool) -> Option<&'static str> {
    match BLOCKING.iter().find(|(known, _)| *known == code) {
        Some((known, _)) => Some(known),
        None if rejected && !NO_GROUND.contains(&code) => Some("refused_feature"),
        None => None,
    }
}

impl CellsFile {
    /// The codes that have to be acknowledged before the file may be published, in the order of [`BLOCKING`].
    pub fn blocking(&self) -> Vec<&'static str> {
        let found: std::collections::HashSet<&str> =
            self.issues.iter().filter_map(|i| blocks(i.code, i.action == wall_core::IssueAction::Rejected)).collect();
        BLOCKING.iter().map(|(code, _)| *code).filter(|code| found.contains(code)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_list_the_same_codes() {
        let guide = include_str!("../../../../../../docs/API.md");
        for (code, _) in BLOCKING {
            assert!(guide.contains(&format!("`{code}`")), "docs/API.md does not list {code}");
        }
        assert_eq!(blocks("overlap", false), None);
        assert_eq!(blocks("duplicate_code", false), None);
        assert_eq!(blocks("null_geometry", true), None);
        assert_eq!(blocks("ring_too_odd", true), Some("refused_feature"));
    }
}
