//! `new NAME --lang L`: a plugin folder that builds and passes its own test as it stands.

use anyhow::Error;
use millstream_workshop::Created;
use serde_json::json;

use crate::arguments::New;
use crate::failure::Failure;
use crate::print::{self, Format};

pub(super) fn execute(args: &New, format: Format) -> Result<(), Failure> {
    let created = millstream_workshop::new(&args.folder, args.lang).map_err(Error::new)?;
    match format {
        Format::Human => print::text(&page(&created)),
        Format::Json => print::json(&json!({
            "name": created.name,
            "folder": created.folder,
            "language": args.lang.name(),
            "toolchain": created.folder.join(&created.toolchain),
        })),
    }
}

/// What there is now, and what to type next.
fn page(Created { name, folder, toolchain }: &Created) -> String {
    let (folder, toolchain) = (folder.display(), toolchain.display());
    format!(
        "made the plugin {name} in {folder}; next:\n  \
         cd {folder}\n  \
         sh {toolchain}      # once: installs what the language needs\n  \
         millstream build .\n  \
         millstream test .\n  \
         millstream run pipeline.yaml"
    )
}
