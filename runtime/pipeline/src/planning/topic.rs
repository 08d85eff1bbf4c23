//! The queues.

use std::time::Duration;

use super::{Planned, bytes, count, period};
use crate::declaration::{Dedup, Kind, Topic, WhenFull as TypedWhenFull};
use crate::defaults;
use crate::forms::Period;
use crate::plan::{DedupPlan, TopicKind, TopicPlan, WhenFull};
use crate::route::Route;

pub(super) fn plan(route: &Route, name: &str, topic: &Topic) -> Planned<TopicPlan> {
    let kind = match topic.kind.ok_or_else(|| route.key("kind"))? {
        Kind::Event => TopicKind::Event,
        Kind::Command => TopicKind::Command,
        Kind::DeadLetter => TopicKind::DeadLetter,
    };
    Ok(TopicPlan {
        name: name.to_owned(),
        kind,
        max_messages: count(topic.max_messages, defaults::MAX_MESSAGES),
        max_bytes: bytes(topic.max_bytes, defaults::MAX_BYTES),
        max_message: bytes(topic.max_message, defaults::MAX_MESSAGE),
        publish_timeout: period(topic.publish_timeout, defaults::PUBLISH_TIMEOUT),
        when_full: when_full(topic.when_full),
        retain: period(topic.retain, Duration::ZERO),
        dedup: topic.dedup.as_ref().map(|typed| dedup(route, typed)).transpose()?,
        delay: period(topic.delay, Duration::ZERO),
        expires_in: topic.expires_in.map(|Period(period)| period),
    })
}

fn when_full(typed: Option<TypedWhenFull>) -> WhenFull {
    match typed {
        None | Some(TypedWhenFull::Block) => WhenFull::Block,
        Some(TypedWhenFull::Reject) => WhenFull::Reject,
        Some(TypedWhenFull::DropOldest) => WhenFull::DropOldest,
    }
}

fn dedup(route: &Route, typed: &Dedup) -> Planned<DedupPlan> {
    let Period(window) = typed.window.ok_or_else(|| route.key("dedup").key("window"))?;
    Ok(DedupPlan { window, max_ids: count(typed.max_ids, defaults::DEDUP_MAX_IDS) })
}
