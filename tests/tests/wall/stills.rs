//! A picture of the wall by its address, drawn by the program in a process of its own.

use crate::import_four;
use wall_tests::{DataDir, Served};

#[test]
fn the_wall_is_drawn_by_its_address() {
    if std::env::var_os("GRIDWALL_NO_GPU").is_some_and(|v| v == "1") {
        println!("skipped: GRIDWALL_NO_GPU=1");
        return;
    }
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("city");
    let wall = Served::start(&data);
    let city = wall.client(&token);
    let picture = |query: &str| city.get_bytes(&format!("/api/v1/still.png?width=320&height=180&bare=1&{query}"));
    let (kind, owners) = picture("scene=owner");
    assert_eq!(kind, "image/png");
    assert_eq!(&owners[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes(owners[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (320, 180));
    assert_ne!(owners, picture("scene=open").1, "another scene is another picture");
    // Nothing of it stays behind.
    assert_eq!(std::fs::read_dir(data.path().join("stills")).unwrap().count(), 0);
}
