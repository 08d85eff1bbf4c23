//! `build DIR`: a plugin folder to a component.

use anyhow::Error;

use super::inspect;
use crate::arguments::Build;
use crate::failure::Failure;
use crate::logs;
use crate::print::{self, Format};

pub(super) fn execute(args: &Build, format: Format) -> Result<(), Failure> {
    let build =
        if args.debug { millstream_workshop::build_debug } else { millstream_workshop::build };
    let built = build(&args.dir, &mut logs::say).map_err(Error::new)?;
    match format {
        Format::Human => print::text(&format!(
            "built {}\n{}",
            built.path.display(),
            inspect::page(&built.inspection)
        )),
        Format::Json => print::json(&inspect::document(&built.path, &built.inspection)),
    }
}
