//! Durable publishing side by side: Millstream over HTTP, Kafka, Redis Streams, RabbitMQ, NATS
//! JetStream and the disk itself.
//!
//! `make bench-peers` builds all of it and runs it; `… -- kafka millstream` measures only those.
//! Messages of 200 bytes go over loopback and count once they are acknowledged, which every broker
//! is set to do only after they are on disk. In each round all take a turn, so that a slow spell of
//! the machine meets them all. Nothing here asserts: a number is read by people, with the machine it
//! was taken on.

mod contender;
mod disk;
mod http;
mod jetstream;
mod kafka;
mod machine;
mod measure;
mod millstream;
mod payload;
mod peer;
mod process;
mod rabbitmq;
mod redis_streams;
mod report;
mod server;

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::contender::Contender;
use crate::measure::measure;

/// Measures durable publishing of brokers side by side.
#[derive(Parser)]
struct Arguments {
    /// Who takes part; all unless said.
    #[arg(value_parser = contender::names())]
    names: Vec<String>,
    /// Where all of them keep their files. What fdatasync costs depends on it.
    #[arg(long, default_value = "target/bench-peers")]
    dir: PathBuf,
    /// Rounds that count; one goes before, to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of a round with many messages in flight.
    #[arg(long, default_value = "4", value_parser = seconds)]
    flood: Duration,
    /// Seconds of a round with one message at a time.
    #[arg(long, default_value = "2", value_parser = seconds)]
    singles: Duration,
    #[command(flatten)]
    millstream: millstream::Options,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether Millstream, if it was asked for, could be measured.
fn run(arguments: Arguments) -> anyhow::Result<bool> {
    std::fs::create_dir_all(&arguments.dir)
        .with_context(|| format!("cannot make the folder {}", arguments.dir.display()))?;
    let _alone = lock(&arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // What runs is dropped on a signal, and the servers end with it.
    runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            _ = interrupt.recv() => anyhow::bail!("interrupted"),
            _ = terminate.recv() => anyhow::bail!("told to stop"),
            done = side_by_side(&arguments) => done,
        }
    })
}

/// Two runs in one folder would stop each other's servers.
fn lock(arguments: &Arguments) -> anyhow::Result<File> {
    let path = arguments.dir.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.try_lock().with_context(|| format!("another run uses {}", arguments.dir.display()))?;
    Ok(file)
}

async fn side_by_side(arguments: &Arguments) -> anyhow::Result<bool> {
    let machine = machine::describe(&arguments.dir)?;
    let mut contenders = Vec::new();
    for entry in contender::entries(&arguments.millstream)? {
        if arguments.names.is_empty() || arguments.names.iter().any(|name| name == entry.name) {
            contenders.push(Contender::enter(entry, &arguments.dir).await);
        }
    }
    // The first round warms up: machines that compile while they run, pools, page tables.
    for round in 0..=arguments.rounds {
        for at in 0..contenders.len() {
            measure(&mut contenders, at, arguments.flood, arguments.singles, round > 0).await?;
        }
    }
    println!("{machine}\n{}", report::table(&contenders));
    let mut ours = contenders.iter().filter(|one| one.entry.name == millstream::NAME);
    Ok(ours.all(|one| one.state.is_ok()))
}
