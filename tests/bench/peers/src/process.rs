//! Processor time of processes, from `/proc`.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;

/// User and system time of `root` and of all that descend from it, ended children included.
///
/// # Errors
/// When `root` is gone.
pub(crate) fn tree_cpu(root: u32) -> anyhow::Result<Duration> {
    let processes: HashMap<u32, Figures> =
        pids()?.filter_map(|pid| Some((pid, read(pid)?))).collect();
    anyhow::ensure!(processes.contains_key(&root), "the process {root} has ended");
    let ticks = processes.iter().filter(|(pid, _)| descends(**pid, root, &processes));
    Ok(to_time(ticks.map(|(_, one)| one.ticks + one.ended_children_ticks).sum()))
}

/// User and system time of this process.
///
/// # Errors
/// When `/proc` is not there.
pub(crate) fn own_cpu() -> anyhow::Result<Duration> {
    let own = read(std::process::id()).context("/proc does not tell about this process")?;
    Ok(to_time(own.ticks))
}

/// User and system time of all processes, whoever started them.
///
/// # Errors
/// When `/proc` is not there.
pub(crate) fn machine_cpu() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").context("/proc/stat cannot be read")?;
    // `cpu`, then user, nice, system; idle time and interrupts follow.
    let fields = stat.split_whitespace().skip(1).take(3).map(str::parse::<u64>);
    Ok(to_time(fields.sum::<Result<u64, _>>().context("/proc/stat is not as it was")?))
}

struct Figures {
    parent: u32,
    ticks: u64,
    ended_children_ticks: u64,
}

fn pids() -> anyhow::Result<impl Iterator<Item = u32>> {
    let entries = std::fs::read_dir("/proc").context("/proc cannot be listed")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// Nothing where the process has ended meanwhile. The name, which may hold anything, ends at the
/// last `)`; the fields after it are counted from the third.
fn read(pid: u32) -> Option<Figures> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Figures {
        parent: u32::try_from(field(4)?).ok()?,
        ticks: field(14)? + field(15)?,
        ended_children_ticks: field(16)? + field(17)?,
    })
}

/// Whether `root` is found upwards of `pid`. A chain is never longer than there are processes.
fn descends(mut pid: u32, root: u32, processes: &HashMap<u32, Figures>) -> bool {
    for _ in 0..processes.len() {
        if pid == root {
            return true;
        }
        match processes.get(&pid) {
            Some(one) => pid = one.parent,
            None => return false,
        }
    }
    false
}

fn to_time(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
