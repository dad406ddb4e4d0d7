//! Export of cells, tickets and points to files.
