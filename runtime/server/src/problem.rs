//! Errors as RFC 9457 `application/problem+json`.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// What every `type` starts with; the rest is the kind, which never changes once published.
const TYPE_PREFIX: &str = "urn:millstream:problem:";

/// Seconds after which a refused publish is worth another try. The publisher has waited for room
/// already, so this only keeps it from coming back at once.
const RETRY_AFTER_SECONDS: u64 = 1;

/// One refused request: what the client may act on, and what a person reads.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    line: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// 400: the request says something that cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "malformed request", detail)
    }

    /// 404: no such topic, subscription, plugin, message or path.
    pub(crate) fn unknown(what: &'static str, detail: impl Into<String>) -> Self {
        let kind = match what {
            "topic" => "unknown-topic",
            "subscription" => "unknown-subscription",
            "plugin" => "unknown-plugin",
            "dead letter" => "unknown-dead-letter",
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

    /// 409: understood, but not with this topic or subscription.
    pub(crate) fn conflict(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "not possible here", detail)
    }

    /// 413: would not be accepted however long the client waits.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "too large", detail)
    }

    /// 501: named by the API, not built yet.
    pub(crate) fn not_available(what: &str) -> Self {
        Self::unavailable(format!("{what}: not available yet in this version"))
    }

    /// As [`Problem::not_available`], in the words of whoever found it.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let status = StatusCode::NOT_IMPLEMENTED;
        Self::new(status, "not-available-yet", "not available yet", detail)
    }

    /// 503: worth another try, after the time that `Retry-After` says.
    pub(crate) fn busy(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "not accepted now", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
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

    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self { status, kind, title, detail, line: None, headers: Vec::new() }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
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
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response =
            (self.status, content_type, Value::Object(body).to_string()).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
