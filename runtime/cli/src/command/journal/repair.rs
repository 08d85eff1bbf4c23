//! `journal repair DIR`: what cannot be read goes aside, what can stays.

use std::path::Path;
use std::sync::Arc;

use millstream_queue::journal::{self, Folder, LeftOut, Repaired};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::print::{self, Format, counted};

pub(super) fn execute(dir: &Path, format: Format) -> Result<(), Failure> {
    let folder = super::open(dir, Folder::open)?;
    let repaired = journal::repair(Arc::new(folder)).map_err(|error| super::failed(dir, error))?;
    match format {
        Format::Human => print::text(&page(dir, &repaired)),
        Format::Json => print::json(&document(dir, &repaired)),
    }
}

fn page(dir: &Path, repaired: &Repaired) -> String {
    if repaired.quarantined.is_empty() && repaired.left_out.is_empty() {
        return format!("{}: nothing to repair", dir.display());
    }
    let aside = repaired.quarantined.iter().map(|file| format!("put aside  {file}"));
    let lost = repaired.left_out.iter().map(|one| format!("LOST       {}", left_out(one)));
    let summary = format!(
        "{}: repaired; what was put aside is whole in a folder `quarantine-TIME` there",
        dir.display()
    );
    let messages = (repaired.messages > 0).then(|| {
        format!("LOST       {} that other records name", counted(repaired.messages, "message"))
    });
    aside.chain(lost).chain(messages).chain([summary]).collect::<Vec<_>>().join("\n")
}

fn left_out(one: &LeftOut) -> String {
    let LeftOut { file, offset, bytes, what, .. } = one;
    let records = match one.sequences {
        Some((first, last)) if first == last => format!("record {first}"),
        Some((first, last)) => format!("records {first} to {last}"),
        None => "no record that can be named".to_owned(),
    };
    format!("{file} at byte {offset}, {}: {records}: {what}", counted(*bytes, "byte"))
}

fn document(dir: &Path, repaired: &Repaired) -> Value {
    let left_out = |one: &LeftOut| {
        json!({
            "file": one.file,
            "offset": one.offset,
            "bytes": one.bytes,
            "sequences": one.sequences,
            "what": one.what,
        })
    };
    json!({
        "path": dir,
        "quarantined": repaired.quarantined,
        "messages_lost": repaired.messages,
        "left_out": repaired.left_out.iter().map(left_out).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use millstream_queue::journal::{LeftOut, Repaired};

    use super::page;

    #[test]
    fn what_is_lost_is_named_by_file_offset_and_records() {
        let left_out = LeftOut {
            file: "segment-0.log".to_owned(),
            offset: 4_096,
            bytes: 1_024,
            sequences: Some((7, 9)),
            what: "the checksum is wrong".to_owned(),
        };
        let quarantined = vec!["segment-0.log".to_owned()];
        let page = page(
            Path::new("data"),
            &Repaired { quarantined, left_out: vec![left_out], messages: 0 },
        );
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[0], "put aside  segment-0.log");
        let lost = "segment-0.log at byte 4096, 1,024 bytes: records 7 to 9: the checksum is wrong";
        assert_eq!(lines[1], format!("LOST       {lost}"));
    }

    #[test]
    fn a_sound_journal_needs_no_repair() {
        assert_eq!(page(Path::new("data"), &Repaired::default()), "data: nothing to repair");
    }
}
