//! What is counted for a plugin.

use std::time::Duration;

use millstream_message::FailureKind;
use millstream_plugin_host::{Metrics, Plugin};

use crate::support::{batch, call, instance, plugin, plugin_with};

/// All subscriptions of `plugin` together.
fn total(plugin: &Plugin) -> Metrics {
    plugin.metrics().iter().fold(Metrics::default(), |sum, (_, one)| sum.and(one))
}

#[tokio::test]
async fn calls_and_messages_are_counted_for_the_subscription_they_were_for() {
    let plugin = plugin("echo_batch").await;
    let mut billing = instance(&plugin).await;
    let mut mail = plugin.instantiate("mail", "orders").await.unwrap();
    call(&mut billing, &batch(&["a", "b", "c"])).await.unwrap();
    call(&mut mail, &batch(&["a"])).await.unwrap();
    call(&mut mail, &batch(&["b"])).await.unwrap();
    let [(first, of_billing), (second, of_mail)] = plugin.metrics().try_into().unwrap();
    assert_eq!((&*first, of_billing.calls, of_billing.messages), ("billing", 1, 3));
    assert_eq!((&*second, of_mail.calls, of_mail.messages), ("mail", 2, 2));
    assert!(of_billing.cpu_time > Duration::ZERO);
    assert!(of_mail.memory > 0 && of_mail.memory == of_mail.memory_peak);
    drop((billing, mail));
    let total = total(&plugin);
    assert_eq!((total.starts, total.instances, total.memory, total.failed()), (2, 0, 0, 0));
}

#[tokio::test]
async fn failures_are_counted_by_kind_and_starts_apart() {
    let plugin = plugin("trap").await;
    for _ in 0..2 {
        call(&mut instance(&plugin).await, &batch(&[""])).await.unwrap_err();
    }
    let seen = total(&plugin);
    assert!(seen.failures().any(|counted| counted == (FailureKind::Trap, 2)), "{seen:?}");
    assert_eq!((seen.failed(), seen.calls, seen.starts, seen.starts_failed), (2, 2, 2, 0));

    let refused = crate::support::plugin("refuse").await;
    refused.instantiate("billing", "orders").await.unwrap_err();
    let seen = total(&refused);
    assert_eq!((seen.starts, seen.starts_failed, seen.failed()), (0, 1, 0));
}

#[tokio::test]
async fn an_instance_that_has_grown_counts_once_as_recycled() {
    let plugin = plugin_with("hoard", |limits| limits.memory = 16 << 20).await;
    let mut instance = instance(&plugin).await;
    call(&mut instance, &batch(&["2"])).await.unwrap();
    assert_eq!(total(&plugin).recycled, 0);
    call(&mut instance, &batch(&["8"])).await.unwrap();
    let seen = total(&plugin);
    assert_eq!((seen.recycled, seen.failed()), (1, 0));
    assert!(seen.memory_peak >= 10 << 20, "{seen:?}");
}

#[tokio::test]
async fn log_records_that_were_left_out_are_counted() {
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());
    let plugin = plugin_with("talk", |limits| limits.log_bytes = 100).await;
    call(&mut instance(&plugin).await, &batch(&["flood"])).await.unwrap();
    let seen = total(&plugin);
    assert!(seen.log_dropped > 900, "{seen:?}");
}
