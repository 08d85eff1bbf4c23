//! Who is measured: the list, and where each of them stands.

use std::path::Path;

use futures::future::BoxFuture;

use crate::measure::Round;
use crate::peer::Peer;
use crate::server::{Script, Server};
use crate::{disk, jetstream, kafka, millstream, rabbitmq, redis_streams};

/// How one contender is started and reached.
pub(crate) struct Entry {
    /// As an argument of the program.
    pub(crate) name: &'static str,
    /// As a row of the table.
    pub(crate) label: String,
    /// What makes it acknowledge only what is on disk, and how many are in flight.
    pub(crate) settings: String,
    /// The server it needs; the disk needs none.
    pub(crate) script: Option<Script>,
    /// Connects to the server's URL, or to a folder where there is no server.
    pub(crate) connect: Connect,
}

pub(crate) type Connect = Box<dyn Fn(String) -> BoxFuture<'static, anyhow::Result<Box<dyn Peer>>>>;

/// One row of the table.
pub(crate) struct Contender {
    pub(crate) entry: Entry,
    /// Why it could not be measured, to the end of the run.
    pub(crate) state: anyhow::Result<Running>,
    /// The rounds that count.
    pub(crate) rounds: Vec<Round>,
}

/// A contender that can be measured. The client goes before its server.
pub(crate) struct Running {
    pub(crate) peer: Box<dyn Peer>,
    pub(crate) server: Option<Server>,
}

impl Contender {
    /// Starts it under `dir`; what fails is kept as the reason why it is skipped.
    pub(crate) async fn enter(entry: Entry, dir: &Path) -> Self {
        eprintln!("starting {}", entry.label);
        let state = start(&entry, dir).await;
        if let Err(error) = &state {
            eprintln!("{} is skipped: {error:#}", entry.label);
        }
        Self { entry, state, rounds: Vec::new() }
    }
}

async fn start(entry: &Entry, dir: &Path) -> anyhow::Result<Running> {
    let server = entry.script.as_ref().map(|script| Server::start(script, dir)).transpose()?;
    let place = server.as_ref().map_or_else(|| dir.display().to_string(), |one| one.url.clone());
    Ok(Running { peer: (entry.connect)(place).await?, server })
}

/// In the order of the table. The first of Millstream's and the first of the disk's are what the
/// others are compared with.
///
/// # Errors
/// When the path of Millstream's binary is no text.
pub(crate) fn entries(options: &millstream::Options) -> anyhow::Result<Vec<Entry>> {
    let mut entries = millstream::entries(options)?;
    entries.extend(kafka::entries());
    entries.extend([redis_streams::entry(), rabbitmq::entry(), jetstream::entry()]);
    entries.extend(disk::entries());
    Ok(entries)
}

/// What may be asked for.
pub(crate) fn names() -> [&'static str; 6] {
    [
        millstream::NAME,
        kafka::NAME,
        redis_streams::NAME,
        rabbitmq::NAME,
        jetstream::NAME,
        disk::NAME,
    ]
}
