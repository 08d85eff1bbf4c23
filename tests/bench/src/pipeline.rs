//! A whole pipeline in memory: a publisher, a plugin, a topic, a consumer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use millstream_message::TopicId;
use millstream_pipeline::parse;
use millstream_queue::Publication;
use millstream_runner::{Changes, Launch, Running, open};
use tokio::runtime::Builder;

use crate::host;
use crate::load::{self, BATCH};
use crate::table::median;

/// Interleaved rounds; the median is reported.
const ROUNDS: usize = 7;
/// Messages of one round.
const MESSAGES: usize = 1 << 20;

pub(crate) fn report() -> anyhow::Result<()> {
    let handlers = ["plugin: echo", "sink: { pass_through: {} }"];
    let mut rates = handlers.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (handler, rates) in handlers.iter().zip(&mut rates) {
            rates.push(round(handler)?);
        }
    }
    let [plugin, pass_through] = rates.map(median);
    println!("| handler | messages/s | ns/message | ratio |\n|---|---|---|---|");
    for (name, rate) in [("pass_through, built in", pass_through), ("echo plugin", plugin)] {
        let ratio = rate / pass_through;
        println!("| {name} | {rate:.0} | {:.0} | {ratio:.2} |", 1e9 / rate);
    }
    println!();
    Ok(())
}

/// Messages per second from the first publish until the consumer has settled the last.
fn round(handler: &str) -> anyhow::Result<f64> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let running = start(handler).await?;
        let broker = running.broker();
        let start = Instant::now();
        for serial in 0..(MESSAGES / BATCH) as u64 {
            let batch = load::batch(BATCH, serial)?;
            broker.publish(TopicId(0), Publication::now(batch)).await?;
        }
        broker.quiet().await;
        let rate = MESSAGES as f64 / start.elapsed().as_secs_f64();
        let report = running.shutdown(Duration::from_secs(5)).await;
        anyhow::ensure!(
            report.subscriptions[1].handled == MESSAGES as u64,
            "not all was handled: {report:?}"
        );
        Ok(rate)
    })
}

/// A pipeline of three topics whose first subscription has `handler`. The last topic is read by
/// nobody and keeps nothing, so that the consumer only takes and settles.
pub(crate) async fn start(handler: &str) -> anyhow::Result<Running> {
    start_with(handler, "config: {}").await
}

/// The same, with what the plugin `echo` is told beside its source.
pub(crate) async fn start_with(handler: &str, told: &str) -> anyhow::Result<Running> {
    let text = format!(
        "pipeline: bench\n\
         topics:\n  in: {{ kind: event, max_messages: 16384 }}\n  out: {{ kind: command, max_messages: 16384 }}\n  \
         end: {{ kind: event }}\n  dead: {{ kind: dead_letter }}\n\
         plugins:\n  echo: {{ source: echo.wasm, {told} }}\n\
         subscriptions:\n  \
         first: {{ topic: in, {handler}, output: out, dead_letter: dead }}\n  \
         second: {{ topic: out, sink: {{ pass_through: {{}} }}, output: end, dead_letter: dead }}\n"
    );
    let checked = parse(&text, "bench.yaml", Path::new("."), &|_| None).check(&BTreeMap::new());
    let plan = checked
        .plan
        .with_context(|| format!("the bench pipeline is wrong: {:?}", checked.findings))?;
    let components: BTreeMap<String, Bytes> = [("echo".to_owned(), load::guest("echo")?)].into();
    let host = host::start(None)?;
    Ok(open(Launch {
        plan: Arc::new(plan),
        components,
        host,
        text: String::new(),
        changes: Changes::default(),
    })
    .await?
    .start())
}
