//! What follows from answers, and a whole pipeline without guests.

pub(crate) mod guests;
mod health;
mod luck;
mod pipeline;
mod routing;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use millstream_pipeline::{Plan, parse};

/// The checked plan of `text`; relative paths start at `folder`.
pub(crate) fn plan(text: &str, folder: &Path) -> Arc<Plan> {
    let checked = parse(text, "test.yaml", folder, &|_| None).check(&BTreeMap::new());
    Arc::new(checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.findings)))
}
