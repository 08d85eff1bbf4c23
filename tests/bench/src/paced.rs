//! 5,000 messages a second, evenly: from the publish until the echo plugin has handled the message
//! and its output is visible, in this process and over HTTP.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use millstream_message::{BatchBuilder, MessageId, TopicId};
use millstream_queue::{Publication, Tap};
use millstream_runner::DeadLetters;
use millstream_server::{App, serve};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::load;
use crate::pipeline::start;
use crate::table::percentile;

const PER_SECOND: u32 = 5_000;
const MESSAGES: usize = 25_000;
/// Messages that go before and are not counted.
const WARM_UP: usize = 5_000;
/// Requests that may be under way at once.
const REQUESTS_MAX: usize = 4;
const IN: TopicId = TopicId(0);
const OUT: TopicId = TopicId(1);

pub(crate) fn report() -> anyhow::Result<()> {
    println!("| echo plugin, {PER_SECOND}/s | p50 µs | p99 µs |\n|---|---|---|");
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    for (name, times) in
        [("in process", runtime.block_on(in_process())?), ("over HTTP", runtime.block_on(http())?)]
    {
        println!("| {name} | {:.1} | {:.1} |", percentile(&times, 0.5), percentile(&times, 0.99));
    }
    println!();
    Ok(())
}

async fn in_process() -> anyhow::Result<Vec<Duration>> {
    let running = start("plugin: echo").await?;
    let broker = running.broker();
    let journeys = Journeys::watch(broker.tap(OUT).context("no topic to watch")?);
    let mut pace = Pace::new();
    for serial in 0..MESSAGES + WARM_UP {
        pace.next().await;
        let mut batch = BatchBuilder::with_capacity(1, load::PAYLOAD);
        let now = broker.now().wall_ms;
        batch.push(MessageId::published(now, serial as u128), now, None, [], &payload(serial))?;
        journeys.begin(serial)?;
        broker.publish(IN, Publication::now(batch.build())).await?;
    }
    let times = journeys.times().await?;
    running.shutdown(Duration::from_secs(5)).await;
    Ok(times)
}

/// A message's time begins when its request is sent.
async fn http() -> anyhow::Result<Vec<Duration>> {
    let running = start("plugin: echo").await?;
    let broker = running.broker();
    let journeys = Journeys::watch(broker.tap(OUT).context("no topic to watch")?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1/topics/in/messages", listener.local_addr()?);
    let stop = CancellationToken::new();
    let app = App {
        dead_letters: DeadLetters::new(Arc::clone(&broker), running.wirings()),
        monitor: running.monitor(),
        wirings: running.wirings(),
        broker,
        random: rand::random::<u128>,
        swaps: running.swaps(),
        pipelines: None,
        version: "bench",
    };
    let server = tokio::spawn(serve(listener, app, stop.clone()));
    // Nothing is encrypted here; the client asks by which cryptography all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([]).build()?;
    let turns = Arc::new(tokio::sync::Semaphore::new(REQUESTS_MAX));
    let mut pace = Pace::new();
    for serial in 0..MESSAGES + WARM_UP {
        pace.next().await;
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let request = client.post(&url).body(payload(serial));
        journeys.begin(serial)?;
        tokio::spawn(async move {
            // What was not accepted never arrives: the wait for all journeys then says so.
            let _ = request.send().await;
            drop(turn);
        });
    }
    let times = journeys.times().await?;
    stop.cancel();
    server.await??;
    running.shutdown(Duration::from_secs(5)).await;
    Ok(times)
}

/// 200 bytes that begin with the message's number, which the echo hands back.
fn payload(serial: usize) -> Vec<u8> {
    let mut payload = format!("{serial:010}").into_bytes();
    payload.resize(load::PAYLOAD, b'x');
    payload
}

/// When each message set out, and how long it took.
struct Journeys {
    begun: Arc<Mutex<Vec<Instant>>>,
    watcher: JoinHandle<anyhow::Result<Vec<Duration>>>,
}

impl Journeys {
    fn watch(mut tap: Tap) -> Self {
        let begun = Arc::new(Mutex::new(Vec::with_capacity(MESSAGES + WARM_UP)));
        let starts: Arc<Mutex<Vec<Instant>>> = Arc::clone(&begun);
        let watcher = tokio::spawn(async move {
            let mut times = Vec::with_capacity(MESSAGES + WARM_UP);
            while times.len() < MESSAGES + WARM_UP {
                let run = tap.recv().await?;
                let seen = Instant::now();
                for message in &run.batch {
                    let serial: usize = std::str::from_utf8(&message.payload()[..10])?.parse()?;
                    let begun = starts.lock().ok().and_then(|begun| begun.get(serial).copied());
                    times.push((serial, seen - begun.context("a message nobody sent")?));
                }
            }
            times.retain(|(serial, _)| *serial >= WARM_UP);
            let mut times: Vec<Duration> = times.into_iter().map(|(_, time)| time).collect();
            times.sort_unstable();
            Ok(times)
        });
        Self { begun, watcher }
    }

    /// Messages set out in the order of their numbers.
    fn begin(&self, serial: usize) -> anyhow::Result<()> {
        let mut begun = self.begun.lock().ok().context("the watcher panicked")?;
        anyhow::ensure!(begun.len() == serial, "message {serial} is out of turn");
        begun.push(Instant::now());
        Ok(())
    }

    async fn times(self) -> anyhow::Result<Vec<Duration>> {
        let all = tokio::time::timeout(Duration::from_secs(30), self.watcher);
        all.await.context("not every message arrived")??
    }
}

/// Evenly spaced moments. Timers are a millisecond coarse, so it keeps asking the clock.
struct Pace {
    start: Instant,
    messages: u32,
}

impl Pace {
    fn new() -> Self {
        Self { start: Instant::now(), messages: 0 }
    }

    async fn next(&mut self) {
        let due = self.start + Duration::from_secs(1) / PER_SECOND * self.messages;
        self.messages += 1;
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
    }
}
