//! `explain CODE`: the page of one finding code.

use serde_json::json;

use crate::failure::Failure;
use crate::print::{self, Format};

pub(super) fn execute(code: &str, format: Format) -> Result<(), Failure> {
    let page = millstream_pipeline::explain(code).ok_or_else(|| unknown(code))?;
    match format {
        Format::Human => print::text(page.trim_end()),
        Format::Json => {
            print::json(&json!({ "code": code.trim().to_ascii_uppercase(), "page": page }))
        }
    }
}

fn unknown(code: &str) -> Failure {
    let known: Vec<&str> = millstream_pipeline::codes().collect();
    Failure::wrong(format!("{code:?} is no finding code; there are {}", known.join(" ")))
}
