//! Servers on this machine that answer as the internet may.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_plugin_host::{Resolve, Roots};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// What a server does after it has read the head of a request, part by part.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Say(String),
    /// The same over and over, until nobody takes it.
    Flood(String),
    /// Nothing, until the other side ends the connection.
    Wait,
}

/// What happened at a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Connected,
    /// The head of a request.
    Asked(String),
    /// The connection is over.
    Ended,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    events: UnboundedReceiver<Event>,
}

impl Server {
    /// A server that answers every request with `parts` and closes the connection.
    pub(crate) async fn answering(parts: impl Into<Vec<Part>>) -> Self {
        Self::start(parts.into(), None).await
    }

    /// The same with TLS.
    pub(crate) async fn with_tls(identity: &Identity, parts: impl Into<Vec<Part>>) -> Self {
        Self::start(parts.into(), Some(identity.acceptor())).await
    }

    async fn start(parts: Vec<Part>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, events) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (parts, tls, tell) = (parts.clone(), tls.clone(), tell.clone());
                let _ = tell.send(Event::Connected);
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &parts, &tell).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &parts, &tell).await;
                            }
                        }
                    }
                    let _ = tell.send(Event::Ended);
                });
            }
        });
        Self { address, events }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What happened since the last time, without waiting.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// The next thing that happens.
    pub(crate) async fn next(&mut self) -> Event {
        self.events.recv().await.unwrap()
    }
}

/// The head of an answer with a body of `length` bytes, and the beginning of that.
pub(crate) fn answer(status: &str, length: usize, begun: &str) -> Part {
    Part::Say(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{begun}"))
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    parts: &[Part],
    tell: &UnboundedSender<Event>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let _ = tell.send(Event::Asked(String::from_utf8(head).unwrap()));
    for part in parts {
        match part {
            Part::Say(text) => drop(stream.write_all(text.as_bytes()).await),
            Part::Flood(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
            Part::Wait => while stream.read_u8().await.is_ok() {},
        }
    }
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
    // Else the system could take back what the other side has not read yet.
    while stream.read_u8().await.is_ok() {}
}

/// A certificate for a name, of an authority of its own.
pub(crate) struct Identity {
    root: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn of(name: &str) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let named = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = named.signed_by(&key, &root).unwrap();
        Self {
            root: AsRef::<rcgen::Certificate>::as_ref(&root).der().to_vec(),
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        }
    }

    /// What believes it.
    pub(crate) fn roots(&self) -> Roots {
        Roots::These(vec![self.root.clone()])
    }

    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificate = CertificateDer::from(self.certificate.clone());
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Says for every name these addresses, one list after another and the last one for ever.
pub(crate) struct Names {
    lists: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn saying(lists: &[&[&str]]) -> Arc<Self> {
        let parsed = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { lists: lists.iter().map(parsed).collect(), asked: AtomicUsize::new(0) })
    }

    /// How often a name was looked up.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, _name: &str) -> std::io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.lists[turn.min(self.lists.len() - 1)].clone())
    }
}
