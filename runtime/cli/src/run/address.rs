//! Where `run` serves HTTP.

use std::io::ErrorKind;
use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;

use crate::failure::Failure;

/// What `--http` says: an address, or none for `off`.
///
/// # Errors
/// It is no address, or one that others can reach.
pub(super) fn parse(text: &str) -> Result<Option<SocketAddr>, Failure> {
    if text == "off" {
        return Ok(None);
    }
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    let address = found.ok_or_else(|| {
        Failure::wrong(format!(
            "--http {text:?} is not an address: expected a form such as 127.0.0.1:7070, or `off`"
        ))
    })?;
    if !millstream_server::is_loopback(&address) {
        return Err(Failure::wrong(format!(
            "--http {text}: other machines could reach this address, and tokens and TLS are not available yet; \
             use 127.0.0.1:{}, and a proxy that knows who may come in",
            address.port()
        )));
    }
    Ok(Some(address))
}

/// Takes the address.
///
/// # Errors
/// It is taken, or this user may not.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = match TcpListener::bind(address).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(anyhow!(
            "{address} is taken by another process; stop that one, or choose another address with --http \
             (127.0.0.1:0 takes any free port, `off` none)"
        )),
        bound => bound.with_context(|| {
            format!("could not listen on {address}; choose another address with --http")
        }),
    };
    Ok(listener?)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_this_machine_may_reach_the_api() {
        assert!(matches!(parse("127.0.0.1:0"), Ok(Some(_))));
        assert!(matches!(parse("[::1]:7070"), Ok(Some(_))));
        assert!(matches!(parse("localhost:7070"), Ok(Some(_))));
        assert!(matches!(parse("off"), Ok(None)));
        for refused in ["0.0.0.0:7070", "[::]:7070", "192.0.2.1:80", "127.0.0.1", "here", ""] {
            assert!(parse(refused).is_err(), "{refused:?} passed");
        }
    }
}
