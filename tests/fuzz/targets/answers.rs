//! What a guest returned, in either world: the result is answers that hold together or a fault.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| millstream_plugin_host::fuzzing::answers(bytes));
