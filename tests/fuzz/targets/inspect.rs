//! Bytes that claim to be a plugin: the answer is an inspection or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // A parser may panic inside: only what comes out ends the fuzzer, not what is caught.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| millstream_plugin_host::fuzzing::inspect(bytes)
);
