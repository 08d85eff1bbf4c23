//! Brings other accepted ways of writing a value into the plain one, before the schema looks:
//! `1_000` becomes 1000, and a section left empty becomes an empty mapping.

use serde_json::{Map, Value};

use crate::forms::{FORM, count};
use crate::schema::SCHEMA;

pub(super) fn coerce(value: &mut Value) {
    coerce_by(&SCHEMA, value);
}

fn coerce_by(schema: &Value, value: &mut Value) {
    let Some(schema) = resolved(schema) else { return };
    if value.is_null() && schema.get("type") == Some(&Value::from("object")) {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::String(text) if schema.get(FORM) == Some(&Value::from("count")) => {
            if let Some(number) = count(text) {
                *value = Value::from(number);
            }
        }
        Value::Object(entries) => entries.iter_mut().for_each(|(key, entry)| {
            if let Some(schema) = schema_of(schema, key) {
                coerce_by(schema, entry);
            }
        }),
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| coerce_by(schema, item));
            }
        }
        _ => {}
    }
}

/// What `$ref` leads to; the types nest a fixed number of levels, so this ends.
fn resolved(schema: &Value) -> Option<&Value> {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => SCHEMA.pointer(reference.strip_prefix('#')?),
        None => Some(schema),
    }
}

fn schema_of<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    let known = schema.get("properties").and_then(|properties| properties.get(key));
    known.or_else(|| schema.get("additionalProperties"))
}
