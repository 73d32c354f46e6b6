//! The canonical form of a tool list: the order of the tools makes no difference.
#![no_main]

use lifesign::domain::tools::ToolSurface;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(Value::Array(mut tools)) = serde_json::from_slice(bytes) else {
        return;
    };
    let read = ToolSurface::read(tools.clone());
    tools.reverse();
    let reversed = ToolSurface::read(tools);
    match (read, reversed) {
        (Ok(one), Ok(other)) => assert_eq!(one.hash, other.hash),
        (Err(_), Err(_)) => {}
        (one, other) => panic!("{one:?} but {other:?}"),
    }
});
