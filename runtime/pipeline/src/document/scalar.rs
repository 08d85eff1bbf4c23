//! What a plain scalar means, by YAML 1.2's core schema.

use serde_json::Value;

/// The value of text written without quotes. What JSON cannot hold (`.inf`, `.nan`) stays text.
pub(crate) fn infer(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| float(text))
}

fn integer(text: &str) -> Option<Value> {
    let radix = |digits: &str, radix| {
        let unsigned = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        unsigned.then(|| u64::from_str_radix(digits, radix).ok()).flatten().map(Value::from)
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let positive = text.parse::<u64>().ok().map(Value::from);
    positive.or_else(|| text.parse::<i64>().ok().map(Value::from))
}

fn float(text: &str) -> Option<Value> {
    let shape =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let numeric = text.bytes().all(shape) && text.bytes().any(|byte| byte.is_ascii_digit());
    numeric
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
        .map(Value::from)
}
