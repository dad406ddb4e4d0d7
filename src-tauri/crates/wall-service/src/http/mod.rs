//! The HTTP interface: intake, Open311, queries, events.
