//! How `Millstream-Delay` is written: as durations in a pipeline file are.

use crate::problem::Problem;

const UNITS_MS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// The delay in milliseconds: `100ms`, `30s`, `10m`, `24h` or a bare `0`; at most 49 days.
///
/// # Errors
/// 400 for anything else.
pub(super) fn parse(text: &str) -> Result<u32, Problem> {
    milliseconds(text.trim()).ok_or_else(|| {
        let shown: String = text.chars().take(64).collect();
        let accepted = "write it as `100ms`, `30s`, `10m` or `24h`, at most 49 days";
        Problem::malformed(format!("Millstream-Delay `{shown}` is no delay: {accepted}"))
    })
}

fn milliseconds(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    if unit.is_empty() {
        return (number == 0).then_some(0);
    }
    let (_, factor) = UNITS_MS.iter().find(|(name, _)| *name == unit)?;
    u32::try_from(number.checked_mul(*factor)?).ok()
}
