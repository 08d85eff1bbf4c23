//! The main job: a week of flights through `pipelines/flights.yaml`.

use std::path::PathBuf;

use crate::guests::delays;
use crate::project::Project;
use crate::repository::repository;

/// Flights of the week.
pub const DEPARTURES: u64 = 6_099;
/// Those that left an hour late or more.
pub const NOTIFICATIONS: u64 = 335;
/// Those that were cancelled.
pub const DEAD_LETTERS: u64 = 35;

/// How the pipeline file names its input.
const FILE_SOURCE: &str = "file: { path: data/flights-week.ndjson, format: ndjson }";

/// The week as it lies in the project: one JSON document a line.
#[must_use]
pub fn week() -> Vec<u8> {
    std::fs::read(repository().join("pipelines/data/flights-week.ndjson"))
        .expect("the week is there")
}

/// The project's flights pipeline, but with `source` in place of its file and its output in the
/// test's folder.
#[must_use]
pub fn flights_pipeline(project: &Project, source: &str) -> PathBuf {
    let text = std::fs::read_to_string(repository().join("pipelines/flights.yaml"))
        .expect("the pipeline is there");
    let plugin = delays().display().to_string();
    let out = project.folder().display().to_string();
    let replaced = [
        (FILE_SOURCE, source),
        ("../plugins/delays", &plugin),
        ("${MILLSTREAM_OUT:-../target/demo}", &out),
    ]
    .into_iter()
    .fold(text, |text, (from, to)| {
        assert!(text.contains(from), "the pipeline file no longer says {from:?}");
        text.replace(from, to)
    });
    project.write("flights.yaml", replaced)
}
