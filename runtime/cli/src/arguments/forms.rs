//! The forms of values on the command line.

use std::time::Duration;

use millstream_formats::{PeriodError, parse_period};
use millstream_queue::{Kind, Named, Rename};
use millstream_runner::{Rate, RateError};

/// A duration, as the pipeline file and the host read it.
pub(super) fn duration(text: &str) -> Result<Duration, PeriodError> {
    parse_period(text)
}

/// A duration, kept as it was typed.
pub(super) fn period(text: &str) -> Result<String, PeriodError> {
    parse_period(text).map(|_| text.to_owned())
}

pub(super) fn name_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("{text:?} is not a header: expected NAME=VALUE"))
}

/// `50/s`, `600/m` or `1000/h`, kept as it was typed.
pub(super) fn rate(text: &str) -> Result<String, RateError> {
    text.parse::<Rate>().map(|_| text.to_owned())
}

/// `topic:NAME` or `subscription:NAME`.
pub(super) fn named(text: &str) -> Result<Named, String> {
    let found = kind_and_rest(text).filter(|(_, name)| is_name(name));
    found.map(|(kind, name)| Named { kind, name: name.to_owned() }).ok_or_else(|| {
        format!("{text:?} names nothing: expected `topic:NAME` or `subscription:NAME`")
    })
}

/// `topic:OLD=NEW` or `subscription:OLD=NEW`.
pub(super) fn rename(text: &str) -> Result<Rename, String> {
    let found = kind_and_rest(text).and_then(|(kind, names)| {
        let (from, to) = names.split_once('=')?;
        let named = is_name(from) && is_name(to) && from != to;
        named.then(|| Rename { kind, from: from.to_owned(), to: to.to_owned() })
    });
    found.ok_or_else(|| {
        format!("{text:?} renames nothing: expected `topic:OLD=NEW` or `subscription:OLD=NEW`")
    })
}

fn kind_and_rest(text: &str) -> Option<(Kind, &str)> {
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "topic" => Some((Kind::Topic, rest)),
        "subscription" => Some((Kind::Subscription, rest)),
        _ => None,
    }
}

/// Whether something can be called so at all, which catches two forms mixed up; whether anything
/// is, the journal and the pipeline file know.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['=', ':', ' '])
}
