//! Instances that have had enough are replaced between two calls, and no message is charged.

use millstream_message::FailureKind;

use crate::support::{batch, call, failure, instance, plugin_with, text_plugin};

#[tokio::test]
async fn an_instance_that_gives_no_handle_back_is_replaced_before_it_fails() {
    let plugin = text_plugin("leak", |_| {}).await;
    let mut leaking = instance(&plugin).await;
    // Each pollable is two of the resources that an instance may hold a thousand of.
    let batch = batch(&[&"x".repeat(100)]);
    for _ in 0..2 {
        call(&mut leaking, &batch).await.unwrap();
        assert!(!leaking.spent());
    }
    call(&mut leaking, &batch).await.unwrap();
    assert!(leaking.spent());
}

#[tokio::test]
async fn handles_taken_without_end_in_one_call_are_its_own_failure() {
    let failure = failure(&text_plugin("leak", |_| {}).await, &[&"x".repeat(2_000)]).await;
    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(failure.message.contains("resource table"), "{failure}");
}

#[tokio::test]
async fn growth_ends_an_instance_however_far_its_limit_is() {
    let plugin = plugin_with("hoard", |limits| limits.memory = 1 << 30).await;
    let mut growing = instance(&plugin).await;
    for _ in 0..4 {
        call(&mut growing, &batch(&["10"])).await.unwrap();
        assert!(!growing.spent());
    }
    call(&mut growing, &batch(&["10"])).await.unwrap();
    assert!(growing.spent());
    // It grew within a few calls, so that it needs what it took: the next one may take more.
    let mut next = instance(&plugin).await;
    call(&mut next, &batch(&["50"])).await.unwrap();
    assert!(!next.spent());
}
