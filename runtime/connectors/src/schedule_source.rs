//! Messages at the times of a schedule.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use millstream_formats::{
    Cron, Drafted, Drafts, MessageLimits, Terms, header_name, header_value, rfc3339,
};
use serde_json::json;
use tokio::time::sleep;

use crate::error::SourceError;
use crate::source::{Chunk, ChunkLimits, Source};

/// The longest sleep. Timers do not run while a machine is suspended, and know nothing of a wall
/// clock that is set: so late may a message be after either.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// Milliseconds since the Unix epoch, now.
pub type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Gives a message whenever a cron expression is due, for as long as the host runs.
///
/// Times that passed while the host slept or was held up are not made up for: of those, only the
/// latest gives a message. A message's dedup id is `NAME/DUE`, the time in milliseconds since the
/// Unix epoch, so that of two hosts, or of a host that is started again, a topic with a dedup
/// window takes one. No time is given twice, whatever the clock does.
pub struct ScheduleSource {
    rules: ScheduleRules,
    place: String,
    clock: WallClock,
    /// Times up to here are dealt with.
    after: u64,
}

/// When to give which message.
#[derive(Clone, Debug)]
pub struct ScheduleRules {
    /// The source's name.
    pub name: String,
    /// When.
    pub cron: Cron,
    /// The payload; none: `{"source":NAME,"at":DUE}`, the time in RFC 3339.
    pub payload: Option<String>,
    /// The key, or none.
    pub key: Option<String>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

impl ScheduleSource {
    /// A source whose first message is that of the first time after now.
    ///
    /// # Errors
    /// The schedule is never due, or the message breaks a limit or the rules for headers.
    pub fn open(mut rules: ScheduleRules, clock: WallClock) -> Result<Self, SourceError> {
        let place = format!("schedule `{}`", rules.cron);
        let failed = |why: &str| SourceError::open(&place, why);
        for (name, value) in &mut rules.headers {
            *name = header_name(name).map_err(|why| failed(&why.to_string()))?.into_owned();
            header_value(name, value).map_err(|why| failed(&why.to_string()))?;
        }
        let after = clock();
        let first = rules.cron.next_after(after).ok_or_else(|| failed("it is never due"))?;
        rules.message(first, &place)?;
        Ok(Self { rules, place, clock, after })
    }

    /// Waits until a time has come that was not dealt with; the latest of them.
    async fn due(&self) -> u64 {
        loop {
            let Some(next) = self.rules.cron.next_after(self.after) else {
                return future::pending().await;
            };
            let now = (self.clock)();
            if now >= next {
                return self.rules.cron.last_until(now).unwrap_or(next).max(next);
            }
            sleep(Duration::from_millis(next - now).min(SLEEP_MAX)).await;
        }
    }
}

#[async_trait]
impl Source for ScheduleSource {
    async fn next(&mut self, _: ChunkLimits) -> Result<Option<Chunk>, SourceError> {
        let due = self.due().await;
        self.after = due;
        let Drafted { keys, headers, payloads, dedup, .. } =
            self.rules.message(due, &self.place)?.into_columns();
        Ok(Some(Chunk {
            payloads,
            keys,
            headers: Some(headers),
            dedup,
            refused: Vec::new(),
            skipped_empty: 0,
            position: None,
        }))
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn endless(&self) -> bool {
        true
    }
}

impl ScheduleRules {
    fn message(&self, due: u64, place: &str) -> Result<Drafts, SourceError> {
        let dedup_id = format!("{}/{due}", self.name);
        let terms = Terms { dedup_id: Some(&dedup_id), ..Terms::default() };
        let own = || json!({ "source": self.name, "at": rfc3339(due) }).to_string();
        let payload = self.payload.clone().unwrap_or_else(own);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut drafts = Drafts::new(MessageLimits::default());
        drafts
            .push(self.key.as_deref(), headers, payload.as_bytes(), terms)
            .map_err(|why| SourceError::open(place, &why.to_string()))?;
        Ok(drafts)
    }
}
