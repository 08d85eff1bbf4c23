//! Errors as RFC 9457 `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// What every `type` starts with; the rest is the kind, which never changes once published.
const TYPE_PREFIX: &str = "urn:millstream:problem:";

/// Seconds after which a refused request is worth another try: it only keeps the client from
/// coming back at once.
const RETRY_AFTER_SECONDS: u64 = 1;

/// One refused request: what the client may act on, and what a person reads.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    line: Option<u64>,
    /// What a program may want to know besides.
    more: Option<Box<(&'static str, Value)>>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Problem {
    /// 400: the request says something that cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "malformed request", detail)
    }

    /// 403: understood, but not for whoever asks.
    pub(crate) fn forbidden(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, "not allowed", detail)
    }

    /// 404: no such topic, subscription, plugin, message or path.
    pub(crate) fn unknown(what: &'static str, detail: impl Into<String>) -> Self {
        let kind = match what {
            "topic" => "unknown-topic",
            "subscription" => "unknown-subscription",
            "plugin" => "unknown-plugin",
            "dead letter" => "unknown-dead-letter",
            "redrive" => "unknown-redrive",
            _ => "not-found",
        };
        Self::new(StatusCode::NOT_FOUND, kind, "not found", detail)
    }

    /// 405: the path exists, but not with this method.
    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "method-not-allowed", "method not allowed", detail)
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "request took too long", detail)
    }

    /// 409: understood, but not with what is named, or not now.
    pub(crate) fn conflict(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "not possible here", detail)
    }

    /// 413: would not be accepted however long the client waits.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "too large", detail)
    }

    /// 422: read, and it says what cannot be.
    pub(crate) fn refused(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, "not applied", detail)
    }

    /// 429: refused without a wait, since the topic's rules say so. Worth another try, after the
    /// time that `Retry-After` says.
    pub(crate) fn too_many(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, "not accepted now", detail).later()
    }

    /// 501: named by the API, not built yet.
    pub(crate) fn not_available(what: &str) -> Self {
        let status = StatusCode::NOT_IMPLEMENTED;
        let detail = format!("{what}: not available yet in this version");
        Self::new(status, "not-available-yet", "not available yet", detail)
    }

    /// 503: worth another try, after the time that `Retry-After` says.
    pub(crate) fn busy(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "not accepted now", detail).later()
    }

    /// 500: the host's own fault.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "internal", "internal error", detail)
    }

    /// Names the line of the body that is at fault; the first is 1.
    pub(crate) fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// Adds a member of its own.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more = Some(Box::new((name, value)));
        self
    }

    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self { status, kind, title, detail, line: None, more: None, retry_after: None }
    }

    fn later(mut self) -> Self {
        self.retry_after = Some(RETRY_AFTER_SECONDS);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("type".into(), format!("{TYPE_PREFIX}{}", self.kind).into());
        body.insert("title".into(), self.title.into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), self.detail.into());
        if let Some(line) = self.line {
            body.insert("line".into(), line.into());
        }
        body.extend(self.more.map(|more| (more.0.to_owned(), more.1)));
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response =
            (self.status, content_type, Value::Object(body).to_string()).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
