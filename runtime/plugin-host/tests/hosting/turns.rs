//! Guests take turns: a busy plugin holds up nobody, and waiting is no guest's fault.

use std::time::Duration;

use millstream_plugin_host::{Host, Metrics, Plugin, PluginSettings};
use tokio::task::JoinSet;

use crate::support::{batch, call, guest, host_with, instance};

const TICK: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_secs(3_600);

/// A host in which one guest runs at a time, with places for many.
fn host() -> Host {
    host_with(|settings| {
        settings.running_max = 1;
        settings.instances_max = 80;
        settings.epoch_tick = TICK;
    })
}

async fn load(host: &Host, name: &str, timeout: Duration) -> Plugin {
    let mut settings = PluginSettings::default();
    settings.limits.timeout = timeout;
    host.load(name, guest(name), settings).await.unwrap()
}

/// Starts `workers` calls of `plugin` that never end, and waits until one of them runs.
async fn spin(plugin: &Plugin, workers: usize) -> JoinSet<()> {
    let mut instances = Vec::new();
    for _ in 0..workers {
        instances.push(instance(plugin).await);
    }
    let mut spinning = JoinSet::new();
    let begun = metrics(plugin).cpu_time;
    for mut instance in instances {
        spinning.spawn(async move { drop(call(&mut instance, &batch(&["x"])).await) });
    }
    while metrics(plugin).cpu_time == begun {
        tokio::task::yield_now().await;
    }
    spinning
}

fn metrics(plugin: &Plugin) -> Metrics {
    plugin.metrics()[0].1
}

/// The executor's queue used to decide who runs: 64 loops had 64 places in it, and each call of
/// another plugin waited for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_with_64_endless_calls_does_not_hold_up_another() {
    const CALLS: u32 = 20;
    let host = host();
    let (endless, echo) = (load(&host, "endless", LONG).await, host_echo(&host).await);
    let mut healthy = instance(&echo).await;
    let _spinning = spin(&endless, 64).await;
    let before = metrics(&endless).cpu_time;
    for _ in 0..CALLS {
        call(&mut healthy, &batch(&["a"])).await.unwrap();
    }
    let taken = metrics(&endless).cpu_time - before;
    // One or two ticks pass until a loop yields. A round of all 64 would take 64.
    assert!(taken < TICK * CALLS * 16, "{taken:?} for {CALLS} calls");
    assert!(metrics(&echo).queue_wait > Duration::ZERO);
}

async fn host_echo(host: &Host) -> Plugin {
    host.load("echo", guest("echo_batch"), PluginSettings::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_has_its_whole_time_however_long_it_waits_for_its_turns() {
    const LIMIT: Duration = Duration::from_millis(60);
    let host = host();
    let mut others = Vec::new();
    for _ in 0..5 {
        let other = load(&host, "endless", LONG).await;
        let spinning = spin(&other, 1).await;
        others.push((other, spinning));
    }
    let judged = load(&host, "endless", LIMIT).await;
    let mut guest = instance(&judged).await;
    let before = metrics(&judged).cpu_time;
    let failure = call(&mut guest, &batch(&["x"])).await.unwrap_err();
    assert_eq!(failure.message.lines().next(), Some("limits.timeout 60ms"));
    assert!(failure.message.contains("run_for_ever"), "where it was is told: {failure}");
    // Its share of the one thread was a sixth.
    let (ran, waited) = (metrics(&judged).cpu_time - before, metrics(&judged).queue_wait);
    assert!(ran >= LIMIT * 2 / 3, "it ran for {ran:?} and waited for {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_leaves_its_turn_to_others() {
    let host = host();
    let (endless, echo) = (load(&host, "endless", LONG).await, host_echo(&host).await);
    let mut healthy = instance(&echo).await;
    let mut spinning = spin(&endless, 3).await;
    spinning.shutdown().await;
    call(&mut healthy, &batch(&["a"])).await.unwrap();
    assert_eq!(metrics(&endless).instances, 0);
}
