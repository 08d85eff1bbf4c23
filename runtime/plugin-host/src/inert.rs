//! WASI for standard libraries that drag it in: no files, no environment, no network. Clocks and
//! random numbers are real.

use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtx;

use crate::guest::Guest;
use crate::stdio::Tail;

/// Random bytes that a guest may take at once.
const RANDOM_BYTES_MAX: u64 = 1 << 20;
/// What [`link`] links: without this list a name that nobody knows would only be found out by linking.
const INTERFACES: [(&str, &[&str]); 6] = [
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:random", &["random", "insecure", "insecure-seed"]),
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("wasi:filesystem", &["types", "preopens"]),
    (
        "wasi:sockets",
        &[
            "network",
            "instance-network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
            "ip-name-lookup",
        ],
    ),
];

/// Whether a guest may import `interface` of `version`.
pub(crate) fn offers(interface: &str, version: &str) -> bool {
    let known = |(package, name): (&str, &str)| {
        INTERFACES.iter().any(|(known, names)| *known == package && names.contains(&name))
    };
    let stable = version.starts_with("0.2.") && !version.contains('-');
    stable && interface.split_once('/').is_some_and(known)
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// What there is behind it.
pub(crate) fn context(stdout: &Tail, stderr: &Tail) -> WasiCtx {
    WasiCtx::builder()
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .max_random_size(RANDOM_BYTES_MAX)
        .build()
}
