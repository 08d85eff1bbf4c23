//! Opening everything a plan names, before anything starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use millstream_connectors::{
    FileSource, FileSourceRules, IfChanged, LineRules, ScheduleRules, ScheduleSource, Source,
    StdinSource,
};
use millstream_formats::{Condition, Cron, CronError, Format, MessageLimits, Pointer};
use millstream_message::SubscriptionId;
use millstream_pipeline::{
    Consumer as ConsumerPlan, Format as FormatPlan, Plan, PluginPlan, SourceConnector, SourcePlan,
    SubscriptionPlan,
};
use millstream_plugin_host::{Host, Inspection, LoadError, Plugin, PluginSettings};
use millstream_queue::{
    Broker, Clock, EmbeddedBroker, Handler, Named, Recovered, Rename, SystemClock,
};
use tokio_util::sync::CancellationToken;

use crate::broker;
use crate::consumer::{Consumer, PluginConsumer};
use crate::error::OpenError;
use crate::feed::{Feed, chunk_limits};
use crate::filter::Filter;
use crate::guests::GuestThreads;
use crate::health::Health;
use crate::monitor::Monitor;
use crate::pace::Pace;
use crate::report::SourceCounters;
use crate::routing::Routing;
use crate::rules;
use crate::running::{Parts, Running};
use crate::shared_sink::{SharedSink, sink_name};
use crate::worker::Worker;

/// A lease is renewed so often that one renewal may come late without ending it.
const RENEWALS_PER_DEADLINE: u32 = 3;

/// What it takes to open a pipeline.
pub struct Launch {
    /// The checked pipeline.
    pub plan: Arc<Plan>,
    /// The bytes of each plugin by its name in the plan.
    pub components: BTreeMap<String, Bytes>,
    /// Runs the guests.
    pub host: Host,
    /// The text of the pipeline file, which a journal keeps.
    pub text: String,
    /// What an older journal is told besides.
    pub changes: Changes,
}

/// What an older journal holds and the pipeline file does not name any more.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What may go although messages wait in it.
    pub drops: Vec<Named>,
    /// What has another name now.
    pub renames: Vec<Rename>,
}

/// A pipeline with every source, sink and plugin open, and nothing started.
pub struct Opened {
    pub(crate) parts: Parts,
    pub(crate) feeds: Vec<Feed>,
    pub(crate) workers: Vec<Worker>,
    recovered: Option<Recovered>,
}

/// Opens every source and sink of the plan, loads its plugins and lets each judge its
/// configuration. Starts nothing.
///
/// # Errors
/// The first thing that cannot be opened; all that was open is closed again.
pub async fn open(launch: Launch) -> Result<Opened, OpenError> {
    let threads = GuestThreads::start().map_err(OpenError::Threads)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (broker, recovered) = broker::open(&launch, &clock).await?;
    let broker = Arc::new(broker);
    let Launch { plan, components, host, .. } = launch;
    let stop = CancellationToken::new();
    let feeds = feeds(&plan, &broker, &clock, &stop)?;
    let sinks = sinks(&plan)?;
    let plugins = load(&plan, &components, &host).await?;
    let health: Vec<_> = plan.subscriptions.iter().map(|_| Arc::new(Health::default())).collect();
    let workers = workers(&plan, sinks, &plugins, &health, &broker, &stop).await?;
    let parts = Parts {
        broker,
        threads,
        stop,
        plugins: inspections(&plugins, &plan),
        monitor: Monitor::new(named(plugins, &plan), health),
        plan: Arc::clone(&plan),
        host,
    };
    Ok(Opened { parts, feeds, workers, recovered })
}

impl Opened {
    /// What the journal held; none where messages live in memory.
    #[must_use]
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Starts all of it.
    #[must_use]
    pub fn start(self) -> Running {
        Running::start(self)
    }
}

fn feeds(
    plan: &Plan,
    broker: &Arc<EmbeddedBroker>,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> Result<Vec<Feed>, OpenError> {
    let mut feeds = Vec::new();
    for one in &plan.sources {
        let topic = &plan.topics[one.topic];
        let Some(mut source) = open_source(one, topic.max_message, clock)? else { continue };
        if let Some(at) = broker.position(&one.name) {
            let resumed = source.resume(&at);
            resumed.map_err(|error| OpenError::Source { name: one.name.clone(), error })?;
        }
        feeds.push(Feed {
            name: one.name.clone(),
            source,
            topic: rules::topic_id(one.topic),
            broker: Arc::clone(broker) as Arc<dyn Broker>,
            counters: Arc::new(SourceCounters::default()),
            random: rand::random::<u128>,
            limits: chunk_limits(topic),
            stop: stop.clone(),
        });
    }
    Ok(feeds)
}

/// The open source; none for HTTP, which the server answers.
fn open_source(
    source: &SourcePlan,
    message_max: u64,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Box<dyn Source>>, OpenError> {
    let opened: Result<Box<dyn Source>, _> = match &source.connector {
        SourceConnector::Http { .. } => return Ok(None),
        SourceConnector::File { path, format, from_start } => {
            let lines = lines(source, *format, message_max);
            let if_changed = if *from_start { IfChanged::FromStart } else { IfChanged::Refuse };
            FileSource::open(FileSourceRules { path: path.clone(), lines, if_changed })
                .map(|source| Box::new(source) as _)
        }
        SourceConnector::Stdin { format } => {
            Ok(Box::new(StdinSource::open(lines(source, *format, message_max))) as _)
        }
        SourceConnector::Schedule { cron, payload, key, headers } => {
            let (payload, key, headers) = (payload.clone(), key.clone(), headers.clone());
            let rules = ScheduleRules {
                name: source.name.clone(),
                cron: read_cron(source, cron)?,
                payload,
                key,
                headers,
            };
            // The clock that stamps messages also says when they are due.
            let clock = Arc::clone(clock);
            ScheduleSource::open(rules, Arc::new(move || clock.now().wall_ms))
                .map(|source| Box::new(source) as _)
        }
    };
    opened.map(Some).map_err(|error| OpenError::Source { name: source.name.clone(), error })
}

fn read_cron(source: &SourcePlan, cron: &str) -> Result<Cron, OpenError> {
    cron.parse().map_err(|error: CronError| OpenError::Expression {
        place: format!("source `{}`: cron", source.name),
        error: error.to_string(),
    })
}

/// How the source's lines become messages. The plan has checked the pointer.
fn lines(source: &SourcePlan, format: FormatPlan, message_max: u64) -> LineRules {
    let payload_max = usize::try_from(message_max).unwrap_or(usize::MAX);
    LineRules {
        format: match format {
            FormatPlan::Ndjson => Format::Ndjson,
            FormatPlan::Lines => Format::Lines,
        },
        key_from: pointer(source.key_from.as_deref()),
        dedup_from: pointer(source.dedup_from.as_deref()),
        limits: MessageLimits { payload_max, ..MessageLimits::default() },
    }
}

fn pointer(text: Option<&str>) -> Option<Pointer> {
    text.and_then(|text| text.parse().ok())
}

/// The open sinks by the places of their subscriptions.
fn sinks(plan: &Plan) -> Result<BTreeMap<usize, SharedSink>, OpenError> {
    let mut sinks = BTreeMap::new();
    for (place, one) in plan.subscriptions.iter().enumerate() {
        if let ConsumerPlan::Sink(connector) = &one.consumer {
            let sink = SharedSink::open(connector, one, &plan.topics[one.topic].name);
            let sink = sink.map_err(|error| OpenError::Sink { name: one.name.clone(), error })?;
            sinks.insert(place, sink);
        }
    }
    Ok(sinks)
}

/// Loads the plugins that some subscription uses, in the order of the plan.
async fn load(
    plan: &Plan,
    components: &BTreeMap<String, Bytes>,
    host: &Host,
) -> Result<Vec<Plugin>, OpenError> {
    let mut plugins = Vec::with_capacity(plan.plugins.len());
    for one in &plan.plugins {
        let loaded = load_one(one, components, host).await;
        plugins.push(loaded.map_err(|error| OpenError::Load { name: one.name.clone(), error })?);
    }
    Ok(plugins)
}

/// Loads one plugin as the plan says.
pub(crate) async fn load_one(
    one: &PluginPlan,
    components: &BTreeMap<String, Bytes>,
    host: &Host,
) -> Result<Plugin, LoadError> {
    let bytes = components.get(&one.name).cloned().unwrap_or_default();
    let settings = PluginSettings {
        config: one.config.clone(),
        limits: rules::limits(&one.limits),
        grants: rules::grants(&one.grants).map_err(LoadError::Settings)?,
    };
    host.load(&one.name, bytes, settings).await
}

/// The workers of all subscriptions. The first of each has started its handler, so that a plugin
/// that refuses its configuration or traps at its start is known before anything runs.
async fn workers(
    plan: &Plan,
    mut sinks: BTreeMap<usize, SharedSink>,
    plugins: &[Plugin],
    health: &[Arc<Health>],
    broker: &Arc<EmbeddedBroker>,
    stop: &CancellationToken,
) -> Result<Vec<Worker>, OpenError> {
    let mut workers = Vec::new();
    for (place, one) in plan.subscriptions.iter().enumerate() {
        let sink = sinks.remove(&place);
        let routing = Arc::new(Routing::new(plan, one));
        let handler = Arc::new(handler(plan, one, plugins));
        let filter = filter(plan, one)?.map(Arc::new);
        for number in 0..one.concurrency {
            let mut consumer = consumer(plan, one, plugins, sink.as_ref(), &health[place]);
            if number == 0 {
                start(plan, one, &mut consumer).await?;
            }
            workers.push(Worker {
                subscription: SubscriptionId(place as u32),
                name: one.name.clone(),
                broker: Arc::clone(broker) as Arc<dyn Broker>,
                routing: Arc::clone(&routing),
                handler: Arc::clone(&handler),
                ordering: one.ordering,
                filter: filter.clone(),
                one_per_key: rules::one_per_key(plan, one),
                consumer,
                pace: Pace::new(one.batch.max_messages),
                stop: stop.clone(),
                health: Arc::clone(&health[place]),
                renew_every: one.ack_deadline / RENEWALS_PER_DEADLINE,
            });
        }
    }
    Ok(workers)
}

fn filter(plan: &Plan, one: &SubscriptionPlan) -> Result<Option<Filter>, OpenError> {
    let Some(text) = &one.filter else { return Ok(None) };
    let condition = Condition::parse(text).map_err(|error| OpenError::Expression {
        place: format!("subscription `{}`: filter", one.name),
        error: error.to_string(),
    })?;
    Ok(Some(Filter { condition, topic: plan.topics[one.topic].name.clone() }))
}

async fn start(
    plan: &Plan,
    one: &SubscriptionPlan,
    consumer: &mut Consumer,
) -> Result<(), OpenError> {
    let (Consumer::Plugin(plugin), ConsumerPlan::Plugin(place)) = (consumer, &one.consumer) else {
        return Ok(());
    };
    let name = || plan.plugins[*place].name.clone();
    plugin.start().await.map(|_| ()).map_err(|failure| OpenError::Start { name: name(), failure })
}

fn consumer(
    plan: &Plan,
    one: &SubscriptionPlan,
    plugins: &[Plugin],
    sink: Option<&SharedSink>,
    health: &Arc<Health>,
) -> Consumer {
    match (&one.consumer, sink) {
        (ConsumerPlan::Plugin(place), _) => {
            let topic = &plan.topics[one.topic].name;
            Consumer::Plugin(Box::new(PluginConsumer::new(
                plugins[*place].clone(),
                &one.name,
                topic,
                Arc::clone(health),
            )))
        }
        (ConsumerPlan::Sink(_), Some(sink)) => Consumer::Sink(sink.share()),
        (ConsumerPlan::Sink(_), None) => {
            Consumer::Sink(Box::new(millstream_connectors::PassThrough))
        }
    }
}

fn handler(plan: &Plan, one: &SubscriptionPlan, plugins: &[Plugin]) -> Handler {
    match &one.consumer {
        ConsumerPlan::Plugin(place) => Handler {
            name: plan.plugins[*place].name.clone(),
            digest: plugins[*place].inspection().digest.to_string(),
        },
        ConsumerPlan::Sink(connector) => {
            Handler { name: sink_name(connector).to_owned(), digest: String::new() }
        }
    }
}

fn named(plugins: Vec<Plugin>, plan: &Plan) -> Vec<(String, Plugin)> {
    plan.plugins.iter().map(|one| one.name.clone()).zip(plugins).collect()
}

fn inspections(plugins: &[Plugin], plan: &Plan) -> Vec<(String, Inspection)> {
    let names = plan.plugins.iter().map(|one| one.name.clone());
    names.zip(plugins.iter().map(|plugin| plugin.inspection().clone())).collect()
}
