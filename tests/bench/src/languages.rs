//! What a language costs: the same plugin, `delays`, in each that this machine has built it in, by the
//! flights of a week.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use millstream_message::{Batch, BatchBuilder, MessageId};
use millstream_plugin_host::{Host, HostSettings, Input, Instance, Plugin, PluginSettings};
use millstream_tests::{EXAMPLES, Example, Project, recommended_memory, repository, week};
use serde_json::json;
use tokio::runtime::Builder;

use crate::load::BATCH;
use crate::table::{machine, median};

/// By this name the program writes the table instead of printing all there is.
pub(crate) const FIGURES: &str = "figures";
/// Interleaved rounds; the median is reported.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(200);
/// Loads from the cache, and starts of an instance, of which the median is reported.
const STARTS: usize = 31;

/// What was found of one language.
struct Row {
    example: &'static Example,
    size: usize,
    compile: f64,
    cached: f64,
    start: f64,
    at_rest: u64,
    plugin: Plugin,
    times: Vec<f64>,
}

/// Prints the table.
pub(crate) fn report() -> anyhow::Result<()> {
    println!("{}", table()?);
    Ok(())
}

/// The table, in Markdown. Compiling takes all cores, the rest one.
fn table() -> anyhow::Result<String> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cache = Project::new();
        let mut rows = Vec::new();
        for example in EXAMPLES.iter() {
            match component(example) {
                Some(bytes) => rows.push(row(example, bytes, cache.folder()).await?),
                None => eprintln!("SKIPPED: plugins/{} is not built", example.plugin),
            }
        }
        crate::pin_to_one_core()?;
        handle(&mut rows).await?;
        Ok(shown(&rows))
    })
}

/// The built plugin of a language.
fn component(example: &Example) -> Option<Bytes> {
    let name = example.plugin;
    let path = repository().join("plugins").join(name).join(format!("build/{name}.wasm"));
    std::fs::read(path).ok().map(Bytes::from)
}

async fn row(example: &'static Example, bytes: Bytes, cache: &Path) -> anyhow::Result<Row> {
    let size = bytes.len();
    let (compile, plugin) = load(example, &bytes, cache).await?;
    let mut cached = Vec::new();
    for _ in 0..STARTS {
        cached.push(load(example, &bytes, cache).await?.0);
    }
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        black_box(instance(&plugin).await?);
        starts.push(start.elapsed().as_secs_f64());
    }
    let at_rest = at_rest(&plugin).await?;
    let (cached, start) = (median(cached), median(starts));
    Ok(Row { example, size, compile, cached, start, at_rest, plugin, times: Vec::new() })
}

/// The plugin, and the seconds that it took to get it: compiled, unless the cache holds it.
async fn load(example: &Example, bytes: &Bytes, cache: &Path) -> anyhow::Result<(f64, Plugin)> {
    let host = Host::new(HostSettings { cache: Some(cache.into()), ..HostSettings::default() })?;
    let settings = PluginSettings { config: json!({}), ..PluginSettings::default() };
    let start = Instant::now();
    let plugin = host.load(example.plugin, bytes.clone(), settings).await?;
    Ok((start.elapsed().as_secs_f64(), plugin))
}

async fn instance(plugin: &Plugin) -> anyhow::Result<Instance> {
    Ok(plugin.instantiate("bench", "departures").await?)
}

/// What an instance takes before its first message.
async fn at_rest(plugin: &Plugin) -> anyhow::Result<u64> {
    let _instance = instance(plugin).await?;
    Ok(plugin.metrics().iter().map(|(_, metrics)| metrics.memory).sum())
}

/// The time of a message in each language, round by round.
async fn handle(rows: &mut [Row]) -> anyhow::Result<()> {
    let batches = flights()?;
    for _ in 0..ROUNDS {
        for row in &mut *rows {
            row.times.push(round(&row.plugin, &batches).await?);
        }
    }
    Ok(())
}

/// Nanoseconds per message of one instance, which is replaced as a worker would replace it.
async fn round(plugin: &Plugin, batches: &[Batch]) -> anyhow::Result<f64> {
    let attempts = vec![1; BATCH];
    let mut instance = instance(plugin).await?;
    let (start, mut calls) = (Instant::now(), 0);
    for batch in batches.iter().cycle() {
        black_box(instance.call(Input { batch, attempts: &attempts }).await?);
        calls += 1;
        if start.elapsed() >= ROUND {
            break;
        }
        if instance.spent() {
            instance = self::instance(plugin).await?;
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / (calls * BATCH) as f64)
}

/// The week in full batches.
fn flights() -> anyhow::Result<Vec<Batch>> {
    let week = week();
    let lines: Vec<&[u8]> = week.split(|byte| *byte == b'\n').collect();
    let batches = lines.chunks_exact(BATCH).map(|lines| -> anyhow::Result<Batch> {
        let mut batch = BatchBuilder::with_capacity(BATCH, lines.iter().map(|one| one.len()).sum());
        for (serial, line) in (1..).zip(lines) {
            let id = MessageId::published(1_700_000_000_000, serial);
            batch.push(id, 1_700_000_000_000, Some("UA"), [], line)?;
        }
        Ok(batch.build())
    });
    batches.collect()
}

fn shown(rows: &[Row]) -> String {
    let mut text = "| language | component | compile | cached load | start of an instance | memory at rest \
             | `limits.memory` | per message | beside Rust |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let rust = rows.first().map_or(f64::NAN, |row| median(row.times.clone()));
    for row in rows {
        text += &line(row, rust);
    }
    text
}

fn line(row: &Row, rust: f64) -> String {
    let time = median(row.times.clone());
    format!(
        "| {} | {} KiB | {:.2} s | {:.1} ms | {:.0} µs | {:.1} MiB | {} | {:.2} µs | {:.1}x |\n",
        row.example.language,
        row.size >> 10,
        row.compile,
        row.cached * 1e3,
        row.start * 1e6,
        row.at_rest as f64 / f64::from(1 << 20),
        recommended_memory(row.example.toolchain),
        time / 1e3,
        time / rust,
    )
}

/// Writes the table into `sdk/README.md`, between the lines that mark its place.
pub(crate) fn write() -> anyhow::Result<()> {
    let path = repository().join("sdk/README.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (before, rest) = text.split_once(BEGIN).context("sdk/README.md marks no place")?;
    let (_, after) = rest.split_once(END).context("sdk/README.md does not end the place")?;
    // Before it is held to one core.
    let machine = machine();
    let table = table()?;
    print!("{table}");
    let text = format!("{before}{BEGIN}\n{machine}\n{table}{END}{after}");
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

const BEGIN: &str = "<!-- figures: by `make figures` -->";
const END: &str = "<!-- end of the figures -->";
