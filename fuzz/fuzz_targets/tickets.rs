//! Any bytes as tickets, one JSON object a line: a record or a refusal with a reason for each, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wall_service::import::{Defaults, position_from_json, ticket_from_json};

fuzz_target!(|bytes: &[u8]| {
    let defaults = Defaults::contract("fuzz");
    for line in bytes.split(|b| *b == b'\n') {
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
        if let Err(refused) = ticket_from_json(&json, &defaults) {
            assert!(!refused.message.is_empty());
        }
        let _ = position_from_json(&json, &defaults);
    }
});
