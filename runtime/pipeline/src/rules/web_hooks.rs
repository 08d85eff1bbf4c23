//! MS0122: an HTTP sink needs a URL that it can post to.

use url::{ParseError, Url};

use super::Context;
use crate::code::Code;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, subscription) in context.subscriptions() {
        let hook = subscription.sink.as_ref().and_then(|sink| sink.http.as_ref());
        let Some(url) = hook.and_then(|hook| hook.url.as_deref()) else { continue };
        if let Some((message, help)) = fault(url) {
            let route = route.key("sink").key("http").key("url");
            report.add(Code::BadUrl, route, message, help);
        }
    }
}

/// What is wrong with a URL, and how to mend it.
type Fault = (&'static str, &'static str);

const ABSOLUTE: &str = "write it from its scheme on: `https://hooks.example.com/charge`";
const NOT_ABSOLUTE: Fault = ("the URL is not absolute", ABSOLUTE);
const CREDENTIALS: Fault = (
    "the URL holds a user or a password, and URLs are shown and logged",
    "put them into a header: `headers: { authorization: \"Basic …\" }`",
);

/// Never shows a part of the URL: it may be a secret of the environment.
fn fault(text: &str) -> Option<(String, &'static str)> {
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => return Some(said(NOT_ABSOLUTE)),
        Err(error) => return Some((format!("this is not a URL: {error}"), ABSOLUTE)),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(said(("the URL begins neither with `http` nor with `https`", ABSOLUTE)));
    }
    // What the parser would mend is more likely a slip.
    if !text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://")) {
        return Some(said(NOT_ABSOLUTE));
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Some(said(("the URL holds a space", "write `%20` for a space")));
    }
    let credentials = !url.username().is_empty() || url.password().is_some();
    credentials.then(|| said(CREDENTIALS))
}

fn said((message, help): Fault) -> (String, &'static str) {
    (message.to_owned(), help)
}
