//! Both versions on the same messages, without any effect: what the topics keep, then copies of what
//! is leased meanwhile. Neither gets http, nothing that they put out goes anywhere.

mod answered;
mod bench;
mod feed;

use std::sync::Arc;
use std::time::Duration;

use millstream_plugin_host::{Capability, Plugin};
use serde::Serialize;

pub use self::answered::{Emitted, Shown};
use self::bench::Bench;
use self::feed::Feed;
use super::entry::Entry;
use super::judgement::Sample;
use super::version::micros;

/// What came of running both versions on the same messages.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Why they cannot be compared; none where they could be.
    pub not_comparable: Option<String>,
    /// Messages that were asked for.
    pub wanted: u32,
    /// Messages that both were run on.
    pub compared: u64,
    /// Those on which both gave the same.
    pub agreed: u64,
    /// Those on which they did not.
    pub differed: u64,
    /// The first of those.
    pub differences: Vec<Difference>,
    /// Messages that the old version did not handle.
    pub old_failed: u64,
    /// Messages that the new version did not handle.
    pub new_failed: u64,
    /// Time of the old version per message.
    #[serde(rename = "old_us_per_message", serialize_with = "micros")]
    pub old_time: Duration,
    /// Time of the new version per message.
    #[serde(rename = "new_us_per_message", serialize_with = "micros")]
    pub new_time: Duration,
}

/// A message on which the versions differ.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The subscription.
    pub subscription: String,
    /// The message's id.
    pub id: String,
    /// Its key.
    pub key: Option<String>,
    /// What the old version made of it.
    pub old: Shown,
    /// What the new version made of it.
    pub new: Shown,
}

impl Comparison {
    /// What both did; none where there is nothing to judge by.
    pub(super) fn samples(&self) -> Option<[Sample; 2]> {
        let messages = self.compared;
        let of = |failed, pace: Duration| {
            let time = pace * u32::try_from(messages).unwrap_or(u32::MAX);
            Sample { messages, failed, time }
        };
        (messages > 0)
            .then(|| [of(self.old_failed, self.old_time), of(self.new_failed, self.new_time)])
    }
}

/// Runs the version that serves and `plugin` on up to `wanted` messages.
pub(super) async fn compare(entry: &Arc<Entry>, plugin: &Plugin, wanted: u32) -> Comparison {
    let old = entry.deployment.service.borrow().serving.plugin.clone();
    let calls_outside = |(plugin, which): (&Plugin, &str)| {
        let needs = plugin.inspection().needs.contains(&Capability::Http);
        needs.then(|| format!("the {which} version calls by http, which a comparison may not"))
    };
    if let Some(why) = [(&old, "old"), (plugin, "new")].into_iter().find_map(calls_outside) {
        return Comparison { not_comparable: Some(why), wanted, ..Comparison::default() };
    }
    let mut feed = Feed::open(Arc::clone(entry), wanted);
    let mut bench = Bench::new(Arc::clone(entry), [old, plugin.clone()], wanted);
    let comparing = async move {
        while bench.wants_more()
            && let Some((subscription, message)) = feed.next().await
        {
            bench.compare(subscription, &message).await;
        }
        bench.finish()
    };
    let failed = || Some("comparing failed: see the host's log".to_owned());
    let compared = entry.crew.with_guests(comparing).await;
    compared.unwrap_or_else(|| Comparison { not_comparable: failed(), ..Comparison::default() })
}
