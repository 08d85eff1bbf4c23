//! What the body of a publish is.

use axum::http::{HeaderMap, Uri, header};
use millstream_formats::{ENVELOPE_MEDIA_TYPE, Form, Format};
use serde::Deserialize;

use crate::extract::Query;
use crate::problem::Problem;

const NDJSON_MEDIA_TYPE: &str = "application/x-ndjson";
const CLOUDEVENTS_PREFIX: &str = "application/cloudevents";

/// The parameters of a publish.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    format: Option<Lines>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Lines {
    Lines,
    Ndjson,
}

/// What the query says the body is, or else its content type; any other body is one message.
///
/// # Errors
/// 400 for a parameter or format that is unknown, 501 for CloudEvents.
pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Result<Form, Problem> {
    let Query(parameters) = Query::<Parameters>::of(uri)?;
    let media_type = media_type(headers);
    if media_type.starts_with(CLOUDEVENTS_PREFIX) {
        return Err(Problem::not_available("CloudEvents"));
    }
    Ok(match (parameters.format, media_type.as_str()) {
        (Some(Lines::Lines), _) => Form::Lines(Format::Lines),
        (Some(Lines::Ndjson), _) | (None, NDJSON_MEDIA_TYPE) => Form::Lines(Format::Ndjson),
        (None, ENVELOPE_MEDIA_TYPE) => Form::Envelopes,
        (None, _) => Form::Whole,
    })
}

/// The content type in lower case, without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
