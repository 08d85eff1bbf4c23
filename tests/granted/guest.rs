//! The guests: one for each SDK that has calling servers and keeping state of its own.

use std::path::PathBuf;

use millstream_tests::{is_ready, millstream_unhurried, repository};

/// The folders of `tests/granted/guests`, each with the language that it is built with.
const GUESTS: [(&str, &str); 4] =
    [("python", "python"), ("typescript", "typescript"), ("go", "go"), ("c", "c")];

/// The guests that can be built here, built.
pub(crate) fn built() -> Vec<&'static str> {
    let ready = GUESTS.iter().filter(|(_, language)| is_ready(language));
    ready.map(|(guest, _)| *guest).inspect(|guest| build(guest)).collect()
}

pub(crate) fn folder(guest: &str) -> PathBuf {
    repository().join("tests/granted/guests").join(guest)
}

#[track_caller]
fn build(guest: &str) {
    let _ = millstream_unhurried(["build".as_ref(), folder(guest).as_os_str()]).success();
}
