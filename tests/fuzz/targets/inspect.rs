//! Bytes that claim to be a plugin: the answer is an inspection or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| millstream_plugin_host::fuzzing::inspect(bytes));
