//! What a guest might return, from the fuzzer's bytes: mostly such that fits, since what does not is
//! refused at once and leads nowhere. Written out: the derive of `arbitrary` is a feature that the
//! engine would be built with as well.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::batch::{BatchResult, ColumnResult, HeaderColumnsResult, OutcomeResult, OutgoingResult};
use super::message::{FailureResult, HeaderResult, OutgoingMessage, RetryResult};

macro_rules! arbitrary_fields {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl<'a> Arbitrary<'a> for $name {
            fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
                Ok(Self { $($field: bytes.arbitrary()?),* })
            }
        }
    )*};
}

arbitrary_fields! {
    BatchResult { outcomes, reasons, retry_delays_ms, outgoing }
    HeaderResult { name, value }
    OutgoingMessage { topic, key, headers, payload, delay_ms }
    RetryResult { reason, delay_ms }
}

impl<'a> Arbitrary<'a> for OutcomeResult {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.choose(&[Self::Ok, Self::Retry, Self::Reject]).copied()
    }
}

impl<'a> Arbitrary<'a> for FailureResult {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        match bytes.arbitrary()? {
            true => bytes.arbitrary().map(Self::Retry),
            false => bytes.arbitrary().map(Self::Reject),
        }
    }
}

impl<'a> Arbitrary<'a> for ColumnResult {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let data: Vec<u8> = bytes.arbitrary()?;
        let end = data.len() as u32;
        let offsets = match bytes.int_in_range(0..=3)? {
            // Whatever comes.
            0 => bytes.arbitrary()?,
            // One item, so that long texts stay whole.
            1 => vec![0, end],
            // Many, that end within the data; the last takes the rest.
            _ => {
                let mut offsets = ascending(bytes, end)?;
                offsets.push(end);
                offsets
            }
        };
        Ok(Self { offsets, data })
    }
}

impl<'a> Arbitrary<'a> for HeaderColumnsResult {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let starts = starts(bytes)?;
        Ok(Self { starts, names: bytes.arbitrary()?, values: bytes.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for OutgoingResult {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            starts: starts(bytes)?,
            topics: bytes.arbitrary()?,
            keys: bytes.arbitrary()?,
            headers: bytes.arbitrary()?,
            payloads: bytes.arbitrary()?,
            delays_ms: bytes.arbitrary()?,
        })
    }
}

/// Whatever comes, or counts that ascend.
fn starts(bytes: &mut Unstructured<'_>) -> Result<Vec<u32>> {
    if bytes.ratio(1, 4)? { bytes.arbitrary() } else { ascending(bytes, u32::MAX) }
}

/// Numbers from 0 to at most `end`, each at least the one before it.
fn ascending(bytes: &mut Unstructured<'_>, end: u32) -> Result<Vec<u32>> {
    let mut numbers = vec![0];
    let mut last: u32 = 0;
    for step in bytes.arbitrary_iter::<u8>()? {
        last = end.min(last.saturating_add(step?.into()));
        numbers.push(last);
    }
    Ok(numbers)
}
