//! Figures as Markdown tables.

use std::time::Duration;

/// What the figures were taken on.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Machine: {cores} cores,{}\n", model.trim_start_matches(['\t', ':']))
}

/// The median of `values`.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The duration below which `share` of the sorted `durations` lie, in microseconds.
pub(crate) fn percentile(durations: &[Duration], share: f64) -> f64 {
    let place = ((durations.len() as f64 * share) as usize).min(durations.len().saturating_sub(1));
    durations.get(place).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e6)
}
