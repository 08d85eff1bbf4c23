//! What a guest logs names itself, its subscription and its message, and is bounded.

use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::support::{batch, call, id, instance, plugin};

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
    let plugin = plugin(name).await;
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

#[tokio::test]
async fn a_flood_of_records_is_cut_and_counted() {
    let lines = logged("talk", &["flood"]).await;
    assert_eq!(lines.len(), 16 + 1);
    let last = lines.last().unwrap();
    assert!(last.contains("WARN") && last.contains("dropped=984"), "{last}");
}

#[tokio::test]
async fn what_a_guest_writes_to_stderr_is_logged() {
    let lines = logged("stderr", &["calm"]).await;
    assert_eq!(lines, ["DEBUG plugin: calm plugin=stderr subscription=billing stream=\"stderr\""]);
}
