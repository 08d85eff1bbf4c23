//! What a message that a plugin puts out may be: no more than what comes in from outside may be, since
//! it waits in the same topics and goes to the same places.

use millstream_formats::{MessageLimits, Reason, all_headers_fit, header_name, header_value};
use millstream_message::{Batch, Failure, FailureKind, Message};

/// Whether [`check`] lets every message of `batch` pass: looks at all of them at once.
pub(crate) fn all_pass(batch: &Batch, payload_max: u64) -> bool {
    let (payloads, keys, headers) = (batch.payloads(), batch.keys(), batch.headers());
    let payload_fits = |bytes: usize| bytes as u64 <= payload_max;
    let payloads_fit = payload_fits(payloads.data().len())
        || (0..payloads.len()).all(|i| payload_fits(payloads.get(i).len()));
    let others = keys.data().len() + headers.names().data().len() + headers.values().data().len();
    let others_fit =
        others <= others_max() || batch.iter().all(|one| others_of(one) <= others_max());
    payloads_fit && others_fit && all_headers_fit(&headers)
}

/// Refuses a message that its topic, which takes payloads of `payload_max` bytes, must not get.
pub(crate) fn check(message: Message<'_>, payload_max: u64) -> Result<(), Failure> {
    let too_large = |text: String| Err(Failure::new(FailureKind::OutputLimit, text));
    let (payload, others) = (message.payload().len(), others_of(message));
    if payload as u64 > payload_max {
        return too_large(format!(
            "an output of {payload} bytes is over its topic's max_message of {payload_max}"
        ));
    }
    if others > others_max() {
        let max = others_max();
        return too_large(format!(
            "an output with {others} bytes of key and headers, at most {max} may be"
        ));
    }
    let bad = |reason: Reason| Failure::new(FailureKind::InvalidResult, reason.to_string());
    message.headers().try_for_each(|(name, value)| {
        header_name(name).map_err(bad)?;
        header_value(name, value).map_err(bad)
    })
}

/// Bytes of key and headers of one message.
fn others_max() -> usize {
    MessageLimits::default().key_and_headers_max
}

fn others_of(message: Message<'_>) -> usize {
    let headers = message.headers().map(|(name, value)| name.len() + value.len());
    message.key().map_or(0, str::len) + headers.sum::<usize>()
}
