//! The table of what went as it should, in the documents.

use std::fmt::Write;
use std::path::PathBuf;

use millstream_tests::repository;

use crate::cases::scenarios;
use crate::exceptions::{EXCEPTIONS, exception};
use crate::guest::GUESTS;
use crate::host::CLAIMS;

const INTRODUCTION: &str = "\
# The same in every language

Each scenario is run through the real host with the SDK of each language, and with plain bindings
in the per-message world, which need none. `✓`: it goes as the scenario says. TypeScript runs as
JavaScript once its types are taken off.

This table is written by the run itself: `MILLSTREAM_BLESS=1 cargo test -p millstream-tests --test
conformance`. The scenarios lie in `tests/conformance`.

Not in it: calling servers and keeping state, which `tests/granted` tries in every language but Rust. In
Rust a plugin calls servers by the crate `wasip2` (`plugins/rates`). State waits for its store: until then
the host answers every call of `wasi:keyvalue` with an error that says so.
The per-message world is run with bindings in Rust here, and in Zig by `plugins/delays-zig`; the SDKs hide it.
";

/// The table must be what the file holds; with `MILLSTREAM_BLESS` the file becomes the table, if
/// the run was `whole`.
#[track_caller]
pub(crate) fn keep(whole: bool) {
    let table = table();
    if std::env::var_os("MILLSTREAM_BLESS").is_some() {
        assert!(whole, "the table is written where all languages are there");
        std::fs::write(file(), &table).expect("it can be written");
    }
    let kept = std::fs::read_to_string(file()).unwrap_or_default();
    assert_eq!(kept, table, "run it with MILLSTREAM_BLESS=1 to write {}", file().display());
}

fn file() -> PathBuf {
    repository().join("sdk/CONFORMANCE.md")
}

/// All results are as expected by now: what is not `✓` is an exception.
fn table() -> String {
    let mut table = INTRODUCTION.to_owned();
    section(&mut table, "A plugin and its messages", &scenarios());
    let claims = CLAIMS.map(|(name, claim)| (name.to_owned(), claim.to_owned()));
    section(&mut table, "A plugin in a running host", &claims);
    table.push('\n');
    for (i, (_, _, why)) in EXCEPTIONS.iter().enumerate() {
        let _ = writeln!(table, "{}. {why}", i + 1);
    }
    table
}

fn section(table: &mut String, title: &str, scenarios: &[(String, String)]) {
    let titles = GUESTS.map(|guest| guest.title).join(" | ");
    let _ = writeln!(table, "\n## {title}\n\n| Scenario | {titles} |");
    let _ = writeln!(table, "|---|{}", ":-:|".repeat(GUESTS.len()));
    for (name, claim) in scenarios {
        let cells = GUESTS.map(|guest| cell(guest.name, name)).join(" | ");
        let _ = writeln!(table, "| {claim} | {cells} |");
    }
}

fn cell(guest: &str, scenario: &str) -> String {
    let Some(why) = exception(guest, scenario) else { return "✓".to_owned() };
    let number = EXCEPTIONS.iter().position(|(_, _, one)| *one == why);
    format!("– ({})", number.expect("it is one of them") + 1)
}
