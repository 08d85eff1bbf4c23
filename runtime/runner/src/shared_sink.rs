//! A sink that all workers of one subscription write to.

use millstream_connectors::{
    FileSink, FileSinkRules, HttpSink, HttpSinkRules, LineForm, Ordered, PassThrough, Sink,
    SinkError, StdoutSink,
};
use millstream_pipeline::{OnDeadLetter, Ordering, SinkConnector, SubscriptionPlan};

pub(crate) enum SharedSink {
    File(FileSink),
    Stdout(StdoutSink),
    Http(HttpSink),
    PassThrough,
}

impl SharedSink {
    /// Opens what `connector` names for `subscription`, which reads the topic called `topic`.
    pub(crate) fn open(
        connector: &SinkConnector,
        subscription: &SubscriptionPlan,
        topic: &str,
    ) -> Result<Self, SinkError> {
        Ok(match connector {
            SinkConnector::File { path, whole } => {
                let form = match whole {
                    true => LineForm::Message { topic: topic.to_owned() },
                    false => LineForm::Payload,
                };
                Self::File(FileSink::open(FileSinkRules { path: path.clone(), form })?)
            }
            SinkConnector::Stdout => Self::Stdout(StdoutSink::open()?),
            SinkConnector::Http { url, timeout, headers } => {
                Self::Http(HttpSink::open(HttpSinkRules {
                    url: url.clone(),
                    timeout: *timeout,
                    headers: headers.clone(),
                    ordered: ordered(subscription.ordering),
                    reject_holds: subscription.on_dead_letter == OnDeadLetter::ParkKey,
                })?)
            }
            SinkConnector::PassThrough => Self::PassThrough,
        })
    }

    /// One worker's share of it.
    pub(crate) fn share(&self) -> Box<dyn Sink> {
        match self {
            Self::File(sink) => Box::new(sink.clone()),
            Self::Stdout(sink) => Box::new(sink.clone()),
            Self::Http(sink) => Box::new(sink.clone()),
            Self::PassThrough => Box::new(PassThrough),
        }
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
