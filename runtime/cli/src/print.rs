//! Results on stdout: tables for people, documents for programs.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;
use serde::Serialize;

use crate::failure::Failure;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
}

/// Writes `text` and a line end to stdout. A reader that has seen enough (`| head`) is no fault.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.context("could not write to stdout")?),
    }
}

/// Writes one JSON document to stdout.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    text(&pretty(document)?)
}

/// A JSON document as text.
pub(crate) fn pretty(document: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(document).context("could not form the JSON document")?)
}

/// Columns of text under their names: numbers to the right, the rest to the left.
pub(crate) fn table<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> String {
    let width =
        |i: usize| rows.iter().map(|row| row[i].chars().count()).chain([names[i].len()]).max();
    let widths: [usize; N] = std::array::from_fn(|i| width(i).unwrap_or(0));
    let right: [bool; N] = std::array::from_fn(|i| rows.iter().any(|row| is_number(&row[i])));
    let line = |cells: [&str; N]| -> String {
        let cells: Vec<String> = (0..N).map(|i| pad(cells[i], widths[i], right[i])).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let head = line(names);
    let body = rows.iter().map(|row| line(std::array::from_fn(|i| row[i].as_str())));
    [head].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 message`, `2 messages`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '/' | 's'))
}

fn pad(cell: &str, width: usize, right: bool) -> String {
    if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
}

#[cfg(test)]
mod tests {
    use super::{count, counted, table};

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 6099, 1_234_567].map(count),
            ["0", "999", "1,000", "6,099", "1,234,567"]
        );
        assert_eq!((counted(1, "line"), counted(2, "line")), ("1 line".into(), "2 lines".into()));
    }

    #[test]
    fn a_table_lines_up_numbers_to_the_right() {
        let rows = [["a".into(), "1,000".into()], ["long".into(), "7".into()]];
        assert_eq!(table(["NAME", "N"], &rows), "NAME      N\na     1,000\nlong      7");
    }
}
