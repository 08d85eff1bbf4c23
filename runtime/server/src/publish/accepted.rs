//! The answer to a publish that was accepted.

use std::fmt::Write;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use millstream_message::MessageId;

/// Accepted messages: their ids in order, and how long they last.
pub(super) struct Accepted {
    pub(super) ids: Vec<MessageId>,
    /// Empty lines, which make no message.
    pub(super) skipped_empty: u64,
    pub(super) durability: &'static str,
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::ACCEPTED, content_type, self.to_json()).into_response()
    }
}

impl Accepted {
    /// Written by hand, so that a thousand ids are one buffer and not a thousand strings. Nothing
    /// in it needs escaping.
    fn to_json(&self) -> String {
        const ID_ITEM_LEN: usize = MessageId::TEXT_LEN + 3;
        let mut json = String::with_capacity(self.ids.len() * ID_ITEM_LEN + 96);
        json.push_str(r#"{"ids":["#);
        for (i, id) in self.ids.iter().enumerate() {
            json.push_str(if i == 0 { "\"" } else { ",\"" });
            json.push_str(id.encode(&mut [0; MessageId::TEXT_LEN]));
            json.push('"');
        }
        json.push_str(r#"],"duplicates":0"#);
        if self.skipped_empty > 0 {
            // Writing to a string cannot fail.
            let _ = write!(json, r#","skipped_empty":{}"#, self.skipped_empty);
        }
        let _ = write!(json, r#","durability":"{}"}}"#, self.durability);
        json
    }
}
