//! What running a pipeline needs beside a disk: the sandbox, its cache, the port, open files.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use millstream_plugin_host::{Host, HostSettings};
use rustix::process::{Resource, getrlimit};

use super::Check;
use crate::compile_cache;
use crate::print::count;

/// Where `run` serves unless it is told otherwise.
const ADDRESS: &str = "127.0.0.1:7070";
/// Connections, journal files and sinks of an ordinary host.
const OPEN_FILES_MIN: u64 = 1_024;

pub(super) fn checks() -> Vec<Check> {
    vec![sandbox(), cache(), port(ADDRESS), open_files()]
}

fn sandbox() -> Check {
    match Host::new(HostSettings::default()) {
        Ok(_) => Check::fine("sandbox", "WebAssembly plugins run"),
        Err(error) => {
            let hint =
                "plugins need a 64-bit system that grants address space; look at `ulimit -v`";
            Check::broken("sandbox", error.to_string(), hint)
        }
    }
}

/// Opened as a run opens it, which makes the folder, then written to.
fn cache() -> Check {
    const NAME: &str = "cache";
    let Some(folder) = compile_cache::folder() else {
        let hint = "without it every start compiles each plugin anew: set HOME or XDG_CACHE_HOME";
        return Check::missing(NAME, "no folder for compiled plugins", hint);
    };
    let shown = folder.display().to_string();
    let settings = HostSettings { cache: Some(folder.clone()), ..HostSettings::default() };
    if let Err(error) = Host::new(settings) {
        return Check::broken(
            NAME,
            error.to_string(),
            "let XDG_CACHE_HOME name a folder of this user",
        );
    }
    match written(&folder) {
        Ok(()) => Check::fine(NAME, format!("compiled plugins are kept in {shown}")),
        Err(error) => {
            let hint = "without it every start compiles each plugin anew: make it writable";
            Check::missing(NAME, format!("{shown}: {error}"), hint)
        }
    }
}

fn written(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!("doctor-{}.tmp", std::process::id()));
    fs::write(&file, "x")?;
    fs::remove_file(&file)
}

fn port(address: &str) -> Check {
    const NAME: &str = "port";
    match TcpListener::bind(address) {
        Ok(_) => Check::fine(NAME, format!("{address} is free")),
        Err(error) => {
            let says = match error.kind() {
                ErrorKind::AddrInUse => format!("{address} is taken, perhaps by a running host"),
                _ => format!("{address}: {error}"),
            };
            Check::missing(NAME, says, "give `run` another address with --http")
        }
    }
}

fn open_files() -> Check {
    const NAME: &str = "open files";
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < OPEN_FILES_MIN => {
            let hint = "a connection each is an open file: raise it with `ulimit -n 65536`";
            Check::missing(NAME, format!("at most {}", count(limit)), hint)
        }
        Some(limit) => Check::fine(NAME, format!("at most {}", count(limit))),
        None => Check::fine(NAME, "unlimited"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::State;
    use super::port;

    #[test]
    fn a_taken_port_is_no_reason_not_to_run() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = taken.local_addr().expect("it has an address").to_string();
        assert_eq!(port(&address).state, State::Missing);
        drop(taken);
        assert_eq!(port(&address).state, State::Fine);
    }
}
