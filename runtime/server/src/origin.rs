//! Keeps web pages out: the API asks nobody who they are, and a browser on this machine reaches it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Refuses what only a browser sends on behalf of a page that is not ours.
///
/// A page of another origin names it in `Origin`. A page whose name was pointed at this machine
/// after it was loaded (DNS rebinding) seems to be of the same origin, but names itself in `Host`.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let host = text(headers, header::HOST);
    if let Some(host) = host.filter(|host| !is_local(host)) {
        let detail = format!("this machine is not called `{host}`: use 127.0.0.1 or localhost");
        return Err(Problem::forbidden("foreign-host", detail));
    }
    let Some(origin) = text(headers, header::ORIGIN) else { return Ok(()) };
    let own = origin.split_once("://").map(|(_, own)| own);
    if own.is_some() && own.zip(host).is_some_and(|(own, host)| own.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Problem::forbidden("foreign-origin", "pages of other origins may not use this API"))
}

/// A header's text; what is not text is as foreign as anything.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?.?"))
}

/// Whether nobody can have bought the name of `host`: an address, `localhost`, or a name without a
/// dot.
fn is_local(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.parse::<std::net::Ipv4Addr>().is_ok()
        || name.ends_with(".localhost")
        || !name.contains('.')
}

#[cfg(test)]
mod tests;
