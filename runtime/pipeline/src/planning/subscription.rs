//! Who reads which topic, and the rules of delivery.

use super::{Planned, bytes, count, headers, period, small, topic_of};
use crate::declaration as typed;
use crate::declaration::{Batch, HttpSink, Retry, Sink, Subscription};
use crate::defaults;
use crate::forms::Rate;
use crate::plan::{
    BatchPlan, Consumer, OnDeadLetter, OnExpired, Ordering, RateLimit, RetryPlan, SinkConnector,
    StartFrom, SubscriptionPlan,
};
use crate::route::Route;
use crate::rules::Context;

pub(super) fn plan(
    context: &Context<'_>,
    route: &Route,
    name: &str,
    subscription: &Subscription,
) -> Planned<SubscriptionPlan> {
    let target = |name: &Option<String>, key| {
        name.as_deref().map(|name| topic_of(context, Some(name), route.key(key))).transpose()
    };
    let output = target(&subscription.output, "output")?;
    let dead_letter = target(&subscription.dead_letter, "dead_letter")?;
    Ok(SubscriptionPlan {
        name: name.to_owned(),
        topic: topic_of(context, subscription.topic.as_deref(), route.key("topic"))?,
        consumer: consumer(context, subscription).ok_or_else(|| route.clone())?,
        output,
        routes: routes(context, route, subscription, output)?,
        concurrency: small(subscription.concurrency, defaults::CONCURRENCY),
        ordering: ordering(subscription.ordering),
        batch: batch(subscription.batch.as_ref()),
        ack_deadline: period(subscription.ack_deadline, defaults::ACK_DEADLINE),
        retry: retry(subscription.retry.as_ref()),
        dead_letter,
        on_dead_letter: on_dead_letter(subscription.on_dead_letter),
        on_expired: on_expired(subscription.on_expired, dead_letter),
        max_parked: count(subscription.max_parked, defaults::MAX_PARKED),
        from: from(subscription.from),
        rate_limit: subscription
            .rate_limit
            .map(|Rate { messages, per }| RateLimit { messages, per }),
        filter: subscription.filter.clone(),
    })
}

/// Each further topic once; a repeat is only worth a warning.
fn routes(
    context: &Context<'_>,
    route: &Route,
    subscription: &Subscription,
    output: Option<usize>,
) -> Planned<Vec<usize>> {
    let mut routes = Vec::new();
    for (index, name) in subscription.routes.iter().flatten().enumerate() {
        let topic = topic_of(context, Some(name), route.key("routes").index(index))?;
        if Some(topic) != output && !routes.contains(&topic) {
            routes.push(topic);
        }
    }
    Ok(routes)
}

fn consumer(context: &Context<'_>, subscription: &Subscription) -> Option<Consumer> {
    match (&subscription.plugin, &subscription.sink) {
        (Some(plugin), None) => context.plugin_index(plugin).map(Consumer::Plugin),
        (None, Some(sink)) => sink_connector(context, sink).map(Consumer::Sink),
        _ => None,
    }
}

fn sink_connector(context: &Context<'_>, sink: &Sink) -> Option<SinkConnector> {
    if let Some(file) = &sink.file {
        let path = context.path(file.path.as_deref()?);
        return Some(SinkConnector::File {
            path,
            whole: file.form == Some(typed::FileForm::Message),
        });
    }
    if let Some(hook) = &sink.http {
        return http(hook);
    }
    match (&sink.stdout, &sink.pass_through) {
        (Some(_), None) => Some(SinkConnector::Stdout),
        (None, Some(_)) => Some(SinkConnector::PassThrough),
        _ => None,
    }
}

fn http(typed: &HttpSink) -> Option<SinkConnector> {
    Some(SinkConnector::Http {
        url: typed.url.clone()?,
        timeout: period(typed.timeout, defaults::REQUEST_TIMEOUT),
        headers: headers(typed.headers.as_ref()),
    })
}

fn batch(typed: Option<&Batch>) -> BatchPlan {
    BatchPlan {
        max_messages: small(typed.and_then(|batch| batch.max_messages), defaults::BATCH_MESSAGES),
        max_bytes: bytes(typed.and_then(|batch| batch.max_bytes), defaults::BATCH_BYTES),
        max_wait: period(typed.and_then(|batch| batch.max_wait), defaults::BATCH_WAIT),
    }
}

fn retry(typed: Option<&Retry>) -> RetryPlan {
    let backoff = typed.and_then(|retry| retry.backoff.as_ref());
    RetryPlan {
        max_attempts: small(typed.and_then(|retry| retry.max_attempts), defaults::MAX_ATTEMPTS),
        initial: period(backoff.and_then(|backoff| backoff.initial), defaults::BACKOFF_INITIAL),
        factor: backoff.and_then(|backoff| backoff.factor).unwrap_or(defaults::BACKOFF_FACTOR),
        max: period(backoff.and_then(|backoff| backoff.max), defaults::BACKOFF_MAX),
        jitter: backoff.and_then(|backoff| backoff.jitter).unwrap_or(defaults::BACKOFF_JITTER),
    }
}

fn ordering(typed: Option<typed::Ordering>) -> Ordering {
    match typed {
        None | Some(typed::Ordering::None) => Ordering::None,
        Some(typed::Ordering::Key) => Ordering::Key,
        Some(typed::Ordering::Strict) => Ordering::Strict,
    }
}

fn on_dead_letter(typed: Option<typed::OnDeadLetter>) -> OnDeadLetter {
    match typed {
        None | Some(typed::OnDeadLetter::Continue) => OnDeadLetter::Continue,
        Some(typed::OnDeadLetter::ParkKey) => OnDeadLetter::ParkKey,
    }
}

/// Without a dead-letter topic, what has expired is dropped as what is exhausted.
fn on_expired(typed: Option<typed::OnExpired>, dead_letter: Option<usize>) -> OnExpired {
    match (typed, dead_letter) {
        (None | Some(typed::OnExpired::DeadLetter), Some(_)) => OnExpired::DeadLetter,
        (Some(typed::OnExpired::Drop), _) | (_, None) => OnExpired::Drop,
    }
}

fn from(typed: Option<typed::StartFrom>) -> StartFrom {
    match typed {
        None | Some(typed::StartFrom::New) => StartFrom::New,
        Some(typed::StartFrom::Earliest) => StartFrom::Earliest,
    }
}
