//! The official conformance suite with `lifesign probe` as the client under test: what it does not
//! pass stands with its reason in `tests/conformance/expected-failures-*.yml`, and nowhere else.

use std::process::Command;

#[test]
fn the_conformance_suite_fails_nowhere_else_than_expected() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/run.sh");
    let played = Command::new(script)
        .env("LIFESIGN", env!("CARGO_BIN_EXE_lifesign"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}");
}
