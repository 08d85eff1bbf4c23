//! MS0123: headers that cannot be sent.

use millstream_formats::{header_name, header_value};

use super::Context;
use crate::code::Code;
use crate::declaration::Texts;
use crate::report::Report;
use crate::route::Route;

/// What the HTTP sink sets itself, or HTTP for it.
const OWN: [&str; 7] = [
    "idempotency-key",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "trailer",
    "upgrade",
];

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, source) in context.sources() {
        let Some(schedule) = &source.schedule else { continue };
        each(report, &route.key("schedule"), schedule.headers.as_ref(), of_message);
    }
    for (route, _, subscription) in context.subscriptions() {
        let hook = subscription.sink.as_ref().and_then(|sink| sink.http.as_ref());
        let Some(hook) = hook else { continue };
        each(report, &route.key("sink").key("http"), hook.headers.as_ref(), of_request);
    }
}

/// What is wrong with a header and how to mend it, if anything is. Never shows a value: it may be
/// a secret of the environment.
type Judge = fn(&str, &str) -> Option<(String, &'static str)>;

fn each(report: &mut Report, route: &Route, headers: Option<&Texts>, judge: Judge) {
    for (name, value) in headers.into_iter().flat_map(Texts::iter) {
        if report.is_full() {
            return;
        }
        if let Some((message, help)) = judge(name, value) {
            report.add_at_key(Code::BadHeader, route.key("headers").key(name), message, help);
        }
    }
}

fn of_message(name: &str, value: &str) -> Option<(String, &'static str)> {
    if let Err(reason) = header_name(name) {
        return Some((reason.to_string(), "write a name such as `shop-name`"));
    }
    let reason = header_value(name, value).err()?;
    Some((reason.to_string(), "write one line of text"))
}

fn of_request(name: &str, value: &str) -> Option<(String, &'static str)> {
    if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Some((format!("the sink sets `{name}` itself"), "take it away"));
    }
    let printable = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    of_message(name, value).or_else(|| {
        (!value.bytes().all(printable)).then(|| {
            let message =
                format!("the value of header `{name}` is not ASCII: HTTP could not carry it");
            (message, "encode it, in percent encoding or base64 as the receiver reads it")
        })
    })
}
