//! `schema`: the JSON Schema of the pipeline file.

use crate::failure::Failure;
use crate::print;

pub(super) fn execute() -> Result<(), Failure> {
    print::json(&millstream_pipeline::schema())
}
