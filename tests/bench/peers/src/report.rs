//! The one table.

use std::fmt::Write;

use crate::contender::Contender;
use crate::measure::Round;
use crate::{disk, millstream};

const HEAD: &str = "\
| 200 bytes, acknowledged = on disk | many in flight: messages/s (lowest – highest) | Millstream's rate ÷ this | broker CPU µs/message | client CPU µs/message | one at a time: p50 / p99 ms | p50 ÷ disk's | how |
|---|---|---|---|---|---|---|---|
";

/// Medians over the rounds; ratios are medians of the ratios within a round.
pub(crate) fn table(contenders: &[Contender]) -> String {
    let rounds_of =
        |name| contenders.iter().find(|one| one.entry.name == name).map(|one| &one.rounds[..]);
    let ours = rounds_of(millstream::NAME).unwrap_or_default();
    let disk = rounds_of(disk::NAME).unwrap_or_default();
    let mut text = HEAD.to_owned();
    for contender in contenders {
        text.push_str(&row(contender, ours, disk));
    }
    text + &others(contenders)
}

/// From this share of the processors on, others disturb.
const QUIET_PERCENT_MAX: f64 = 5.0;

/// Whether the machine was quiet enough for the figures to mean something.
fn others(contenders: &[Contender]) -> String {
    let shares = || contenders.iter().flat_map(|one| &one.rounds).map(|round| round.others * 100.0);
    let (middle, worst) = (median(shares()), shares().fold(0.0, f64::max));
    let advice = if middle > QUIET_PERCENT_MAX { " Measure again when it is quiet." } else { "" };
    format!(
        "\nOther processes used {middle:.1} % of the processors in the median turn, \
         {worst:.1} % in the worst.{advice}\n"
    )
}

fn row(contender: &Contender, ours: &[Round], disk: &[Round]) -> String {
    let (entry, rounds) = (&contender.entry, &contender.rounds[..]);
    if let Err(reason) = &contender.state {
        let reason = format!("{reason:#}").replace(['|', '\n'], " ");
        return format!(
            "| {} | skipped: {reason} | – | – | – | – | – | {} |\n",
            entry.label, entry.settings
        );
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let rates = || rounds.iter().map(|round| round.rate);
    let mut row = format!("| {} | ", entry.label);
    // Writing to a string cannot fail.
    let _ = write!(
        row,
        "{} ({} – {}) | {} | {} | {:.2} | {:.2} / {:.2} | {} | {} |",
        grouped(of(|round| round.rate)),
        grouped(rates().fold(f64::INFINITY, f64::min)),
        grouped(rates().fold(0.0, f64::max)),
        ratio(ours, rounds, |round| round.rate),
        optional(median(rounds.iter().filter_map(|round| round.broker_us))),
        of(|round| round.client_us),
        of(|round| round.p50),
        of(|round| round.p99),
        ratio(rounds, disk, |round| round.p50),
        entry.settings,
    );
    row.push('\n');
    row
}

/// The median of `one`'s figure by `other`'s in the same round.
fn ratio(one: &[Round], other: &[Round], figure: fn(&Round) -> f64) -> String {
    optional(median(one.iter().zip(other).map(|(one, other)| figure(one) / figure(other))))
}

fn optional(value: f64) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.2}") }
}

/// The middle one, or the mean of the middle two; not a number where there is none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len().is_multiple_of(2)) {
        (Some(upper), true) => (values[middle - 1] + upper) / 2.0,
        (Some(one), false) => *one,
        (None, _) => f64::NAN,
    }
}

/// To the unit, with commas between the thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
