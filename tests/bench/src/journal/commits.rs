//! What a commit waits while a checkpoint is made beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use millstream_message::Batch;
use tokio::runtime::{Builder, Runtime};

use crate::table::{median, percentile};

use super::place::Place;
use super::subject::{Subject, batches, in_turn};

/// Messages that wait, published one by one: a checkpoint has a place for each.
const BACKLOG: usize = 2 << 20;
/// More than they take.
const BYTES: u64 = 4 << 30;
/// Rounds without and with checkpoints by turns; medians are reported.
const ROUNDS: usize = 5;
/// Checkpoints of a round, one after the other.
const CHECKPOINTS: usize = 3;
/// Commits of a round without any.
const COMMITS: usize = 4_000;

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let place = Place::new(BYTES)?;
    let subject = Arc::new(Subject::open(&place)?.0);
    let batches = batches(1)?;
    let backlog = super::backlog(BACKLOG)?;
    runtime.block_on(subject.publish_all(in_turn(&batches), backlog, 256))?;
    // What follows begins with a checkpoint of the backlog, so that each is of the same size.
    runtime.block_on(subject.broker.compact())?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(alone(&runtime, &subject, &batches)?);
        with.push(beside(&runtime, &subject, &batches)?);
    }
    runtime.block_on(subject.close())?;
    println!("### A commit beside checkpoints, {backlog} messages wait, published one by one\n");
    println!("| one message at a time | p50 µs | p99 µs | max µs |\n|---|---|---|---|");
    let of = |rounds: &[Vec<Duration>], share| {
        median(rounds.iter().map(|times| percentile(times, share)).collect())
    };
    for (name, rounds) in [("no checkpoint", &without), ("checkpoints all the time", &with)] {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| of(rounds, share));
        println!("| {name} | {p50:.0} | {p99:.0} | {max:.0} |");
    }
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| of(&with, share) - of(&without, share));
    println!("| delay (≤ 10,000) | {p50:.0} | {p99:.0} | {max:.0} |\n");
    Ok(())
}

/// Sorted times of commits with nothing beside them.
fn alone(
    runtime: &Runtime,
    subject: &Arc<Subject>,
    batches: &Arc<[Batch]>,
) -> anyhow::Result<Vec<Duration>> {
    let mut left = 0..COMMITS;
    let more = move || left.next().is_some();
    runtime.block_on(commits(Arc::clone(subject), Arc::clone(batches), more))
}

/// Sorted times of commits while checkpoints are made.
fn beside(
    runtime: &Runtime,
    subject: &Arc<Subject>,
    batches: &Arc<[Batch]>,
) -> anyhow::Result<Vec<Duration>> {
    let made = Arc::new(AtomicBool::new(false));
    let (broker, end, handle) =
        (Arc::clone(&subject.broker), Arc::clone(&made), runtime.handle().clone());
    // On a thread of its own, as a host has it.
    let making = std::thread::spawn(move || {
        let all = (0..CHECKPOINTS).try_for_each(|_| handle.block_on(broker.compact()));
        end.store(true, Ordering::Relaxed);
        all
    });
    let more = move || !made.load(Ordering::Relaxed);
    let times = runtime.block_on(commits(Arc::clone(subject), Arc::clone(batches), more))?;
    making.join().ok().context("making checkpoints panicked")??;
    Ok(times)
}

async fn commits(
    subject: Arc<Subject>,
    batches: Arc<[Batch]>,
    mut more: impl FnMut() -> bool + Send + 'static,
) -> anyhow::Result<Vec<Duration>> {
    let publishing = tokio::spawn(async move {
        let mut times = Vec::new();
        while more() {
            let start = Instant::now();
            subject.publish(batches[times.len() % batches.len()].clone()).await?;
            times.push(start.elapsed());
        }
        anyhow::Ok(times)
    });
    let mut times = publishing.await??;
    times.sort_unstable();
    Ok(times)
}
