//! Every limit ends a call when it is passed, not before, and is named by its setting.

use std::time::Duration;

use millstream_message::FailureKind;
use millstream_plugin_host::StartFailure;
use tokio::time::Instant;

use crate::support::{batch, call, failure, instance, plugin_with, text_plugin};

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[tokio::test]
async fn tables_grow_up_to_their_limit_over_all_calls() {
    let plugin = text_plugin("tables", |limits| limits.tables = 5_000).await;
    let mut instance = instance(&plugin).await;
    call(&mut instance, &batch(&["xx"])).await.unwrap();
    call(&mut instance, &batch(&["xxx"])).await.unwrap();
    let failure = call(&mut instance, &batch(&["x"])).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::MemoryLimit);
    assert_eq!(first_line(&failure.message), "limits.tables 5000");
}

#[tokio::test]
async fn tables_are_told_by_their_setting_whatever_it_is() {
    for (tables, asked) in [(40_000, 41), (100_000, 101)] {
        let plugin = text_plugin("tables", |limits| limits.tables = tables).await;
        let failure = failure(&plugin, &[&"x".repeat(asked)]).await;
        assert_eq!(first_line(&failure.message), format!("limits.tables {tables}"));
    }
}

#[tokio::test]
async fn tables_count_as_memory_too() {
    let plugin = text_plugin("tables", |limits| limits.memory = 128 << 10).await;
    let failure = failure(&plugin, &[&"x".repeat(20)]).await;
    assert_eq!(first_line(&failure.message), "limits.memory 128KiB");
}

#[tokio::test]
async fn a_guest_that_passes_its_own_maximum_is_not_told_of_a_limit() {
    let failure = failure(&text_plugin("own_maximum", |_| {}).await, &["x"]).await;
    assert_eq!(failure.kind, FailureKind::Trap, "{failure}");
}

#[tokio::test]
async fn messages_beyond_the_limit_are_told_by_its_setting() {
    let plugin = text_plugin("lists", |limits| {
        limits.output_messages = 3_000;
        limits.batch_output_messages = 5_000;
    })
    .await;
    let mut instance = instance(&plugin).await;
    let answers = call(&mut instance, &batch(&["mmm", "mm"])).await.unwrap();
    assert_eq!(answers.outgoing.len(), 5_000);
    let alone = failure(&plugin, &["mmmm"]).await;
    assert_eq!(alone.kind, FailureKind::OutputLimit);
    assert_eq!(alone.message, "limits.output_messages 3000");
    let together = failure(&plugin, &["mmm", "mmm"]).await;
    assert_eq!(together.message, "limits.batch_output_messages 5000");
}

#[tokio::test]
async fn in_the_batch_world_claimed_messages_are_counted_before_anything_is_allocated() {
    let plugin = plugin_with("lie", |limits| limits.output = 1 << 30).await;
    let failure = failure(&plugin, &["a billion messages"]).await;
    assert_eq!(failure.kind, FailureKind::OutputLimit);
    assert_eq!(failure.message, "limits.output_messages 10000");
}

#[tokio::test]
async fn a_long_list_is_refused_before_it_is_copied() {
    let plugin = text_plugin("lists", |limits| limits.output = 1 << 20).await;
    for kind in ["m", "h"] {
        let failure = failure(&plugin, &[&kind.repeat(1_000)]).await;
        assert_eq!(failure.kind, FailureKind::OutputLimit, "{kind}: {failure}");
        assert_eq!(failure.message, "limits.output 1MiB");
    }
}

#[tokio::test]
async fn what_a_call_writes_is_bounded_however_small_its_pieces_are() {
    let plugin = plugin_with("stderr", |limits| limits.host_data = 100_000).await;
    let mut instance = instance(&plugin).await;
    for _ in 0..3 {
        call(&mut instance, &batch(&["calm"])).await.unwrap();
    }
    let within = failure(&plugin, &[&"x".repeat(100_000)]).await;
    assert_eq!(within.kind, FailureKind::Trap);
    let beyond = failure(&plugin, &[&"x".repeat(100_001)]).await;
    assert_eq!(beyond.kind, FailureKind::OutputLimit);
    assert!(beyond.message.starts_with("limits.host_data 100000 bytes: xxxx"), "{beyond}");
    assert!(beyond.message.contains("backtrace"), "{beyond}");
}

#[tokio::test]
async fn floods_of_random_bytes_and_of_times_cost_the_guest_its_own_time() {
    let plugin = plugin_with("gamble", |limits| limits.timeout = Duration::from_millis(50)).await;
    for what in ["random", "time"] {
        let failure = failure(&plugin, &[what]).await;
        assert_eq!(failure.kind, FailureKind::Timeout, "{what}: {failure}");
        assert_eq!(first_line(&failure.message), "limits.timeout 50ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_the_host_ends_within_20_ms_of_its_deadline() {
    let host = millstream_plugin_host::Host::new(Default::default()).unwrap();
    let bytes = crate::support::text_guest("dawdle");
    let plugin = host.load("dawdle", bytes, Default::default()).await.unwrap();
    let mut instance = instance(&plugin).await;
    let begun = Instant::now();
    call(&mut instance, &batch(&[&"x".repeat(999)])).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(999));
    let begun = Instant::now();
    let failure = call(&mut instance, &batch(&[&"x".repeat(2_000)])).await.unwrap_err();
    assert_eq!(failure.message, "limits.timeout 1s");
    assert!(begun.elapsed() <= Duration::from_millis(1_020), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn in_the_message_world_the_whole_batch_has_its_time() {
    let plugin = text_plugin("dawdle", |limits| {
        limits.timeout = Duration::from_millis(100);
        limits.batch_timeout = Duration::from_millis(300);
    })
    .await;
    let (short, long) = ("x".repeat(90), "x".repeat(200));
    call(&mut instance(&plugin).await, &batch(&[short.as_str(); 3])).await.unwrap();
    let one = failure(&plugin, &[&short, &long]).await;
    assert_eq!(one.message, "limits.timeout 100ms");
    let all = failure(&plugin, &[short.as_str(); 4]).await;
    assert_eq!(all.kind, FailureKind::Timeout);
    assert_eq!(all.message, "limits.batch_timeout 300ms");
}

#[tokio::test]
async fn a_start_function_without_end_ends_at_the_deadline_of_a_batch() {
    let plugin =
        text_plugin("start_loop", |limits| limits.batch_timeout = Duration::from_millis(50)).await;
    let failure = plugin.instantiate("billing", "orders").await.unwrap_err();
    let StartFailure::Timeout(message) = &failure else { panic!("{failure}") };
    assert_eq!(first_line(message), "limits.batch_timeout 50ms");
}
