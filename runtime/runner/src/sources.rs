//! The sources of a pipeline, open, each with the way into its topic.

use std::sync::Arc;

use millstream_connectors::{
    FileSource, FileSourceRules, IfChanged, LineRules, ScheduleRules, ScheduleSource, Source,
    StdinSource,
};
use millstream_formats::{Cron, CronError, Format, MessageLimits, Pointer};
use millstream_pipeline::{Format as FormatPlan, SourceConnector, SourcePlan};
use millstream_queue::{Broker, Clock};
use tokio_util::sync::CancellationToken;

use crate::error::OpenError;
use crate::feed::{Feed, chunk_limits};
use crate::report::SourceCounters;
use crate::wiring::Wiring;

/// A source at work.
pub(crate) struct Intake {
    pub(crate) name: String,
    pub(crate) counters: Arc<SourceCounters>,
    /// Ends it, once what it publishes is answered.
    pub(crate) leave: CancellationToken,
    /// It has ended.
    pub(crate) ended: CancellationToken,
}

/// What feeds have in common.
pub(crate) struct Intakes<'a> {
    pub(crate) broker: &'a Arc<dyn Broker>,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) stop: &'a CancellationToken,
}

impl Intakes<'_> {
    /// The source, open, and where it goes on; none for HTTP, which the server answers. Its counters
    /// go on where they are given.
    pub(crate) fn open(
        &self,
        wiring: &Wiring,
        one: &SourcePlan,
        counters: Option<Arc<SourceCounters>>,
    ) -> Result<Option<Feed>, OpenError> {
        let topic = &wiring.plan().topics[one.topic];
        let Some(source) = open_source(one, topic.max_message, self.clock)? else {
            return Ok(None);
        };
        let mut feed = Feed {
            name: one.name.clone(),
            source,
            topic: wiring.topic(one.topic),
            broker: Arc::clone(self.broker),
            counters: counters.unwrap_or_default(),
            random: rand::random::<u128>,
            limits: chunk_limits(topic),
            stop: self.stop.clone(),
            leave: self.stop.child_token(),
        };
        let resumed = feed.resume();
        resumed.map_err(|error| OpenError::Source { name: one.name.clone(), error })?;
        Ok(Some(feed))
    }
}

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
