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
use millstream_plugin_host::{Host, LoadError, Plugin, PluginSettings};
use millstream_queue::{
    Broker, Clock, EmbeddedBroker, Handler, Named, Recovered, Rename, SystemClock,
};
use tokio_util::sync::CancellationToken;

use crate::broker;
use crate::error::OpenError;
use crate::feed::{Feed, chunk_limits};
use crate::filter::Filter;
use crate::guests::GuestThreads;
use crate::health::Health;
use crate::monitor::Monitor;
use crate::pace::Pace;
use crate::post::Post;
use crate::report::SourceCounters;
use crate::routing::Routing;
use crate::rules;
use crate::running::{Parts, Running};
use crate::shared_sink::{SharedSink, sink_name};
use crate::swap::{Deployment, Lane};
use crate::versions;
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
    let deployments = load(&plan, &components, &host, &broker).await?;
    let posts = posts(&plan, &broker, &stop)?;
    let health: Vec<_> = plan.subscriptions.iter().map(|_| Arc::new(Health::default())).collect();
    let workers = workers(&plan, sinks, &deployments, &posts, &health).await?;
    let parts = Parts {
        broker,
        threads,
        stop,
        monitor: Monitor::new(&plan, &deployments, &health),
        deployments,
        posts,
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

/// Loads the plugins, in the order of the plan.
async fn load(
    plan: &Arc<Plan>,
    components: &BTreeMap<String, Bytes>,
    host: &Host,
    broker: &Arc<EmbeddedBroker>,
) -> Result<Vec<Arc<Deployment>>, OpenError> {
    let broker = Arc::clone(broker) as Arc<dyn Broker>;
    let mut deployments = Vec::with_capacity(plan.plugins.len());
    for (place, one) in plan.plugins.iter().enumerate() {
        let source = components.get(&one.name).cloned().unwrap_or_default();
        let loaded = versions::load(one, source, host, &*broker).await?;
        let deployment = Deployment::new(plan, place, loaded, host, &broker);
        deployments.push(Arc::new(deployment));
    }
    Ok(deployments)
}

/// Loads a version of a plugin as the plan wants it to be run.
pub(crate) async fn load_one(
    one: &PluginPlan,
    bytes: Bytes,
    host: &Host,
) -> Result<Plugin, LoadError> {
    host.load(&one.name, bytes, settings(one)?).await
}

/// How the plan wants a plugin to be run, whichever version of it.
pub(crate) fn settings(one: &PluginPlan) -> Result<PluginSettings, LoadError> {
    Ok(PluginSettings {
        config: one.config.clone(),
        limits: rules::limits(&one.limits),
        grants: rules::grants(&one.grants).map_err(LoadError::Settings)?,
    })
}

/// What the workers of each subscription have in common.
fn posts(
    plan: &Plan,
    broker: &Arc<EmbeddedBroker>,
    stop: &CancellationToken,
) -> Result<Vec<Arc<Post>>, OpenError> {
    let id = |place: usize| SubscriptionId(place as u32);
    let post = |(place, one): (usize, &SubscriptionPlan)| {
        Ok(Arc::new(Post {
            subscription: id(place),
            generation: broker.generation(id(place)).unwrap_or_default(),
            name: one.name.clone(),
            topic: plan.topics[one.topic].name.clone(),
            concurrency: one.concurrency,
            broker: Arc::clone(broker) as Arc<dyn Broker>,
            routing: Routing::new(plan, one),
            ordering: one.ordering,
            one_per_key: rules::one_per_key(plan, one),
            filter: filter(plan, one)?,
            pace: Pace::new(one.batch.max_messages),
            stop: stop.clone(),
            renew_every: one.ack_deadline / RENEWALS_PER_DEADLINE,
        }))
    };
    plan.subscriptions.iter().enumerate().map(post).collect()
}

fn filter(plan: &Plan, one: &SubscriptionPlan) -> Result<Option<Filter>, OpenError> {
    let Some(text) = &one.filter else { return Ok(None) };
    let condition = Condition::parse(text).map_err(|error| OpenError::Expression {
        place: format!("subscription `{}`: filter", one.name),
        error: error.to_string(),
    })?;
    Ok(Some(Filter { condition, topic: plan.topics[one.topic].name.clone() }))
}

/// The workers of all subscriptions. The first of each has started its handler, so that a plugin
/// that refuses its configuration or traps at its start is known before anything runs.
async fn workers(
    plan: &Plan,
    mut sinks: BTreeMap<usize, SharedSink>,
    deployments: &[Arc<Deployment>],
    posts: &[Arc<Post>],
    health: &[Arc<Health>],
) -> Result<Vec<Worker>, OpenError> {
    let mut workers = Vec::new();
    for (place, (one, post)) in plan.subscriptions.iter().zip(posts).enumerate() {
        let sink = sinks.remove(&place);
        let handler = Arc::new(handler(one));
        for number in 0..one.concurrency {
            let handled = (&handler, &health[place]);
            let worker = worker(one, post, deployments, sink.as_ref(), handled);
            let Some(mut worker) = worker else { continue };
            if number == 0 {
                start(plan, one, &mut worker).await?;
            }
            workers.push(worker);
        }
    }
    Ok(workers)
}

/// One worker of a subscription; none only where nothing could be opened for it.
fn worker(
    one: &SubscriptionPlan,
    post: &Arc<Post>,
    deployments: &[Arc<Deployment>],
    sink: Option<&SharedSink>,
    (handler, health): (&Arc<Handler>, &Arc<Health>),
) -> Option<Worker> {
    match &one.consumer {
        ConsumerPlan::Plugin(place) => {
            Worker::on_duty(post, deployments.get(*place)?.duty(Lane::Main))
        }
        ConsumerPlan::Sink(_) => Some(Worker::of_sink(post, handler, sink?.share(), health)),
    }
}

/// What dead letters call a sink; a plugin's versions have names of their own.
fn handler(one: &SubscriptionPlan) -> Handler {
    let name = match &one.consumer {
        ConsumerPlan::Plugin(_) => "",
        ConsumerPlan::Sink(connector) => sink_name(connector),
    };
    Handler { name: name.to_owned(), digest: String::new() }
}

async fn start(plan: &Plan, one: &SubscriptionPlan, worker: &mut Worker) -> Result<(), OpenError> {
    worker.start().await.map_err(|failure| {
        let name = match one.consumer {
            ConsumerPlan::Plugin(place) => plan.plugins[place].name.clone(),
            ConsumerPlan::Sink(_) => one.name.clone(),
        };
        OpenError::Start { name, failure }
    })
}
