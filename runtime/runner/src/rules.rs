//! From the plan to the rules that the broker keeps.

use millstream_message::TopicId;
use millstream_pipeline as plan;
use millstream_queue::{Backoff, Exhausted, SubscriptionRules, TopicKind, TopicRules};

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
    }
}

pub(crate) fn topic_id(place: usize) -> TopicId {
    TopicId(place as u32)
}
