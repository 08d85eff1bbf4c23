//! Guests, hosts and batches for the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use millstream_message::{Answers, Batch, BatchBuilder, MessageId, Outcome};
use millstream_plugin_host::{
    CallFailure, Host, HostSettings, Input, Instance, Limits, Plugin, PluginSettings,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The core module of guest `name`; the guests are built on first use.
pub(crate) fn guest(name: &str) -> Bytes {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(build);
    std::fs::read(folder.join(name).with_extension("wasm")).unwrap().into()
}

/// The core module of guest `name` that is written in the text format.
pub(crate) fn text_guest(name: &str) -> Bytes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/text");
    let mut module = wat::parse_file(folder.join(name).with_extension("wat")).unwrap();
    let mut resolve = Resolve::default();
    resolve.push_source("plugin.wit", include_str!("../../../../sdk/wit/plugin.wit")).unwrap();
    let world = resolve.push_source("world.wit", include_str!("../guests/text/world.wit")).unwrap();
    let world = resolve.select_world(&[world], Some("guest")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module.into()
}

fn build() -> PathBuf {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    let target = guests.join("target");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--examples", "--target", "wasm32-unknown-unknown"])
        .arg("--manifest-path")
        .arg(guests.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env("CARGO_BUILD_BUILD_DIR", shared())
        .status()
        .unwrap();
    assert!(status.success(), "the guests do not build");
    target.join("wasm32-unknown-unknown/release/examples")
}

/// Where cargo keeps what it builds of guests on the way: with all other tests, since most guests need the
/// same crates.
fn shared() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("plugin-builds")
}

pub(crate) fn host() -> Host {
    host_with(|_| {})
}

pub(crate) fn host_with(change: impl FnOnce(&mut HostSettings)) -> Host {
    let mut settings = HostSettings {
        instances_max: 8,
        epoch_tick: Duration::from_millis(2),
        ..HostSettings::default()
    };
    change(&mut settings);
    Host::new(settings).unwrap()
}

pub(crate) async fn plugin_with(name: &str, change: impl FnOnce(&mut Limits)) -> Plugin {
    let mut settings = PluginSettings::default();
    change(&mut settings.limits);
    host().load(name, guest(name), settings).await.unwrap()
}

pub(crate) async fn text_plugin(name: &str, change: impl FnOnce(&mut Limits)) -> Plugin {
    let mut settings = PluginSettings::default();
    change(&mut settings.limits);
    host().load(name, text_guest(name), settings).await.unwrap()
}

pub(crate) async fn plugin(name: &str) -> Plugin {
    plugin_with(name, |_| {}).await
}

pub(crate) async fn instance(plugin: &Plugin) -> Instance {
    plugin.instantiate("billing", "orders").await.unwrap()
}

/// The id of message `i` of every batch here.
pub(crate) fn id(i: usize) -> MessageId {
    MessageId::published(1_700_000_000_000, i as u128)
}

/// A batch of `payloads`, without keys and headers.
pub(crate) fn batch(payloads: &[&str]) -> Batch {
    let mut builder = BatchBuilder::with_capacity(payloads.len(), 0);
    for (i, payload) in payloads.iter().enumerate() {
        builder.push(id(i), 1_700_000_000_000 + i as u64, None, [], payload.as_bytes()).unwrap();
    }
    builder.build()
}

pub(crate) async fn call(instance: &mut Instance, batch: &Batch) -> Result<Answers, CallFailure> {
    let attempts = vec![1; batch.len()];
    instance.call(Input { batch, attempts: &attempts }).await
}

/// Starts `plugin` and calls it with `payloads`, which must fail and end the instance.
pub(crate) async fn failure(plugin: &Plugin, payloads: &[&str]) -> CallFailure {
    let mut instance = instance(plugin).await;
    let failure = call(&mut instance, &batch(payloads)).await.unwrap_err();
    assert!(instance.spent(), "an instance that failed must be replaced");
    assert!(!failure.host_fault, "{failure}");
    failure
}

/// Starts `plugin` and calls it with one message: what it publishes, or the reason it rejects with.
pub(crate) async fn ask(plugin: &Plugin, payload: &str) -> Result<String, String> {
    ask_again(&mut instance(plugin).await, payload).await
}

/// The same of an instance that goes on.
pub(crate) async fn ask_again(instance: &mut Instance, payload: &str) -> Result<String, String> {
    let answers =
        call(instance, &batch(&[payload])).await.map_err(|failure| failure.to_string())?;
    match answers.outcomes[0] {
        Outcome::Ok => Ok(String::from_utf8_lossy(answers.outgoing.payloads.get(0)).into_owned()),
        _ => Err(String::from_utf8_lossy(answers.reasons.get(0)).into_owned()),
    }
}
