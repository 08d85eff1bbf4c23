//! What a guest logs names itself, its subscription and its message, and is bounded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use millstream_plugin_host::{Limits, LogRate};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{batch, call, id, instance, plugin_with};

/// Collects formatted log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What guest `name` logs when called with `payloads`: only lines with target `plugin`.
async fn logged(name: &str, payloads: &[&str]) -> Vec<String> {
    logged_within(name, payloads, |_| {}).await
}

async fn logged_within(
    name: &str,
    payloads: &[&str],
    change: impl FnOnce(&mut Limits),
) -> Vec<String> {
    let plugin = plugin_with(name, change).await;
    let mut instance = instance(&plugin).await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .without_time()
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    call(&mut instance, &batch(payloads)).await.unwrap();
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().filter(|line| line.contains(" plugin: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_record_names_plugin_subscription_and_the_message_it_is_about() {
    let lines = logged("talk", &["a", "b"]).await;
    let expected = |i: usize| {
        format!(
            " INFO plugin: handled plugin=talk subscription=billing message_id={} \
             fields=\"order_id=o{i} note=\\\"two words\\\"\"",
            id(i)
        )
    };
    assert_eq!(lines, [expected(0), expected(1)]);
}

fn dropped(lines: &[String]) -> &str {
    let last = lines.last().unwrap();
    assert!(last.contains("WARN") && last.contains("log records dropped"), "{last}");
    last.split_once("dropped=").unwrap().1
}

#[tokio::test]
async fn a_flood_of_records_is_cut_at_the_rate_and_counted() {
    let hour = Duration::from_secs(3_600);
    let rate = |limits: &mut Limits| limits.log_rate = LogRate { records: 16, per: hour };
    let lines = logged_within("talk", &["flood"], rate).await;
    assert_eq!((lines.len(), dropped(&lines)), (16 + 1, "984"));
}

#[tokio::test]
async fn the_text_of_a_calls_records_is_bounded_and_the_rest_is_counted() {
    // `handled` and its two fields take 35 bytes.
    let lines = logged_within("talk", &["flood"], |limits| limits.log_bytes = 100).await;
    assert_eq!((lines.len(), dropped(&lines)), (2 + 1, "998"));
}

#[tokio::test]
async fn records_beyond_what_may_be_handed_over_are_dropped_and_fail_nothing() {
    let lines = logged_within("talk", &["flood"], |limits| limits.host_data = 1_000).await;
    assert!((10..30).contains(&lines.len()), "{}", lines.len());
    assert_eq!(dropped(&lines), (1_000 - (lines.len() - 1)).to_string());
}

#[tokio::test]
async fn what_a_guest_writes_to_stderr_is_logged() {
    let lines = logged("stderr", &["calm"]).await;
    assert_eq!(lines, ["DEBUG plugin: calm plugin=stderr subscription=billing stream=\"stderr\""]);
}
