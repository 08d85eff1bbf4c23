//! How many instances a plugin may have, and who gets them.

use millstream_plugin_host::{PluginSettings, StartFailure};

use crate::support::{guest, host_with, plugin_with};

#[tokio::test]
async fn instances_beyond_the_limit_wait_and_nobody_is_to_blame() {
    let plugin = plugin_with("echo_batch", |limits| limits.instances = Some(2)).await;
    let first = plugin.instantiate("billing", "orders").await.unwrap();
    let _second = plugin.instantiate("billing", "orders").await.unwrap();
    let third = plugin.instantiate("billing", "orders").await.unwrap_err();
    assert_eq!(third, StartFailure::Instances(2));
    assert_eq!(third.to_string(), "limits.instances 2: all are taken");
    drop(first);
    plugin.room("billing").await;
    plugin.instantiate("billing", "orders").await.unwrap();
}

#[tokio::test]
async fn a_subscription_that_lost_its_only_instance_gets_the_place_back() {
    let plugin = plugin_with("echo_batch", |limits| limits.instances = Some(3)).await;
    let audit = plugin.instantiate("audit", "orders").await.unwrap();
    let _first = plugin.instantiate("billing", "orders").await.unwrap();
    let _second = plugin.instantiate("billing", "orders").await.unwrap();
    drop(audit);
    let third = plugin.instantiate("billing", "orders").await.unwrap_err();
    assert_eq!(third, StartFailure::Instances(3));
    plugin.room("audit").await;
    plugin.instantiate("audit", "orders").await.unwrap();
}

#[tokio::test]
async fn a_plugin_cannot_take_the_place_that_another_ones_subscription_needs() {
    let host = host_with(|settings| settings.instances_max = 2);
    let load = || host.load("echo", guest("echo_batch"), PluginSettings::default());
    let (one, two) = (load().await.unwrap(), load().await.unwrap());
    drop(one.instantiate("audit", "orders").await.unwrap());
    let _first = two.instantiate("billing", "orders").await.unwrap();
    assert_eq!(
        two.instantiate("billing", "orders").await.unwrap_err(),
        StartFailure::Pool(2),
        "the free place is kept for `audit`"
    );
    drop(one);
    two.instantiate("billing", "orders").await.unwrap();
}
