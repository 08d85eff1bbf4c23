//! Tries everything that WASI has for a program that may do more than a plugin, and publishes what
//! came of it, one line each.

use exports::millstream::plugin::message_handler::{Failure, Guest, Message, OutgoingMessage};
use wasip2::cli::{environment, stdin, terminal_stdin};
use wasip2::filesystem::preopens;
use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};

wit_bindgen::generate!({
    path: "../../../../sdk/wit",
    world: "consumer",
    additional_derives: [Default],
    additional_derives_ignore: ["outcome", "level", "failure"],
});

struct LookAround;

impl Guest for LookAround {
    /// The payload is the port of a listener on this machine.
    fn handle(message: Message) -> Result<Vec<OutgoingMessage>, Failure> {
        let port = String::from_utf8(message.payload).unwrap().parse().unwrap();
        let seen = [
            format!("environment {:?}", environment::get_environment()),
            format!("arguments {:?}", environment::get_arguments()),
            format!("folder {:?}", environment::initial_cwd()),
            format!("folders {}", preopens::get_directories().len()),
            format!("terminal {}", terminal_stdin::get_terminal_stdin().is_some()),
            format!("stdin {:?}", stdin::get_stdin().blocking_read(100).map_err(|_| "end")),
            format!("name {:?}", name().map_err(|error| error.name())),
            format!("connect {:?}", connect(port).map_err(|error| error.name())),
            format!("listen {:?}", listen().map_err(|error| error.name())),
            format!("datagram {:?}", datagram().map_err(|error| error.name())),
        ];
        Ok(vec![OutgoingMessage { payload: seen.join("\n").into_bytes(), ..Default::default() }])
    }
}

type Tried = Result<(), wasip2::sockets::network::ErrorCode>;

fn name() -> Tried {
    let network = instance_network::instance_network();
    let stream = ip_name_lookup::resolve_addresses(&network, "localhost")?;
    stream.subscribe().block();
    stream.resolve_next_address().map(drop)
}

fn here(port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) })
}

fn connect(port: u16) -> Tried {
    let network = instance_network::instance_network();
    let socket = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_connect(&network, here(port))?;
    socket.subscribe().block();
    socket.finish_connect().map(drop)
}

fn listen() -> Tried {
    let network = instance_network::instance_network();
    let socket = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&network, here(0))?;
    socket.finish_bind()
}

fn datagram() -> Tried {
    let network = instance_network::instance_network();
    let socket = udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&network, here(0))?;
    socket.finish_bind()
}

export!(LookAround);
