//! A JSON-RPC message.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lifesign::probe::fuzzed::message(bytes));
