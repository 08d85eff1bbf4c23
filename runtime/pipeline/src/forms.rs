//! The forms a scalar can take: each knows its text, its JSON Schema and what to say of a wrong one.
//!
//! A form marks its schema with [`FORM`], so that a structural error at that place can name it.

mod bytes;
mod count;
mod name;
mod origin;
mod period;
mod pointer;
mod rate;
mod sync;

use crate::code::Code;

pub(crate) use bytes::{Bytes, format_bytes};
pub(crate) use count::{Count, count};
pub(crate) use name::Name;
pub(crate) use origin::origin;
pub(crate) use period::{Period, format_period};
pub(crate) use pointer::Pointer;
pub(crate) use rate::Rate;
pub(crate) use sync::Sync;

/// The schema keyword that names a form; unknown to validators, which skip it.
pub(crate) const FORM: &str = "x-form";

/// What to say of a value that is not in a form.
pub(crate) struct FormHelp {
    pub(crate) code: Code,
    /// What it should have been, with its article.
    pub(crate) what: &'static str,
    pub(crate) accepted: &'static str,
}

/// The help of the form with this name.
pub(crate) fn form_help(form: &str) -> Option<FormHelp> {
    let (code, what, accepted) = match form {
        period::FORM_NAME => (
            Code::BadDuration,
            "a duration",
            "write a number and a unit: `100ms`, `30s`, `10m`, `24h`; only 0 needs no unit",
        ),
        bytes::FORM_NAME => (
            Code::BadSize,
            "a size",
            "write bytes, or a number and a unit: `4096`, `64KiB`, `64MiB`, `1GiB`",
        ),
        count::FORM_NAME => (
            Code::WrongType,
            "a whole number",
            "write digits; underscores may group them: `1_000_000`",
        ),
        name::FORM_NAME => (
            Code::BadName,
            "a name",
            "names begin with a lowercase letter or digit and go on with those, `-`, `_` and `.`; at most 128 characters",
        ),
        pointer::FORM_NAME => (
            Code::BadPointer,
            "a JSON pointer",
            "begin with a slash: `/customer` or `/order/id`; `~1` stands for a slash in a name, `~0` for `~`",
        ),
        rate::FORM_NAME => (
            Code::BadRate,
            "a rate",
            "write a number, a slash and a unit of time: `500/s`, `30_000/m`, `100/h`",
        ),
        sync::FORM_NAME => (
            Code::BadSync,
            "a way to sync",
            "write `always`, `never`, or `interval(DURATION)`, such as `interval(100ms)`",
        ),
        _ => return None,
    };
    Some(FormHelp { code, what, accepted })
}

/// The whole number from 0 that `value` is. JSON, and so its schemas, take `4.0` and `1e35` for
/// whole numbers too; what exceeds 64 bits becomes the largest, and so out of every range.
fn whole_number(value: &serde_json::Value) -> Option<u64> {
    let float = value.as_f64().filter(|float| *float >= 0.0 && float.fract() == 0.0);
    value.as_u64().or_else(|| float.map(|float| float as u64))
}

/// Splits `64_000MiB` into its number and what follows.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_digit() || byte == b'_'))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    Some((count(digits)?, unit))
}
