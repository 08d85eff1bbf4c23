//! Which addresses a name may stand for. Who answers for a name decides where it points; without
//! this a granted name could point at the host's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::origin::Host;

/// The one name that means this machine.
const LOCALHOST: &str = "localhost";

/// Whether requests for `host` may go to `address`: what was listed as an address goes there and
/// nowhere else, `localhost` stays on this machine, and any other name is out on the internet.
pub(super) fn permitted(host: &Host, address: IpAddr) -> bool {
    match host {
        Host::Address(listed) => *listed == address,
        Host::Name(name) if **name == *LOCALHOST => address.to_canonical().is_loopback(),
        Host::Name(_) => is_public(address),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Every block that is registered for something else than a host on the internet.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, multicast, reserved, broadcast.
        (0 | 10 | 127 | 224.., _, _) => true,
        // Carrier-grade NAT.
        (100, 64..=127, _) => true,
        // Link-local, where clouds keep the credentials of a machine.
        (169, 254, _) => true,
        (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, documentation, relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) => true,
        (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !special
}

/// Only what is handed out as global unicast, without the parts of it that hold another address or
/// none; and translated IPv4 as that is.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    match (a, b) {
        (0x64, 0xff9b) if address.segments()[2..6] == [0; 4] => {
            let [.., w, x, y, z] = address.octets();
            is_public_v4(Ipv4Addr::new(w, x, y, z))
        }
        // Teredo, ORCHID, benchmarks; documentation; 6to4; documentation again.
        (0x2001, 0..0x200) | (0x2001, 0xdb8) | (0x2002, _) => false,
        (0x3fff, 0..0x1000) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {

    use super::{Host, permitted};

    fn name_may_be(name: &str, address: &str) -> bool {
        permitted(&Host::Name(name.into()), address.parse().unwrap())
    }

    #[test]
    fn a_name_may_stand_for_a_public_address() {
        for address in
            ["1.1.1.1", "9.255.1.2", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111"]
        {
            assert!(name_may_be("rates.example.com", address), "{address}");
        }
        assert!(name_may_be("rates.example.com", "64:ff9b::101:101"), "translated");
    }

    #[test]
    fn a_name_may_not_stand_for_any_other() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!name_may_be("rates.example.com", address), "{address}");
        }
    }

    #[test]
    fn localhost_is_this_machine_and_nothing_else() {
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(name_may_be("localhost", address), "{address}");
        }
        for address in ["1.1.1.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"] {
            assert!(!name_may_be("localhost", address), "{address}");
        }
    }

    #[test]
    fn a_listed_address_is_that_very_address() {
        let listed = Host::Address("10.0.0.7".parse().unwrap());
        assert!(permitted(&listed, "10.0.0.7".parse().unwrap()));
        assert!(!permitted(&listed, "10.0.0.8".parse().unwrap()));
        assert!(!permitted(&listed, "::ffff:10.0.0.7".parse().unwrap()));
    }
}
