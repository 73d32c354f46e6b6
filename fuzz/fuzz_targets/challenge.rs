//! `WWW-Authenticate`: several headers, one to a line.
#![no_main]

use lifesign::domain::challenge::Challenge;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for challenge in Challenge::all(text.lines()) {
        assert_eq!(challenge.scheme, challenge.scheme.to_ascii_lowercase());
        for (name, _) in &challenge.parameters {
            assert!(challenge.parameter(name).is_some());
        }
    }
});
