//! MS0501, MS0502: which broker holds the messages.

use super::Context;
use crate::code::Code;
use crate::declaration::Broker;
use crate::report::Report;
use crate::route::Route;
use crate::suggest;

/// What this version has.
const AVAILABLE: [&str; 2] = ["memory", "journal"];

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    let Some(broker) = &context.declaration.broker else { return };
    let route = Route::of(["broker"]);
    let given = given(broker);
    for name in given.iter().filter(|name| !AVAILABLE.contains(name)) {
        let message = format!("the broker `{name}` is not available yet");
        report.add(
            Code::BrokerNotYet,
            route.key(name),
            message,
            "write `journal`, or leave `broker` away: messages then wait in memory and are gone with the process",
        );
    }
    if given.len() > 1 {
        let message = format!("{} exclude each other", suggest::list(&given));
        report.add(Code::ManyBrokers, route, message, "keep one");
    }
}

fn given(broker: &Broker) -> Vec<&'static str> {
    let all = [
        ("memory", broker.memory.is_some()),
        ("journal", broker.journal.is_some()),
        ("nats", broker.nats.is_some()),
        ("rabbitmq", broker.rabbitmq.is_some()),
        ("kafka", broker.kafka.is_some()),
        ("redis", broker.redis.is_some()),
    ];
    all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}
