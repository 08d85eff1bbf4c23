//! The one table.

use std::fmt::Write;

use crate::contender::{Figure, Row};

const HEAD: &str = "\
| echo of 200 bytes, one core | ns/message | ÷ Millstream, handed on | ÷ Millstream, written anew | aim |
|---|---|---|---|---|
";

/// How each row is called, and how many times as much as ours it is to be.
const ROWS: [(Row, &str, &str); 6] = [
    (Row::HandedOn, "Millstream, 256 a call, handed on; key and 2 headers", "–"),
    (Row::WrittenAnew, "Millstream, 256 a call, each part written anew; key and 2 headers", "–"),
    (Row::Single, "Millstream, 1 a call, handed on; key and 2 headers", "–"),
    (Row::SmartModule, "fluvio-smartengine 0.50.1, 256 a call, map; key", "≥ 20"),
    (Row::ExtismSingle, "Extism 1.41.0, 1 a call; payload only", "≥ 50"),
    (Row::ExtismBatch, "Extism 1.41.0, 256 a call, length in front of each; payload only", "≥ 5"),
];

/// Medians over the rounds; ratios are medians of the ratios within a round.
pub(crate) fn table(rounds: &[Vec<Figure>]) -> String {
    let mut text = HEAD.to_owned();
    for (row, name, aim) in ROWS {
        let time = median(times(rounds, row));
        let [handed_on, anew] =
            [Row::HandedOn, Row::WrittenAnew].map(|ours| ratio(rounds, row, ours));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {time:.0} | {handed_on:.1} | {anew:.1} | {aim} |");
    }
    text
}

/// The median of `row`'s time by that of `ours` in the same round.
fn ratio(rounds: &[Vec<Figure>], row: Row, ours: Row) -> f64 {
    let pairs = times(rounds, row).zip(times(rounds, ours));
    median(pairs.map(|(theirs, ours)| theirs / ours))
}

fn times(rounds: &[Vec<Figure>], row: Row) -> impl Iterator<Item = f64> {
    rounds.iter().flatten().filter(move |figure| figure.row == row).map(|figure| figure.time)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What the figures were taken on.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("Machine:{}, load {load} at the start\n", model.trim_start_matches(['\t', ':']))
}
