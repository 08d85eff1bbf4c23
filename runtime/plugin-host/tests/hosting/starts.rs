//! How instances start, and why they may not.

use millstream_plugin_host::{LoadError, PluginSettings, StartFailure};

use crate::support::{batch, call, guest, host, host_with, instance, plugin, plugin_with};

fn settings(config: &str) -> PluginSettings {
    PluginSettings { config: config.parse().unwrap(), ..PluginSettings::default() }
}

#[tokio::test]
async fn a_refused_configuration_is_told_in_the_guests_words() {
    let settings = settings(r#"{"max_total": 10, "name": "x"}"#);
    let plugin = host().load("refuse", guest("refuse"), settings).await.unwrap();
    assert!(plugin.inspection().lifecycle);
    let refused = plugin.instantiate("billing", "orders").await.unwrap_err();
    let words = r#"I do not like {"max_total":10,"name":"x"}"#;
    assert_eq!(refused, StartFailure::ConfigRefused(words.into()));
}

#[tokio::test]
async fn no_configuration_is_an_empty_object() {
    let refused = plugin("refuse").await.instantiate("billing", "orders").await.unwrap_err();
    assert_eq!(refused, StartFailure::ConfigRefused("I do not like {}".into()));
}

#[tokio::test]
async fn configuration_reaches_wasi_config_as_text() {
    let settings = settings(r#"{"a": "plain", "b": 1.5, "c": {"d": [true]}}"#);
    let plugin = host().load("config", guest("config"), settings).await.unwrap();
    let answers = call(&mut instance(&plugin).await, &batch(&["x"])).await.unwrap();
    let payload = answers.outgoing.payloads.get(0);
    assert_eq!(payload, b"a=plain\nb=1.5\nc={\"d\":[true]}");
}

#[tokio::test]
async fn configuration_that_is_no_object_is_refused() {
    let refused = host().load("refuse", guest("refuse"), settings("[1]")).await.unwrap_err();
    assert_eq!(refused, LoadError::Settings("`config` must be an object, not [1]".into()));
}

#[tokio::test]
async fn a_guest_larger_than_its_limit_does_not_start() {
    let plugin = plugin_with("hoard", |limits| limits.memory = 64 << 10).await;
    let failure = plugin.instantiate("billing", "orders").await.unwrap_err();
    assert!(
        matches!(&failure, StartFailure::Memory(text) if text == "limits.memory 64KiB"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_limit_above_the_hosts_is_refused_when_loading() {
    let host = host_with(|settings| settings.memory_max = 1 << 20);
    let loaded = host.load("hoard", guest("hoard"), PluginSettings::default()).await;
    assert!(matches!(loaded, Err(LoadError::Settings(_))), "{loaded:?}");
}

#[tokio::test]
async fn a_full_pool_is_nobodys_failure_and_has_room_again() {
    let host = host_with(|settings| settings.instances_max = 1);
    let plugin = host.load("echo", guest("echo_batch"), PluginSettings::default()).await.unwrap();
    let first = instance(&plugin).await;
    let second = plugin.instantiate("billing", "orders").await.unwrap_err();
    assert_eq!(second, StartFailure::Pool(1));
    drop(first);
    plugin.room("billing").await;
    instance(&plugin).await;
}

#[tokio::test]
async fn every_place_of_the_pool_can_be_used() {
    let host = host_with(|settings| settings.instances_max = 3);
    let plugin = host.load("stderr", guest("stderr"), PluginSettings::default()).await.unwrap();
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(instance(&plugin).await);
    }
    for instance in &mut instances {
        call(instance, &batch(&["calm"])).await.unwrap();
    }
}
