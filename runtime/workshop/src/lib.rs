//! A plugin author's tools: build a plugin folder to a component, run its cases.
//!
//! A folder is a plugin when it holds a `plugin.toml` ([`Manifest`]). [`build`] runs its build
//! command and turns the artifact into a component; [`component_path`] finds that component and
//! refuses one that is older than its sources; [`test`] runs the folder's `cases/` through the real
//! host and says where the answers differ ([`CaseReport`]), and [`bless`] makes what came out what a
//! case expects. [`new`] makes such a folder, with the SDK of this version in it.
//!
//! Not here: the pipeline file (`pipeline`), delivery (`runner`), and how any of this looks on a
//! terminal (`cli`).

mod bless;
mod build;
mod case;
mod component;
mod difference;
mod error;
mod language;
mod manifest;
mod new;
mod observed;
mod sources;
mod toolchain;
mod trial;

pub use build::{Built, build, build_debug};
pub use component::{component_path, last_change};
pub use difference::{Difference, Runs};
pub use error::{Mistake, WorkshopError};
pub use language::Language;
pub use manifest::Manifest;
pub use new::{Created, new};
pub use toolchain::{Readiness, TOOLCHAINS, readiness, toolchain};
pub use trial::{CaseReport, bless, test};
