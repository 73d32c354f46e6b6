//! A client configuration or a registry listing: what is taken from it can be watched.
#![no_main]

use lifesign::domain::client_config::{Listing, MAX_SERVERS};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(listing) = Listing::read(text) else {
        return;
    };
    assert!(listing.specs.len() <= MAX_SERVERS && listing.skipped.len() <= MAX_SERVERS);
    for spec in &listing.specs {
        assert_eq!(spec.faults(), []);
    }
});
