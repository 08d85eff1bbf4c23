//! The answer to a publish that was accepted.

use std::collections::HashMap;
use std::fmt::Write;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use millstream_message::MessageId;
use millstream_queue::Duplicate;

/// Accepted messages: their ids in order, and how long they last.
pub(super) struct Accepted {
    /// A duplicate's is that of the message that came first.
    ids: Vec<MessageId>,
    duplicates: usize,
    /// Empty lines, which make no message.
    skipped_empty: u64,
    /// Dedup ids were given to a topic that does not look at them.
    dedup_ignored: bool,
    durability: &'static str,
}

impl Accepted {
    pub(super) fn new(
        mut ids: Vec<MessageId>,
        duplicates: &[Duplicate],
        skipped_empty: u64,
        dedup_ignored: bool,
        durability: &'static str,
    ) -> Self {
        if !duplicates.is_empty() {
            let first: HashMap<MessageId, MessageId> =
                duplicates.iter().map(|one| (one.refused, one.first)).collect();
            for id in &mut ids {
                *id = first.get(id).copied().unwrap_or(*id);
            }
        }
        Self { ids, duplicates: duplicates.len(), skipped_empty, dedup_ignored, durability }
    }

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
        // Writing to a string cannot fail.
        let _ = write!(json, r#"],"duplicates":{}"#, self.duplicates);
        if self.skipped_empty > 0 {
            let _ = write!(json, r#","skipped_empty":{}"#, self.skipped_empty);
        }
        if self.dedup_ignored {
            json.push_str(r#","warning":"the topic has no `dedup`: repeats are taken again""#);
        }
        let _ = write!(json, r#","durability":"{}"}}"#, self.durability);
        json
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::ACCEPTED, content_type, self.to_json()).into_response()
    }
}
