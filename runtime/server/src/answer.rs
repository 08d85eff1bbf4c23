//! The shapes that several answers share.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A JSON document.
pub(crate) fn document(value: &Value) -> Response {
    text("application/json", value.to_string())
}

/// A list: its items, and the cursor that goes on from them where there is more.
pub(crate) fn list(items: Vec<Value>, next: Option<String>) -> Response {
    document(&json!({ "items": items, "next": next }))
}

/// Text of another type.
pub(crate) fn text(content_type: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
