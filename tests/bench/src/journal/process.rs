//! What this process takes, from `/proc/self`.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// Processor time of the threads that live.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of all threads, user and system.
    pub(crate) all: Duration,
    /// Of those named `journal`: the writer.
    pub(crate) writer: Duration,
    /// Of those named `care`: checkpoints.
    pub(crate) care: Duration,
}

impl Cpu {
    /// Up to now.
    pub(crate) fn now() -> anyhow::Result<Self> {
        let mut cpu = Self::default();
        for task in fs::read_dir("/proc/self/task")? {
            // A thread may end while it is looked at.
            let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
            let (name, time) = read(&stat).context("/proc/self/task is not as it was")?;
            cpu.all += time;
            match name {
                "journal" => cpu.writer += time,
                "care" => cpu.care += time,
                _ => {}
            }
        }
        Ok(cpu)
    }

    /// Since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            all: self.all.saturating_sub(earlier.all),
            writer: self.writer.saturating_sub(earlier.writer),
            care: self.care.saturating_sub(earlier.care),
        }
    }
}

/// Name and time of a thread: the name stands in brackets, and what follows is counted from the
/// third field.
fn read(stat: &str) -> Option<(&str, Duration)> {
    /// What the kernel counts in, on every machine that Linux runs on today.
    const TICKS_PER_SECOND: f64 = 100.0;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)?;
    Some((name, Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND)))
}

/// Memory of this process in bytes: now, and the most there ever was.
pub(crate) fn memory() -> anyhow::Result<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
        Some(kib << 10)
    };
    field("VmRSS").zip(field("VmHWM")).context("/proc/self/status does not tell the memory")
}
