//! Another version of a plugin in the place of the one that serves, while everything runs.
//!
//! A [`machine`] decides, purely: `step(event, now) -> effect`. The [`course`] of a swap does what it
//! says: loads the version, compares it ([`shadow`]), puts it on trial, promotes it or takes it back.
//! Workers look at the [`service`] of their plugin before every lease, so nothing stops for a swap:
//! each takes up the other version when it is done with its batch, and what is in hand is finished
//! by the version that it began with. The queue shares messages out between the versions, and withholds what
//! one on trial fails on until its trial is decided.

mod course;
mod crew;
mod deployment;
mod duty;
mod entry;
mod error;
mod figures;
mod first_start;
mod judgement;
mod machine;
mod meters;
mod options;
mod origins;
mod service;
mod shadow;
mod stage;
mod status;
mod swaps;
mod version;

pub(crate) use self::crew::{Crew, watch};
pub(crate) use self::deployment::{Declared, Deployment};
pub(crate) use self::duty::{Duty, Lane, Turn};
pub use self::error::SwapError;
pub(crate) use self::figures::Figures;
pub(crate) use self::first_start::try_start;
pub use self::judgement::Sample;
pub use self::options::SwapOptions;
pub use self::shadow::{Comparison, Difference, Emitted, Shown};
pub use self::stage::Stage;
pub use self::status::{Reached, SwapStatus};
pub use self::swaps::{Reverted, Swaps};
pub(crate) use self::version::{Generations, Version};
pub use self::version::{VersionReport, VersionState};
