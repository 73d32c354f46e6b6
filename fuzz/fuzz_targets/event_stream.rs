//! The event stream of an answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifesign::probe::fuzzed::event_stream(bytes));
