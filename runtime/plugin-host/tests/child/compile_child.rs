//! The compiling child of this crate's tests: what `millstream compile` is for a host.

fn main() -> std::process::ExitCode {
    millstream_plugin_host::compile_in_child()
}
