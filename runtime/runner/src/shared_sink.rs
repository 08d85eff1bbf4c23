//! A sink that all workers of one subscription write to.

mod left;

use std::sync::Arc;

use async_trait::async_trait;
use millstream_connectors::{
    FileSink, FileSinkRules, HttpSink, HttpSinkRules, LineForm, Ordered, PassThrough, Sink,
    SinkError, StdoutSink,
};
use millstream_message::{Answers, Batch};
use millstream_pipeline::{OnDeadLetter, Ordering, SinkConnector, SubscriptionPlan};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use self::left::LeftSink;

/// An open sink, and what it was opened by. It stays open for as long as somebody has it: its
/// subscription, or a worker with something in hand.
#[derive(Clone)]
pub(crate) struct SharedSink {
    rules: SinkRules,
    open: Arc<Open>,
}

/// What is closed when nobody has it any more.
struct Open {
    sink: Opened,
    closed: CancellationToken,
    /// Says that it is closed. Fields go in their order, so this one goes when that is true.
    _closes: DropGuard,
}

impl Open {
    fn new(sink: Opened) -> Arc<Self> {
        let closed = CancellationToken::new();
        Arc::new(Self { sink, _closes: closed.clone().drop_guard(), closed })
    }
}

enum Opened {
    File(FileSink),
    Stdout(StdoutSink),
    Http(HttpSink),
    PassThrough,
}

/// What makes a sink the one that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SinkRules {
    connector: SinkConnector,
    /// The topic that whole messages name.
    topic: String,
    ordered: Ordered,
    reject_holds: bool,
}

impl SinkRules {
    /// Those of `connector` for `subscription`, which reads the topic called `topic`.
    pub(crate) fn new(
        connector: &SinkConnector,
        subscription: &SubscriptionPlan,
        topic: &str,
    ) -> Self {
        let http = matches!(connector, SinkConnector::Http { .. });
        let whole = matches!(connector, SinkConnector::File { whole: true, .. });
        let parks = subscription.on_dead_letter == OnDeadLetter::ParkKey;
        Self {
            connector: connector.clone(),
            topic: if whole { topic.to_owned() } else { String::new() },
            ordered: if http { ordered(subscription.ordering) } else { Ordered::None },
            reject_holds: http && parks,
        }
    }
}

impl SharedSink {
    /// Opens what the rules name. Of those that are `open` already the same is used again: a file is
    /// locked by the first that has it.
    pub(crate) fn open<'a>(
        rules: SinkRules,
        mut open: impl Iterator<Item = &'a Self> + Clone,
    ) -> Result<Self, SinkError> {
        if let Some(same) = open.clone().find(|one| one.rules == rules) {
            return Ok(same.clone());
        }
        let opened = match &rules.connector {
            SinkConnector::File { path, whole } => {
                let form = match whole {
                    true => LineForm::Message { topic: rules.topic.clone() },
                    false => LineForm::Payload,
                };
                let shared = open.find_map(|one| one.file(&rules));
                Opened::File(match shared {
                    Some(file) => file.in_form(form),
                    None => FileSink::open(FileSinkRules { path: path.clone(), form })?,
                })
            }
            SinkConnector::Stdout => Opened::Stdout(StdoutSink::open()?),
            SinkConnector::Http { url, timeout, headers } => {
                Opened::Http(HttpSink::open(HttpSinkRules {
                    url: url.clone(),
                    timeout: *timeout,
                    headers: headers.clone(),
                    ordered: rules.ordered,
                    reject_holds: rules.reject_holds,
                })?)
            }
            SinkConnector::PassThrough => Opened::PassThrough,
        };
        Ok(Self { rules, open: Open::new(opened) })
    }

    /// What it was opened by.
    pub(crate) fn rules(&self) -> &SinkRules {
        &self.rules
    }

    /// The file that `rules` name, if it is this one.
    fn file(&self, rules: &SinkRules) -> Option<&FileSink> {
        let path = |rules: &SinkRules| match &rules.connector {
            SinkConnector::File { path, .. } => Some(path.clone()),
            _ => None,
        };
        match &self.open.sink {
            Opened::File(file) if path(&self.rules) == path(rules) => Some(file),
            _ => None,
        }
    }

    /// One worker's share of it.
    pub(crate) fn share(&self) -> Box<dyn Sink> {
        let sink: Box<dyn Sink> = match &self.open.sink {
            Opened::File(sink) => Box::new(sink.clone()),
            Opened::Stdout(sink) => Box::new(sink.clone()),
            Opened::Http(sink) => Box::new(sink.clone()),
            Opened::PassThrough => Box::new(PassThrough),
        };
        Box::new(Share { sink, _open: Arc::clone(&self.open) })
    }
}

/// One worker's share, for which the sink stays open.
struct Share {
    sink: Box<dyn Sink>,
    _open: Arc<Open>,
}

#[async_trait]
impl Sink for Share {
    async fn deliver(&mut self, batch: &Batch) -> Result<Answers, SinkError> {
        self.sink.deliver(batch).await
    }
}

/// What dead letters call the sink.
pub(crate) fn sink_name(connector: &SinkConnector) -> &'static str {
    match connector {
        SinkConnector::File { .. } => "sink file",
        SinkConnector::Stdout => "sink stdout",
        SinkConnector::Http { .. } => "sink http",
        SinkConnector::PassThrough => "sink pass_through",
    }
}

fn ordered(ordering: Ordering) -> Ordered {
    match ordering {
        Ordering::None => Ordered::None,
        Ordering::Key => Ordered::Key,
        Ordering::Strict => Ordered::Strict,
    }
}
