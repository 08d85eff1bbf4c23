//! One turn of one contender.

use std::time::{Duration, Instant};

use crate::contender::{Contender, Running};
use crate::process;

/// How long the brokers get to come to rest before a turn.
const REST_MAX: Duration = Duration::from_secs(10);
/// They are at rest when all of them together use less of a core than this…
const REST_SHARE: f64 = 0.1;
/// …for as long as this.
const REST_SPAN: Duration = Duration::from_millis(250);

/// What one turn showed.
pub(crate) struct Round {
    /// Many in flight: messages acknowledged per second.
    pub(crate) rate: f64,
    /// The broker's processor time for each of them, in microseconds. None of the disk.
    pub(crate) broker_us: Option<f64>,
    /// The same of this process, the client.
    pub(crate) client_us: f64,
    /// One at a time: milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// The share of the machine's processors that other processes used meanwhile.
    pub(crate) others: f64,
}

/// Gives the contender at place `at` its turn; a fault of its own takes it out of the run.
///
/// # Errors
/// When the machine does not tell its figures.
pub(crate) async fn measure(
    contenders: &mut [Contender],
    at: usize,
    flood: Duration,
    singles: Duration,
    counts: bool,
) -> anyhow::Result<()> {
    rest(contenders).await;
    let contender = &mut contenders[at];
    let Ok(running) = &mut contender.state else { return Ok(()) };
    eprintln!("{} {}", contender.entry.label, if counts { "" } else { "(warming up)" });
    match turn(running, flood, singles).await {
        Ok(round) if counts => contender.rounds.push(round),
        Ok(_) => {}
        Err(error) => {
            eprintln!("{} failed: {error:#}", contender.entry.label);
            contender.state = Err(error.context("failed while it was measured"));
        }
    }
    Ok(())
}

async fn turn(running: &mut Running, flood: Duration, singles: Duration) -> anyhow::Result<Round> {
    let (begun, start) = (Used::read(running)?, Instant::now());
    let messages = running.peer.flood(start + flood).await? as f64;
    let (rate, flooded) = (messages / start.elapsed().as_secs_f64(), Used::read(running)?);
    anyhow::ensure!(messages > 0.0, "no message was acknowledged");
    let times = one_by_one(running, singles).await?;
    let (wall, ended) = (start.elapsed(), Used::read(running)?);
    running.peer.clear().await?;
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let per_message = |time: Duration| time.as_secs_f64() * 1e6 / messages;
    Ok(Round {
        rate,
        broker_us: running.server.is_some().then(|| per_message(flooded.broker - begun.broker)),
        client_us: per_message(flooded.client - begun.client),
        p50: percentile(&times, 0.5),
        p99: percentile(&times, 0.99),
        others: ended.others_since(&begun).as_secs_f64() / (wall.as_secs_f64() * cores),
    })
}

/// Sorted times of single messages.
async fn one_by_one(running: &mut Running, span: Duration) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < span || times.is_empty() {
        let begun = Instant::now();
        running.peer.one().await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

/// Processor time used so far.
struct Used {
    broker: Duration,
    client: Duration,
    machine: Duration,
}

impl Used {
    fn read(running: &Running) -> anyhow::Result<Self> {
        let broker = running.server.as_ref().map(|server| server.cpu()).transpose()?;
        Ok(Self {
            broker: broker.unwrap_or_default(),
            client: process::own_cpu()?,
            machine: process::machine_cpu()?,
        })
    }

    /// What neither the broker nor its client used: the clocks differ by a tick or two.
    fn others_since(&self, then: &Self) -> Duration {
        let ours = (self.broker - then.broker) + (self.client - then.client);
        (self.machine - then.machine).saturating_sub(ours)
    }
}

/// Waits until no broker tidies up any more, and empties the disk's queue: nobody pays for what
/// another left behind. A broker that never rests is not waited for.
async fn rest(contenders: &[Contender]) {
    let servers = || contenders.iter().filter_map(|one| one.state.as_ref().ok()?.server.as_ref());
    let used = || servers().filter_map(|server| server.cpu().ok()).sum::<Duration>();
    rustix::fs::sync();
    let start = Instant::now();
    while start.elapsed() < REST_MAX {
        let before = used();
        tokio::time::sleep(REST_SPAN).await;
        if used().saturating_sub(before) < REST_SPAN.mul_f64(REST_SHARE) {
            break;
        }
    }
}

/// The time below which `share` of the sorted `times` lie, in milliseconds.
fn percentile(times: &[Duration], share: f64) -> f64 {
    let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
