//! `check FILE`: every finding in one pass, nothing started.

use crate::arguments::Check;
use crate::failure::Failure;
use crate::pipeline_file::{Opening, PipelineFile};
use crate::print::{self, Format, counted};

pub(super) fn execute(args: &Check, format: Format) -> Result<(), Failure> {
    let file = PipelineFile::open(&args.file, Opening { plugins: !args.offline, http: true })?;
    file.show(format)?;
    // A plugin that cannot be used is what `check` was asked about: for it, a finding like any other.
    let (plan, ..) = file.into_plan().map_err(|_| Failure::Findings)?;
    if format == Format::Json {
        return Ok(());
    }
    print::text(&format!(
        "{}: pipeline `{}` may run: {}, {}, {}, {}",
        args.file.display(),
        plan.name,
        counted(plan.topics.len() as u64, "topic"),
        counted(plan.plugins.len() as u64, "plugin"),
        counted(plan.sources.len() as u64, "source"),
        counted(plan.subscriptions.len() as u64, "subscription"),
    ))
}
