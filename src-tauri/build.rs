//! Tauri's build step: reads `tauri.conf.json` and makes the resources it names.

fn main() {
    tauri_build::build();
}
