//! Import: files become valid records and issues. Parses at the edge; a bad record is an issue, never an error.
