//! `journal verify DIR`: every damaged place, and whether a start would open it.

use std::path::Path;

use anyhow::anyhow;
use millstream_queue::journal::{self, Folder, Report};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::print::{self, Format, counted};

pub(super) fn execute(dir: &Path, format: Format) -> Result<(), Failure> {
    let folder = super::open(dir, Folder::open_to_read)?;
    let report = journal::verify(&folder).map_err(|error| super::failed(dir, error))?;
    match format {
        Format::Human => print::text(&page(dir, &report))?,
        Format::Json => print::json(&document(dir, &report))?,
    }
    verdict(dir, &report)
}

fn page(dir: &Path, report: &Report) -> String {
    let faults = report.faults.iter().map(|fault| format!("DAMAGED  {fault}"));
    let cut = report.cut.iter().map(|cut| {
        format!(
            "TORN     {}: the next start cuts it off, nothing in it was answered",
            super::tail(cut)
        )
    });
    let lost = (report.lost > 0)
        .then(|| format!("{} left out by an earlier repair", counted(report.lost, "record")));
    let summary = format!(
        "{}: {} with {}, {}; {}",
        dir.display(),
        counted(report.segments, "segment"),
        counted(report.records, "good record"),
        damage(report),
        if report.opens { "it opens" } else { "it does not open" },
    );
    faults.chain(cut).chain(lost).chain([summary]).collect::<Vec<_>>().join("\n")
}

fn damage(report: &Report) -> String {
    match report.faults.len() as u64 {
        0 => "no damage".to_owned(),
        places => counted(places, "damaged place"),
    }
}

fn document(dir: &Path, report: &Report) -> Value {
    let fault = |fault: &journal::Damage| json!({ "file": fault.file, "offset": fault.offset, "what": fault.what });
    json!({
        "path": dir,
        "segments": report.segments,
        "records": report.records,
        "opens": report.opens,
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "cut": report.cut.as_ref().map(super::tail_document),
        "lost": report.lost,
    })
}

fn verdict(dir: &Path, report: &Report) -> Result<(), Failure> {
    if report.faults.is_empty() && report.opens {
        return Ok(());
    }
    let shown = dir.display();
    Err(anyhow!(
        "the journal in {shown} is damaged: `millstream journal repair {shown}` puts aside what \
         cannot be read and says what is lost; make a copy of the folder first"
    )
    .into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use millstream_queue::journal::{Damage, Report};

    use super::{document, page, verdict};

    fn damaged() -> Report {
        let (file, what) = ("segment-0.log".to_owned(), "a record's checksum is wrong".to_owned());
        let faults = vec![Damage { file, offset: 4_096, what }];
        Report { segments: 2, records: 1_000, faults, ..Report::default() }
    }

    #[test]
    fn a_fault_is_named_with_file_and_offset() {
        let page = page(Path::new("data"), &damaged());
        assert_eq!(
            page,
            "DAMAGED  segment-0.log is damaged at byte 4096: a record's checksum is wrong\n\
             data: 2 segments with 1,000 good records, 1 damaged place; it does not open"
        );
        assert_eq!(document(Path::new("data"), &damaged())["faults"][0]["offset"], 4_096);
    }

    #[test]
    fn damage_fails_even_where_the_journal_opens() {
        let sound = Report { opens: true, ..Report::default() };
        assert!(verdict(Path::new("data"), &sound).is_ok());
        let old = Report { opens: true, ..damaged() };
        assert!(verdict(Path::new("data"), &old).is_err());
        assert!(verdict(Path::new("data"), &Report::default()).is_err());
    }
}
