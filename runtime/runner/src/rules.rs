//! From the plan to the rules that the broker keeps.

use millstream_message::TopicId;
use millstream_pipeline as plan;
use millstream_queue::{
    Backoff, DedupRules, Exhausted, Expired, OnDeadLetter, Ordering, RateRules, SubscriptionRules,
    TopicKind, TopicRules, WhenFull,
};

pub(crate) fn topics(plan: &plan::Plan) -> Vec<TopicRules> {
    plan.topics.iter().map(topic).collect()
}

pub(crate) fn subscriptions(plan: &plan::Plan) -> Vec<SubscriptionRules> {
    plan.subscriptions.iter().map(|one| subscription(plan, one)).collect()
}

fn topic(topic: &plan::TopicPlan) -> TopicRules {
    TopicRules {
        name: topic.name.clone(),
        kind: match topic.kind {
            plan::TopicKind::Event => TopicKind::Event,
            plan::TopicKind::Command => TopicKind::Command,
            plan::TopicKind::DeadLetter => TopicKind::DeadLetter,
        },
        max_messages: topic.max_messages,
        max_bytes: topic.max_bytes,
        publish_timeout: topic.publish_timeout,
        when_full: match topic.when_full {
            plan::WhenFull::Block => WhenFull::Block,
            plan::WhenFull::Reject => WhenFull::Reject,
            plan::WhenFull::DropOldest => WhenFull::DropOldest,
        },
        retain: topic.retain,
        dedup: topic
            .dedup
            .as_ref()
            .map(|dedup| DedupRules { window: dedup.window, ids_max: dedup.max_ids }),
        delay: topic.delay,
        expires_in: topic.expires_in,
    }
}

fn subscription(plan: &plan::Plan, one: &plan::SubscriptionPlan) -> SubscriptionRules {
    let plan::RetryPlan { max_attempts, initial, factor, max, jitter } = one.retry;
    SubscriptionRules {
        name: one.name.clone(),
        topic: topic_id(one.topic),
        topic_name: plan.topics[one.topic].name.clone(),
        outputs: one.output.iter().chain(&one.routes).copied().map(topic_id).collect(),
        max_attempts,
        backoff: Backoff { initial, factor, max, jitter },
        exhausted: one
            .dead_letter
            .map_or(Exhausted::Drop, |topic| Exhausted::DeadLetter(topic_id(topic))),
        ack_deadline: one.ack_deadline,
        max_parked: one.max_parked,
        batch_messages: one.batch.max_messages,
        batch_bytes: one.batch.max_bytes,
        batch_wait: one.batch.max_wait,
        ordering: match one.ordering {
            plan::Ordering::None => Ordering::None,
            plan::Ordering::Key => Ordering::Key,
            plan::Ordering::Strict => Ordering::Strict,
        },
        on_dead_letter: match one.on_dead_letter {
            plan::OnDeadLetter::Continue => OnDeadLetter::Continue,
            plan::OnDeadLetter::ParkKey => OnDeadLetter::ParkKey,
        },
        expired: match one.on_expired {
            plan::OnExpired::DeadLetter => Expired::DeadLetter,
            plan::OnExpired::Drop => Expired::Drop,
        },
        rate: one
            .rate_limit
            .as_ref()
            .map(|rate| RateRules { messages: rate.messages, per: rate.per }),
    }
}

pub(crate) fn topic_id(place: usize) -> TopicId {
    TopicId(place as u32)
}
