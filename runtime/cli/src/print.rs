//! Results on stdout: tables for people, documents for programs.

use std::borrow::Cow;
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

/// Writes `text` for people and a line end to stdout. A reader that has seen enough (`| head`) is no
/// fault.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    still_read(&harmless(text)).map(drop)
}

/// `text` without what steers a terminal: parts of it are a plugin's or a message's own words.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// As [`text`]; says whether anybody may read more.
pub(crate) fn still_read(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true).context("could not write to stdout")?),
    }
}

/// Writes one JSON document to stdout.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    still_read(&pretty(document)?).map(drop)
}

/// Writes one JSON document as one line to stdout; says whether anybody may read more.
pub(crate) fn json_line(document: &impl Serialize) -> Result<bool, Failure> {
    still_read(&serde_json::to_string(document).context("could not form the JSON document")?)
}

/// A JSON document as text.
pub(crate) fn pretty(document: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(document).context("could not form the JSON document")?)
}

/// Columns of text under their names: numbers to the right, the rest to the left. Columns of the
/// `optional` names are left out where no row says anything in them.
pub(crate) fn table<const N: usize>(
    names: &[&str; N],
    optional: &[&str],
    rows: &[[String; N]],
) -> String {
    let says = |i: usize| rows.iter().any(|row| !matches!(row[i].as_str(), "" | "-" | "0"));
    let columns: Vec<Column<'_>> = (0..N)
        .filter(|&i| !optional.contains(&names[i]) || says(i))
        .map(|i| Column::new(names[i], rows.iter().map(|row| row[i].as_str()).collect()))
        .collect();
    let line = |cell: &dyn Fn(&Column<'_>) -> String| -> String {
        let cells: Vec<String> = columns.iter().map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let head = line(&|column| column.pad(column.name));
    let body = (0..rows.len()).map(|row| line(&|column| column.pad(column.cells[row])));
    [head].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

/// One column of a table.
struct Column<'a> {
    name: &'a str,
    cells: Vec<&'a str>,
    width: usize,
    right: bool,
}

impl<'a> Column<'a> {
    fn new(name: &'a str, cells: Vec<&'a str>) -> Self {
        let widths = cells.iter().map(|cell| cell.chars().count());
        let width = widths.chain([name.len()]).max().unwrap_or(0);
        let right = cells.iter().any(|cell| is_number(cell));
        Self { name, cells, width, right }
    }

    fn pad(&self, cell: &str) -> String {
        let width = self.width;
        if self.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    }
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

#[cfg(test)]
mod tests {
    use super::{count, counted, harmless, table};

    #[test]
    fn what_steers_a_terminal_is_shown_instead_of_obeyed() {
        assert_eq!(
            harmless("\x1b[2Jbad\r\nnext\tline\u{9b}"),
            "\\u{1b}[2Jbad\\r\nnext\tline\\u{9b}"
        );
        assert_eq!(harmless("é\n"), "é\n");
    }

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
        assert_eq!(table(&["NAME", "N"], &[], &rows), "NAME      N\na     1,000\nlong      7");
    }

    #[test]
    fn an_optional_column_is_there_only_while_it_says_something() {
        let names = ["NAME", "LOST", "STATE"];
        let row = |lost: &str, state: &str| ["a".into(), lost.into(), state.into()];
        let shown = |rows: &[[String; 3]]| table(&names, &["LOST", "STATE"], rows);
        assert_eq!(shown(&[row("0", "-"), row("0", "")]), "NAME\na\na");
        assert_eq!(shown(&[row("0", ""), row("2", "")]), "NAME  LOST\na        0\na        2");
        assert_eq!(shown(&[row("0", "paused")]), "NAME  STATE\na     paused");
    }
}
