//! Durable publishing: many at once against the disk's rate, one at a time against its latency.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::load::{BATCH, PAYLOAD};
use crate::table::{median, percentile};

use super::floor::{Floor, PAGE};
use super::place::Place;
use super::process::Cpu;
use super::subject::{Subject, batches, in_turn, stored_bytes};

/// Rounds of the disk and of the broker by turns; medians are reported.
const ROUNDS: usize = 5;
/// Batches of a round.
const MANY: usize = 4_096;
/// Groups that the bare disk writes in a round.
const GROUPS: usize = 1_024;
/// Messages of a round that are published one at a time.
const SINGLES: usize = 2_000;

pub(crate) fn report() -> anyhow::Result<()> {
    let mut floor = Floor::new()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!("### Batches of {BATCH}, {PAYLOAD} bytes each message, answered once synced\n");
    println!("CPU: the whole process. The publishers hand over batches built beforehand.\n");
    println!(
        "| publishes in flight | messages/s | MB/s payload | MB/s log | of the disk's 256 KiB \
         writes (≥ 70 %) | CPU µs/message | of it writer | checkpoints |\n|---|---|---|---|---|---|---|---|"
    );
    for tasks in [1, 8, 16, 64] {
        let rounds: Result<Vec<Many>, _> =
            (0..ROUNDS).map(|_| Many::measure(&runtime, &mut floor, tasks)).collect();
        Many::print(tasks, &rounds?);
    }
    println!("\n### One message of {PAYLOAD} bytes at a time\n");
    println!("| | p50 µs | p99 µs | max µs |\n|---|---|---|---|");
    singles(&runtime, &mut floor)?;
    println!();
    Ok(())
}

/// A round of the bare disk, and one of publishing.
struct Many {
    floor: f64,
    messages: f64,
    log_bytes: f64,
    cpu: Cpu,
}

impl Many {
    fn measure(runtime: &Runtime, floor: &mut Floor, tasks: usize) -> anyhow::Result<Self> {
        let batches = batches(BATCH)?;
        let bytes = stored_bytes(&batches[0]) * MANY as u64;
        let place = Place::new(bytes)?;
        let before = floor.rate(GROUPS / 2)?;
        let (subject, _) = Subject::open(&place)?;
        subject.care()?;
        let subject = Arc::new(subject);
        let (start, cpu) = (Instant::now(), Cpu::now()?);
        runtime.block_on(subject.publish_all(in_turn(&batches), MANY, tasks))?;
        let (took, cpu) = (start.elapsed().as_secs_f64(), Cpu::now()?.since(cpu));
        runtime.block_on(subject.close())?;
        let floor = (before + floor.rate(GROUPS / 2)?) / 2.0;
        let messages = (MANY * BATCH) as f64 / took;
        Ok(Self { floor, messages, log_bytes: bytes as f64 / took, cpu })
    }

    fn print(tasks: usize, rounds: &[Self]) {
        let of = |figure: &dyn Fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        let each = |time: Duration| time.as_secs_f64() * 1e6 / (MANY * BATCH) as f64;
        println!(
            "| {tasks} | {:.0} | {:.0} | {:.0} | {:.0} % of {:.0} MB/s | {:.2} | {:.2} | {:.2} |",
            of(&|one| one.messages),
            of(&|one| one.messages * PAYLOAD as f64 / 1e6),
            of(&|one| one.log_bytes / 1e6),
            of(&|one| one.log_bytes / one.floor * 100.0),
            of(&|one| one.floor / 1e6),
            of(&|one| each(one.cpu.all)),
            of(&|one| each(one.cpu.writer)),
            of(&|one| each(one.cpu.care)),
        );
    }
}

fn singles(runtime: &Runtime, floor: &mut Floor) -> anyhow::Result<()> {
    let place = Place::new(1 << 30)?;
    let (subject, _) = Subject::open(&place)?;
    let subject = Arc::new(subject);
    let (mut bare, mut durable) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(floor.round(PAGE, SINGLES)?);
        durable.push(runtime.block_on(one_at_a_time(Arc::clone(&subject), SINGLES))?);
    }
    let of = |rounds: &[Vec<Duration>], share| {
        median(rounds.iter().map(|times| percentile(times, share)).collect())
    };
    let row = |name: &str, rounds: &[Vec<Duration>]| {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| of(rounds, share));
        println!("| {name} | {p50:.1} | {p99:.1} | {max:.0} |");
    };
    row("the disk: 4 KiB write + fdatasync", &bare);
    row("publish, until the answer", &durable);
    let ratio = |share| of(&durable, share) / of(&bare, share);
    println!("| ratio (p50 ≤ 1.3) | {:.2} | {:.2} | |", ratio(0.5), ratio(0.99));
    runtime.block_on(subject.close())
}

/// Sorted times from the publish to its answer.
async fn one_at_a_time(subject: Arc<Subject>, number: usize) -> anyhow::Result<Vec<Duration>> {
    let batches = batches(1)?;
    // Where a host's publishers are: on a worker of the runtime.
    let publishing = tokio::spawn(async move {
        let mut times = Vec::with_capacity(number);
        for i in 0..number {
            let start = Instant::now();
            subject.publish(batches[i % batches.len()].clone()).await?;
            times.push(start.elapsed());
        }
        anyhow::Ok(times)
    });
    let mut times = publishing.await??;
    times.sort_unstable();
    Ok(times)
}
