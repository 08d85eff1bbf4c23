//! How a guest's failure reads: what kind, which setting, in whose words, where.

use std::time::{Duration, Instant};

use millstream_message::FailureKind;
use millstream_plugin_host::FAILURE_BYTES_MAX;

use crate::support::{batch, call, failure, instance, plugin, plugin_with};

#[tokio::test]
async fn a_trap_is_told_in_the_words_of_the_last_error_with_a_backtrace() {
    let failure = failure(&plugin("trap").await, &["the order has no total"]).await;
    assert_eq!(failure.kind, FailureKind::Trap);
    let lines: Vec<&str> = failure.message.lines().collect();
    assert_eq!(lines[0], "the order has no total");
    assert_eq!(lines[1], "wasm trap: wasm `unreachable` instruction executed");
    assert!(failure.message.contains("fall_into_the_pit"), "{}", failure.message);
}

#[tokio::test]
async fn a_trap_without_words_is_told_in_the_engines() {
    let failure = failure(&plugin("trap").await, &[""]).await;
    let first = failure.message.lines().next().unwrap();
    assert_eq!(first, "wasm trap: wasm `unreachable` instruction executed");
}

#[tokio::test]
async fn words_without_end_are_cut_and_leave_room_for_the_backtrace() {
    let words = "é".repeat(FAILURE_BYTES_MAX);
    let failure = failure(&plugin("trap").await, &[&words]).await;
    assert!(failure.message.len() <= FAILURE_BYTES_MAX);
    assert!(failure.message.contains("fall_into_the_pit"));
}

#[tokio::test]
async fn what_a_guest_wrote_to_stderr_is_its_words() {
    let failure = failure(&plugin("stderr").await, &["panicked at orders.go:12\n"]).await;
    assert_eq!(failure.kind, FailureKind::Trap);
    assert_eq!(failure.message.lines().next(), Some("panicked at orders.go:12"));
}

#[tokio::test]
async fn words_of_an_earlier_call_are_not_those_of_this_one() {
    for name in ["stderr", "trap"] {
        let plugin = plugin(name).await;
        let mut instance = instance(&plugin).await;
        call(&mut instance, &batch(&["calm"])).await.unwrap();
        let failure = call(&mut instance, &batch(&[""])).await.unwrap_err();
        assert!(failure.message.starts_with("wasm trap"), "{name}: {}", failure.message);
    }
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_deadline_and_says_where_it_was() {
    let plugin = plugin_with("endless", |limits| limits.timeout = Duration::from_millis(50)).await;
    let begun = Instant::now();
    let failure = failure(&plugin, &["one"]).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message.lines().next(), Some("limits.timeout 50ms"));
    assert!(failure.message.contains("run_for_ever"), "{}", failure.message);
    // Generous: the machine may be busy. The loop itself would never end.
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_batch_has_a_deadline_of_its_own() {
    let plugin =
        plugin_with("endless", |limits| limits.batch_timeout = Duration::from_millis(40)).await;
    let failure = failure(&plugin, &["one", "two"]).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message.lines().next(), Some("limits.batch_timeout 40ms"));
}

#[tokio::test]
async fn a_guest_in_a_loop_lets_others_run() {
    let plugin = plugin_with("endless", |limits| limits.timeout = Duration::from_secs(3_600)).await;
    let mut instance = instance(&plugin).await;
    let batch = batch(&["one"]);
    // On this runtime's one thread the loop would starve the other branch if it did not yield.
    tokio::select! {
        biased;
        _ = call(&mut instance, &batch) => unreachable!("it never ends"),
        () = tokio::task::yield_now() => {}
    }
    assert!(instance.spent(), "a call that was dropped leaves the guest half way");
}

#[tokio::test]
async fn a_guest_that_waits_in_the_host_ends_at_its_deadline_too() {
    let plugin = plugin_with("sleep", |limits| limits.timeout = Duration::from_millis(50)).await;
    let failure = failure(&plugin, &["one"]).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message, "limits.timeout 50ms");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_told_by_its_setting() {
    let plugin = plugin_with("hoard", |limits| limits.memory = 16 << 20).await;
    let failure = failure(&plugin, &["20"]).await;
    assert_eq!(failure.kind, FailureKind::MemoryLimit);
    assert_eq!(failure.message.lines().next(), Some("limits.memory 16MiB"));
    assert!(failure.message.contains("backtrace"), "{}", failure.message);
}

#[tokio::test]
async fn a_guest_that_has_grown_is_replaced_before_it_fails() {
    let plugin = plugin_with("hoard", |limits| limits.memory = 16 << 20).await;
    let mut instance = instance(&plugin).await;
    call(&mut instance, &batch(&["2"])).await.unwrap();
    assert!(!instance.spent());
    call(&mut instance, &batch(&["8"])).await.unwrap();
    assert!(instance.spent());
}

#[tokio::test]
async fn output_beyond_the_limit_is_told_by_its_setting() {
    let plugin = plugin_with("flood", |limits| {
        limits.output = 1_000;
        limits.batch_output = 2 << 20;
    })
    .await;
    call(&mut instance(&plugin).await, &batch(&["1000"])).await.unwrap();
    let just_over = failure(&plugin, &["1100"]).await;
    assert_eq!(just_over.kind, FailureKind::OutputLimit);
    assert_eq!(just_over.message, "limits.output 1000 bytes");
    // So much that it is refused before it is copied.
    let far_over = failure(&plugin, &["10000000"]).await;
    assert_eq!(far_over.kind, FailureKind::OutputLimit);
    assert_eq!(far_over.message.lines().next(), Some("limits.output 1000 bytes"));
    let batch = failure(&plugin, &["30000", "00"]).await;
    assert_eq!(batch.message.lines().next(), Some("limits.batch_output 2MiB"));
}

#[tokio::test]
async fn in_the_message_world_each_message_and_all_together_have_a_limit() {
    let plugin = plugin_with("echo_message", |limits| {
        limits.output = 1_000;
        limits.batch_output = 2_000;
    })
    .await;
    let (small, large) = ("x".repeat(700), "x".repeat(1_100));
    call(&mut instance(&plugin).await, &batch(&[&small, &small])).await.unwrap();
    let alone = failure(&plugin, &["a", &large]).await;
    assert_eq!(alone.message, "limits.output 1000 bytes");
    let together = failure(&plugin, &[&small, &small, &small]).await;
    assert_eq!(together.message, "limits.batch_output 2000 bytes");
}

#[tokio::test]
async fn a_spent_instance_blames_the_host_for_being_called() {
    let plugin = plugin("trap").await;
    let mut instance = instance(&plugin).await;
    call(&mut instance, &batch(&[""])).await.unwrap_err();
    let again = call(&mut instance, &batch(&["calm"])).await.unwrap_err();
    assert!(again.host_fault, "{again}");
}
