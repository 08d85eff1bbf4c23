//! `check FILE`: every finding in one pass. Plugins are compiled and judge their configuration;
//! nothing else is opened, and no message moves.

use crate::arguments::Check;
use crate::failure::Failure;
use crate::pipeline_file::{Opening, PipelineFile, Plugins};
use crate::plugin_host;
use crate::print::{self, Format, counted};

pub(super) fn execute(args: &Check, format: Format) -> Result<(), Failure> {
    let file = open(args)?;
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

#[tokio::main(flavor = "current_thread")]
async fn open(args: &Check) -> Result<PipelineFile, Failure> {
    if args.offline {
        let opening = Opening { plugins: Plugins::Ignore, http: true };
        return PipelineFile::open(&args.file, opening).await;
    }
    let host = plugin_host::start()?;
    PipelineFile::open(&args.file, Opening { plugins: Plugins::Rehearse(&host), http: true }).await
}
