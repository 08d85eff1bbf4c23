//! The queue alone: publish, lease and settle, without a plugin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_message::{
    Batch, Failure, FailureKind, Settlement, SubscriptionId, TopicId, Verdict, Verdicts,
};
use millstream_queue::{
    Broker, EmbeddedBroker, Exhausted, Handler, LeaseRequest, Ordering, Publication,
    SubscriptionRules, SystemClock, TopicKind, TopicRules,
};
use tokio::runtime::{Builder, Runtime};

use crate::load::{self, BATCH};
use crate::table::median;

/// Interleaved pairs of rounds; medians are reported.
const PAIRS: usize = 15;
/// Batches of one round.
const ROUND: usize = 2_000;
/// Keys under `ordering: key`.
const KEYS: usize = 10_000;
const TOPIC: TopicId = TopicId(0);
const READER: SubscriptionId = SubscriptionId(0);

pub(crate) fn report() -> anyhow::Result<()> {
    println!("| batches of 256, 200 bytes | ns/message |\n|---|---|");
    let batches = Batches::new()?;
    for (name, ordering) in [("ordering none", Ordering::None), ("ordering key", Ordering::Key)] {
        let queue = Queue::new(1, ordering)?;
        queue.round(&batches)?;
        let rounds: Result<Vec<f64>, _> = (0..PAIRS).map(|_| queue.round(&batches)).collect();
        println!("| {name}, {KEYS} keys | {:.1} |", median(rounds?));
    }
    println!("\n| flat? | ns/message | against | ratio |\n|---|---|---|---|");
    for (name, ordering) in [("order by key", Ordering::Key), ("no order", Ordering::None)] {
        compare(&format!("1,000 topics, {name}"), 1_000, 0, ordering, &batches)?;
        compare(&format!("10 million waiting, {name}"), 1, 10_000_000, ordering, &batches)?;
    }
    let parked = Queue::new(1, Ordering::None)?;
    parked.park(100_000)?;
    let empty = Queue::new(1, Ordering::None)?;
    pair("100,000 parked, no order", &parked, &empty, &batches)?;
    println!();
    Ok(())
}

/// A queue with this many topics and this backlog against one with one topic and none.
fn compare(
    name: &str,
    topics: usize,
    backlog: usize,
    ordering: Ordering,
    batches: &Batches,
) -> anyhow::Result<()> {
    let queue = Queue::new(topics, ordering)?;
    queue.fill(batches, backlog)?;
    pair(name, &queue, &Queue::new(1, ordering)?, batches)
}

/// The median of the ratios of interleaved pairs of rounds.
fn pair(name: &str, queue: &Queue, plain: &Queue, batches: &Batches) -> anyhow::Result<()> {
    let (mut times, mut plain_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let (plain_time, time) = (plain.round(batches)?, queue.round(batches)?);
        ratios.push(time / plain_time);
        times.push(time);
        plain_times.push(plain_time);
    }
    let (time, plain_time) = (median(times), median(plain_times));
    println!("| {name} | {time:.1} | {plain_time:.1} | {:.2} |", median(ratios));
    Ok(())
}

/// Batches that are published over and over: the publisher's own work is not what is measured.
struct Batches(Vec<Batch>);

impl Batches {
    fn new() -> anyhow::Result<Self> {
        let key = |i: usize| format!("customer-{}", i % KEYS);
        let batch = |n: usize| load::batch_of((0..BATCH).map(|i| key(n * BATCH + i)), n as u64);
        Ok(Self((0..64).map(batch).collect::<Result<_, _>>()?))
    }
}

/// A broker and one worker.
struct Queue {
    broker: EmbeddedBroker,
    runtime: Runtime,
    request: LeaseRequest,
}

impl Queue {
    /// `topics` topics with a subscription each, beside one for dead letters.
    fn new(topics: usize, ordering: Ordering) -> anyhow::Result<Self> {
        let topic = |name: String, kind| TopicRules {
            max_messages: 100_000_000,
            max_bytes: 1 << 50,
            ..TopicRules::new(&name, kind)
        };
        let rules = (0..topics).map(|i| topic(format!("t{i}"), TopicKind::Event));
        let rules = rules.chain([topic("dead".to_owned(), TopicKind::DeadLetter)]).collect();
        let subscription = |i: usize| SubscriptionRules {
            ordering,
            max_parked: 1_000_000,
            exhausted: Exhausted::DeadLetter(TopicId(topics as u32)),
            ..SubscriptionRules::new(&format!("s{i}"), TopicId(i as u32), "t")
        };
        let subscriptions = (0..topics).map(subscription).collect();
        let broker =
            EmbeddedBroker::memory(rules, subscriptions, Arc::new(SystemClock::start()), || 7);
        let handler = Arc::new(Handler { name: "bench".to_owned(), digest: String::new() });
        let request = LeaseRequest {
            subscription: READER,
            generation: 1,
            keys: None,
            messages_max: BATCH as u32,
            handler,
        };
        Ok(Self { broker, runtime: Builder::new_current_thread().enable_all().build()?, request })
    }

    /// Nanoseconds per message of publish, lease and settle.
    fn round(&self, batches: &Batches) -> anyhow::Result<f64> {
        self.runtime.block_on(async {
            let start = Instant::now();
            for i in 0..ROUND {
                let batch = batches.0[i % batches.0.len()].clone();
                self.broker.publish(TOPIC, Publication::now(batch)).await?;
                let delivery = self.broker.lease(self.request.clone()).await?;
                self.broker.settle(delivery, Settlement::all_handled()).await?;
            }
            Ok(start.elapsed().as_nanos() as f64 / (ROUND * BATCH) as f64)
        })
    }

    fn fill(&self, batches: &Batches, messages: usize) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            for i in 0..messages / BATCH {
                let batch = batches.0[i % batches.0.len()].clone();
                self.broker.publish(TOPIC, Publication::now(batch)).await?;
            }
            Ok(())
        })
    }

    /// Parks messages for longer than the benchmark runs.
    fn park(&self, messages: usize) -> anyhow::Result<()> {
        const DELAY_MS: u32 = 24 * 60 * 60 * 1_000;
        self.runtime.block_on(async {
            for serial in 0..messages.div_ceil(BATCH) as u64 {
                let batch = load::batch(BATCH, 1 << 40 | serial)?;
                self.broker.publish(TOPIC, Publication::now(batch)).await?;
                let delivery = self.broker.lease(self.request.clone()).await?;
                let failure = Failure::new(FailureKind::Retry, "later");
                let verdict = Verdict::Failed { failure, delay_ms: DELAY_MS };
                let verdicts = Verdicts::Each(vec![verdict; BATCH]);
                let settlement = Settlement { verdicts, outputs: Vec::new() };
                self.broker.settle(delivery, settlement).await?;
            }
            Ok(())
        })
    }
}

/// Batches of one: how many steps the core makes, and what a broker reaches with workers that do
/// nothing.
pub(crate) fn report_ones() -> anyhow::Result<()> {
    println!("| batches of one | messages/s | steps/s |\n|---|---|---|");
    let rounds: Result<Vec<f64>, _> = (0..PAIRS).map(|_| core_round()).collect();
    let rate = median(rounds?);
    println!("| the core's steps alone | {rate:.0} | {:.0} |", rate * 3.0);
    for workers in [1, 2, 4] {
        let rounds: Result<Vec<f64>, _> = (0..5).map(|_| workers_round(workers)).collect();
        let rate = median(rounds?);
        println!("| broker, a publisher and {workers} workers | {rate:.0} | {:.0} |", rate * 3.0);
    }
    println!();
    Ok(())
}

/// Messages per second of publish, lease and settle as bare steps.
fn core_round() -> anyhow::Result<f64> {
    use millstream_queue::core::{Answer, Core, Event};
    use millstream_queue::{Clock, Fates, Judged};
    const MESSAGES: usize = 200_000;
    let queue = Queue::new(1, Ordering::None)?;
    let topics = vec![TopicRules::new("t", TopicKind::Event)];
    let mut core = Core::new(topics, vec![SubscriptionRules::new("s", TOPIC, "t")]);
    let clock = SystemClock::start();
    let batch = load::batch(1, 0)?;
    let publications: Vec<_> = (0..MESSAGES).map(|_| Publication::now(batch.clone())).collect();
    let start = Instant::now();
    for publication in publications {
        core.step(Event::Publish(TOPIC, publication), clock.now());
        let (answer, _) = core.step(Event::Lease(queue.request.clone()), clock.now());
        let Answer::Granted(grant) = answer else { anyhow::bail!("nothing was leased") };
        let judged = Judged { fates: Fates::AllHandled, ..Judged::given_back() };
        core.step(Event::Settle(grant.lease, Box::new(judged)), clock.now());
    }
    Ok(MESSAGES as f64 / start.elapsed().as_secs_f64())
}

/// Messages per second with one publisher and `workers` workers on all cores, one message at a
/// time.
fn workers_round(workers: usize) -> anyhow::Result<f64> {
    const MESSAGES: usize = 200_000;
    let Queue { broker, mut request, .. } = Queue::new(1, Ordering::None)?;
    request.messages_max = 1;
    let broker = Arc::new(broker);
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let batch = load::batch(1, 0)?;
    runtime.block_on(async {
        let start = Instant::now();
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                let (broker, request) = (Arc::clone(&broker), request.clone());
                tokio::spawn(async move {
                    while let Ok(delivery) = broker.lease(request.clone()).await {
                        // The only worker of the lease settles it.
                        let _ = broker.settle(delivery, Settlement::all_handled()).await;
                    }
                })
            })
            .collect();
        for _ in 0..MESSAGES {
            broker.publish(TOPIC, Publication::now(batch.clone())).await?;
        }
        broker.quiet().await;
        let elapsed: Duration = start.elapsed();
        workers.iter().for_each(tokio::task::JoinHandle::abort);
        Ok(MESSAGES as f64 / elapsed.as_secs_f64())
    })
}
