//! `build DIR`: a plugin folder to a component.

use std::path::Path;

use anyhow::Error;

use super::inspect;
use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format};

pub(super) fn execute(folder: &Path, format: Format) -> Result<(), Failure> {
    let built = millstream_workshop::build(folder, &mut logs::say).map_err(Error::new)?;
    match format {
        Format::Human => print::text(&format!(
            "built {}\n{}",
            built.path.display(),
            inspect::page(&built.inspection)
        )),
        Format::Json => print::json(&inspect::document(&built.path, &built.inspection)),
    }
}
