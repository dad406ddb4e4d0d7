//! Codes of cells: what they look like, which is given next, what becomes of them.

pub(super) mod lineage;
mod numbering;
mod scheme;

pub use lineage::{LineageKind, LineageLine, lineage};
pub use numbering::{CodeOverflow, Numbering, NumberingFault, number_cells, reading_order};
pub use scheme::{CodeFault, CodeScheme, MergePolicy, PartSize, SchemeFault, SplitPolicy};
