//! `pause`, `resume`, `seek`: whether a subscription delivers, and from where.

use serde_json::json;

use super::{answer, number};
use crate::arguments::Seek;
use crate::failure::Failure;
use crate::print::{Format, counted};
use crate::remote::Remote;

pub(super) fn pause(subscription: &str, host: &Remote, format: Format) -> Result<(), Failure> {
    let paused = host.tell(&["v1", "subscriptions", subscription, "pause"], &json!({}))?;
    let sentence = format!(
        "`{subscription}` is paused: its messages wait; `millstream resume {subscription}` lets it go on"
    );
    answer(&paused, format, &sentence)
}

pub(super) fn resume(subscription: &str, host: &Remote, format: Format) -> Result<(), Failure> {
    let resumed = host.tell(&["v1", "subscriptions", subscription, "resume"], &json!({}))?;
    answer(&resumed, format, &format!("`{subscription}` goes on"))
}

pub(super) fn seek(args: &Seek, host: &Remote, format: Format) -> Result<(), Failure> {
    let Seek { subscription, to } = args;
    let sought = host.tell(&["v1", "subscriptions", subscription, "seek"], &json!({ "to": to }))?;
    let waiting = counted(number(&sought, "waiting"), "message");
    answer(&sought, format, &format!("`{subscription}` goes on at {to}, with {waiting} before it"))
}
