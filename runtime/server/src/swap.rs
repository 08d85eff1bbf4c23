//! Another version of a plugin: begun, looked at, taken back.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use millstream_formats::{OciReference, parse_period};
use millstream_runner::{SwapError, SwapOptions, SwapStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;

use crate::answer;
use crate::app::{Host, plugin as named};
use crate::body;
use crate::extract::{Path, Query};
use crate::problem::Problem;

/// How long a request waits for the next stage: no proxy on the way gives up before.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How careful a swap is, and where its version came from, as whoever sends it says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: Option<String>,
    shadow: Option<u32>,
    canary: Option<u8>,
    probation: Option<String>,
}

/// Begins a swap to the version in the body.
pub(crate) async fn begin(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let begun = async {
        let wiring = host.wiring();
        let name = &named(&wiring, &plugin)?.name;
        let mut parameters: Parameters = Query::of(&parts.uri)?.0;
        let source = parameters.source.take().map(|text| pinned(&text)).transpose()?;
        let options = options(parameters)?;
        let received = body::receive(&parts.headers, &mut body, &host.request_bytes).await?;
        swap(&host, name, received.bytes, source, options)
    };
    match begun.await {
        Ok(status) => Ok((StatusCode::ACCEPTED, document(&status)).into_response()),
        Err(problem) => {
            body::discard(&parts.headers, &mut body).await;
            Err(problem)
        }
    }
}

fn swap(
    host: &Host,
    plugin: &str,
    bytes: Bytes,
    source: Option<OciReference>,
    options: SwapOptions,
) -> Result<SwapStatus, Problem> {
    let swaps = &host.app.swaps;
    let begun = match source {
        Some(source) => swaps.begin_from(plugin, bytes, source.to_string(), options),
        None => swaps.begin(plugin, bytes, options),
    };
    begun.map_err(|error| refused(plugin, &error))
}

/// A tag alone would say nothing about the bytes: it may have moved.
fn pinned(text: &str) -> Result<OciReference, Problem> {
    let wrong = |why: String| Problem::malformed(format!("`source`: {why}"));
    let source = OciReference::parse(text).map_err(|error| wrong(error.to_string()))?;
    match source.digest() {
        Some(_) => Ok(source),
        None => Err(wrong(format!("`{source}` lacks the digest of its manifest, `@sha256:…`"))),
    }
}

fn options(parameters: Parameters) -> Result<SwapOptions, Problem> {
    let Parameters { shadow, canary, probation, source: _ } = parameters;
    let mut options = SwapOptions { canary, ..SwapOptions::default() };
    options.shadow = shadow.unwrap_or(options.shadow);
    if let Some(text) = probation {
        let wrong = |error| Problem::malformed(format!("`probation`: {error}"));
        options.probation = parse_period(&text).map_err(wrong)?;
    }
    options.check().map_err(Problem::malformed)?;
    Ok(options)
}

/// After which revision of the status to answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    after: Option<u64>,
}

/// How the swap goes that is under way, or went that was the last. With `after` the answer waits for
/// a later revision, but not for long.
pub(crate) async fn status(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Query(After { after }): Query<After>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let (name, swaps) = (&named(&wiring, &plugin)?.name, &host.app.swaps);
    if let Some(after) = after {
        let later = timeout(WAIT_MAX, swaps.status_after(name, after));
        tokio::select! {
            () = host.stopping.cancelled() => {}
            _ = later => {}
        }
    }
    let never =
        || Problem::unknown("swap", format!("`{name}` was not swapped since this host runs"));
    swaps.status(name).map(|status| document(&status)).ok_or_else(never)
}

/// Goes back to the version before.
pub(crate) async fn roll_back(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
) -> Result<Response, Problem> {
    let wiring = host.wiring();
    let name = &named(&wiring, &plugin)?.name;
    let reverted = host.app.swaps.roll_back(name).await;
    reverted.map(|reverted| document(&reverted)).map_err(|error| refused(name, &error))
}

pub(crate) fn refused(plugin: &str, error: &SwapError) -> Problem {
    let detail = format!("plugin `{plugin}`: {error}");
    match error {
        SwapError::Unknown => Problem::unknown("plugin", detail),
        SwapError::Busy(status) => {
            Problem::conflict("swap-under-way", detail).with("swap", value(status))
        }
        SwapError::Applying => Problem::conflict("apply-under-way", detail),
        SwapError::Options(what) => Problem::malformed(what.as_str()),
        SwapError::NothingBefore => Problem::conflict("nothing-to-roll-back", detail),
        SwapError::Stopping => Problem::busy("stopping", detail),
        SwapError::Queue(_) => Problem::busy("not-swapped", detail),
    }
}

fn document(shown: &impl Serialize) -> Response {
    answer::document(&value(shown))
}

/// Structs of texts and numbers always have a JSON form.
fn value(shown: &impl Serialize) -> Value {
    serde_json::to_value(shown).unwrap_or_default()
}
