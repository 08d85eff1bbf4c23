//! Watching a topic: its messages as server-sent events, consuming nothing.

mod seen;
mod watch;

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use millstream_formats::MessageJson;
use millstream_message::{Batch, Message};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use self::watch::{Sight, Watch};
use crate::app::{Host, topic as named};
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// Clients that may watch at once: each holds a connection, and what it has not read yet.
pub(crate) const TAPS_MAX: usize = 64;

/// The parameters of a tap.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    #[serde(default)]
    from: From,
    count: Option<u64>,
    key: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum From {
    #[default]
    Now,
    Earliest,
}

/// Messages of the topic as they become visible, after what it keeps if the client wants that.
///
/// Each event is one message. Where the client reads too slowly and the topic does not keep what
/// it missed, a comment says how much that is.
pub(crate) async fn tap(
    State(host): State<Arc<Host>>,
    Path(topic): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (id, topic) = named(&wiring, &topic)?;
    if parameters.count == Some(0) {
        return Err(Problem::malformed("`count` must be 1 or more"));
    }
    let place = Arc::clone(&host.taps).try_acquire_owned().map_err(|_| {
        Problem::busy("too-many-taps", format!("{TAPS_MAX} clients watch topics already"))
    })?;
    let earliest = parameters.from == From::Earliest;
    let watch = Watch::begin(Arc::clone(&host.app.broker), id, earliest);
    let viewer = Viewer {
        watch: watch.ok_or_else(|| Problem::unknown("topic", "the topic is not there any more"))?,
        topic: topic.name.clone(),
        key: parameters.key,
        left: parameters.count,
        batch: None,
        stopping: host.stopping.clone(),
        _place: place,
    };
    Ok(Sse::new(viewer.events()).keep_alive(KeepAlive::default()).into_response())
}

/// One client that watches.
struct Viewer {
    watch: Watch,
    topic: String,
    /// Only messages with this key; an empty one means those without a key.
    key: Option<String>,
    /// Messages until the end.
    left: Option<u64>,
    /// What is being shown, and the place of the next message in it.
    batch: Option<(Batch, usize)>,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Viewer {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut viewer| async move {
            let event = viewer.next().await?;
            Some((Ok(event), viewer))
        })
    }

    /// The next event; none after the last message that is wanted, and when the host stops.
    async fn next(&mut self) -> Option<Event> {
        if self.left == Some(0) {
            return None;
        }
        loop {
            if let Some(event) = self.next_at_hand() {
                return Some(event);
            }
            let sight = tokio::select! {
                biased;
                () = self.stopping.cancelled() => None,
                sight = self.watch.next() => sight,
            };
            match sight? {
                Sight::Messages(batch) => self.batch = Some((batch, 0)),
                Sight::Missed(messages) => {
                    return Some(Event::default().comment(format!("missed {messages}")));
                }
            }
        }
    }

    fn next_at_hand(&mut self) -> Option<Event> {
        let (batch, place) = self.batch.as_mut()?;
        let key = self.key.as_deref();
        let wanted =
            |message: &Message<'_>| key.is_none_or(|key| message.key().unwrap_or_default() == key);
        let Some(i) = (*place..batch.len()).find(|&i| wanted(&batch.get(i))) else {
            self.batch = None;
            return None;
        };
        *place = i + 1;
        self.left = self.left.map(|left| left - 1);
        let message = MessageJson::new(batch.get(i), &self.topic);
        // A struct of strings and numbers always has a JSON form, of one line.
        Some(Event::default().data(serde_json::to_string(&message).unwrap_or_default()))
    }
}
