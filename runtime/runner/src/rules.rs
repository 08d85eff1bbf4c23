//! From the plan to the rules that the broker and the plugins' host keep.

use millstream_message::TopicId;
use millstream_pipeline as plan;
use millstream_plugin_host::{
    CompileLimits, Grants, HttpGrant, Limits, LoadError, LogRate, Origin, PluginSettings,
};
use millstream_queue::{
    Backoff, DedupRules, Exhausted, Expired, OnDeadLetter, Ordering, RateRules, StartFrom,
    SubscriptionRules, TopicKind, TopicRules, WhenFull,
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
        batch_messages: batch_messages(plan, one),
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
        plugin: match one.consumer {
            plan::Consumer::Plugin(place) => Some(plan.plugins[place].name.clone()),
            plan::Consumer::Sink(_) => None,
        },
        from: match one.from {
            plan::StartFrom::New => StartFrom::New,
            plan::StartFrom::Earliest => StartFrom::Earliest,
        },
        revision: 0,
    }
}

/// What is discarded for an order's sake must not have been seen outside. Calls over http cannot be
/// discarded, so what follows in such an order is not handed over before what it follows is settled.
pub(crate) fn one_per_key(plan: &plan::Plan, one: &plan::SubscriptionPlan) -> bool {
    one.ordering != plan::Ordering::None && calls_outside(plan, one)
}

fn calls_outside(plan: &plan::Plan, one: &plan::SubscriptionPlan) -> bool {
    match one.consumer {
        plan::Consumer::Plugin(place) => !plan.plugins[place].grants.http.is_empty(),
        plan::Consumer::Sink(_) => false,
    }
}

/// In a strict order all messages are as of one key.
fn batch_messages(plan: &plan::Plan, one: &plan::SubscriptionPlan) -> u32 {
    let one_by_one = one.ordering == plan::Ordering::Strict && calls_outside(plan, one);
    if one_by_one { 1 } else { one.batch.max_messages }
}

fn topic_id(place: usize) -> TopicId {
    TopicId(place as u32)
}

/// How the plan wants a plugin to be run, whichever version of it.
pub(crate) fn settings(one: &plan::PluginPlan) -> Result<PluginSettings, LoadError> {
    Ok(PluginSettings {
        config: one.config.clone(),
        limits: limits(&one.limits),
        grants: grants(&one.grants).map_err(LoadError::Settings)?,
    })
}

/// What a plugin may take.
pub(crate) fn limits(limits: &plan::Limits) -> Limits {
    let plan::RateLimit { messages: records, per } = limits.log_rate;
    let plan::CompileLimits { timeout, memory, size } = limits.compile;
    Limits {
        timeout: limits.timeout,
        batch_timeout: limits.batch_timeout,
        memory: limits.memory,
        tables: limits.tables,
        instances: limits.instances,
        output: limits.output,
        batch_output: limits.batch_output,
        output_messages: limits.output_messages,
        batch_output_messages: limits.batch_output_messages,
        log_rate: LogRate { records, per },
        log_bytes: limits.log_bytes,
        host_data: limits.host_data,
        compile: CompileLimits { timeout, memory, size },
    }
}

/// What a plugin may do beyond computing. The check has read every origin; the error names one that
/// it should not have accepted.
pub(crate) fn grants(grants: &plan::Grants) -> Result<Grants, String> {
    let origins: Vec<Origin> =
        grants.http.iter().map(|origin| origin.parse()).collect::<Result<_, _>>()?;
    let http = if origins.is_empty() { HttpGrant::None } else { HttpGrant::Origins(origins) };
    Ok(Grants { http, keyvalue: grants.keyvalue })
}
