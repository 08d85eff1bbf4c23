//! What the figures were taken on.

use std::path::Path;

use anyhow::Context;

/// Processor, cores, memory, kernel, the file system that holds `dir`, and how busy all is.
///
/// # Errors
/// When `/proc` is not there.
pub(crate) fn describe(dir: &Path) -> anyhow::Result<String> {
    let dir = dir.canonicalize()?;
    let (kind, device) = file_system(&dir)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "Machine: {}, {cores} cores, {:.1} GiB of memory, Linux {}, {kind} on {device}, load {} at the start\n",
        value("/proc/cpuinfo", "model name")?,
        memory_kib()? / (1024.0 * 1024.0),
        read("/proc/sys/kernel/osrelease")?.trim(),
        read("/proc/loadavg")?.split(' ').next().unwrap_or_default(),
    );
    if kind == "tmpfs" {
        text.push_str("This is no disk: fdatasync does nothing here. Use `--dir`.\n");
    }
    Ok(text)
}

fn memory_kib() -> anyhow::Result<f64> {
    let value = value("/proc/meminfo", "MemTotal")?;
    let kib = value.split(' ').next().unwrap_or_default();
    kib.parse().with_context(|| format!("`{value}` is no amount of memory"))
}

/// Kind and device of the mount that holds `dir`: the last one with the longest path, since a later
/// mount hides an earlier one.
fn file_system(dir: &Path) -> anyhow::Result<(String, String)> {
    let mounts = read("/proc/self/mounts")?;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holders = fields.filter(|one| one.len() > 2 && dir.starts_with(one[1]));
    let mount = holders.max_by_key(|one| one[1].len()).context("no mount holds the folder")?;
    Ok((mount[2].to_owned(), mount[0].to_owned()))
}

/// What stands after `name` and a colon.
fn value(path: &str, name: &str) -> anyhow::Result<String> {
    let text = read(path)?;
    let line = text.lines().find(|line| line.starts_with(name));
    let (_, value) = line.and_then(|line| line.split_once(':')).unwrap_or(("", "unknown"));
    Ok(value.trim().to_owned())
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))
}
