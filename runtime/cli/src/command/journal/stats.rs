//! `journal stats DIR`: the files of a journal and what is in them.

use std::path::Path;

use millstream_queue::journal::{self, Facts, Folder, SegmentLine};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::print::{self, Format, count, counted, table};

pub(super) fn execute(dir: &Path, format: Format) -> Result<(), Failure> {
    let folder = super::open(dir, Folder::open_to_read)?;
    let facts = journal::stats(&folder).map_err(|error| super::failed(dir, error))?;
    match format {
        Format::Human => print::text(&page(dir, &facts)),
        Format::Json => print::json(&document(dir, &facts)),
    }
}

fn page(dir: &Path, facts: &Facts) -> String {
    let rows: Vec<[String; 6]> = facts.segments.iter().map(row).collect();
    let names = ["FILE", "POSITION", "BYTES", "RECORDS", "FIRST", "STATE"];
    format!(
        "{}\n\n{}: {} in {}, {}; {} free on the disk",
        table(&names, &[], &rows),
        dir.display(),
        counted(facts.records, "record"),
        counted(facts.segments.len() as u64, "segment"),
        counted(facts.bytes, "byte"),
        counted(facts.free_bytes, "byte"),
    )
}

fn row(line: &SegmentLine) -> [String; 6] {
    let state = if line.sealed { "complete" } else { "open" };
    [
        line.file.clone(),
        count(line.base),
        count(line.bytes),
        count(line.records),
        count(line.first_sequence),
        state.to_owned(),
    ]
}

fn document(dir: &Path, facts: &Facts) -> Value {
    let segment = |line: &SegmentLine| {
        json!({
            "file": line.file,
            "position": line.base,
            "bytes": line.bytes,
            "records": line.records,
            "first_sequence": line.first_sequence,
            "complete": line.sealed,
            "rules": line.rules,
        })
    };
    json!({
        "path": dir,
        "segments": facts.segments.iter().map(segment).collect::<Vec<_>>(),
        "records": facts.records,
        "next_sequence": facts.next_sequence,
        "bytes": facts.bytes,
        "free_bytes": facts.free_bytes,
    })
}
