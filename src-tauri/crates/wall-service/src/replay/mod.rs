//! Replay: historical tickets as a live feed.
