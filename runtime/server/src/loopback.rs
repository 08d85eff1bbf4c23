//! Which addresses only this machine reaches.

use std::net::{IpAddr, SocketAddr};

/// Whether only this machine reaches `address`: the API asks nobody who they are, so it may not
/// be served on any other.
#[must_use]
pub fn is_loopback(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(ip.is_loopback(), |ip| ip.is_loopback()),
    }
}
