//! One message at a time: from the publish until it is handled and settled.

use std::time::{Duration, Instant};

use millstream_message::TopicId;
use millstream_queue::Publication;
use tokio::runtime::Builder;

use crate::load;
use crate::pipeline::start;
use crate::table::percentile;

const MESSAGES: usize = 20_000;
/// Messages that go before and are not counted.
const WARM_UP: usize = 2_000;

pub(crate) fn report() -> anyhow::Result<()> {
    println!("| handler | p50 µs | p99 µs |\n|---|---|---|");
    for (name, handler) in
        [("pass_through, built in", "sink: { pass_through: {} }"), ("echo plugin", "plugin: echo")]
    {
        let times = times(handler)?;
        println!("| {name} | {:.1} | {:.1} |", percentile(&times, 0.5), percentile(&times, 0.99));
    }
    println!();
    Ok(())
}

/// Sorted times until the message was handled by the first subscription and its output by the
/// second.
fn times(handler: &str) -> anyhow::Result<Vec<Duration>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let running = start(handler).await?;
        let broker = running.broker();
        let mut times = Vec::with_capacity(MESSAGES);
        for serial in 0..(MESSAGES + WARM_UP) as u64 {
            let batch = load::batch(1, serial)?;
            let published = Instant::now();
            broker.publish(TopicId(0), Publication::now(batch)).await?;
            broker.quiet().await;
            times.push(published.elapsed());
        }
        times.drain(..WARM_UP);
        times.sort_unstable();
        running.shutdown(Duration::from_secs(5)).await;
        Ok(times)
    })
}
