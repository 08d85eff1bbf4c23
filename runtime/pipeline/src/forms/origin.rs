//! Origins that a plugin may call: `https://rates.example.com`, `http://10.0.0.7:8080`.

use url::{ParseError, Url};

/// Octets that a URL's parser leaves in a host, and that no name has: a pattern is not an origin.
const PATTERN: &[char] = &['*', '?', '%', '{', '}'];

/// What is wrong, and how to mend it.
pub(crate) type OriginFault = (String, &'static str);

const WHOLE: &str =
    "write scheme and host, and a port if it is not the usual one: `https://rates.example.com`";

/// The normal form of an origin: lower case, international names in ASCII, no usual port, no path.
///
/// # Errors
/// The text is something else. Never shows a part of it: it may be a secret of the environment.
pub(crate) fn origin(text: &str) -> Result<String, OriginFault> {
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase => said("the origin has no scheme", WHOLE),
        error => (format!("this is not an origin: {error}"), WHOLE),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(said("the origin begins neither with `http` nor with `https`", WHOLE));
    }
    // What the parser would mend is more likely a slip.
    let slips = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\';
    let plain = text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"));
    if !plain || text.contains(slips) {
        return Err(said("this is not an origin", WHOLE));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let help = "leave them away: the plugin sends its own credentials, from its `config`";
        return Err(said("the origin holds a user or a password", help));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        let help = "leave away what follows the host and port: a grant is for all paths";
        return Err(said("the origin holds a path", help));
    }
    if url.host_str().is_none_or(|host| host.contains(PATTERN)) {
        let help = "write each host: a pattern could match one that somebody else owns";
        return Err(said("the origin holds a pattern", help));
    }
    Ok(url.origin().ascii_serialization())
}

fn said(message: &str, help: &'static str) -> OriginFault {
    (message.to_owned(), help)
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_has_one_normal_form() {
        for (text, normal) in [
            ("https://rates.example.com", "https://rates.example.com"),
            ("HTTPS://Rates.Example.COM:443/", "https://rates.example.com"),
            ("http://rates.example.com:80", "http://rates.example.com"),
            ("http://rates.example.com:8080", "http://rates.example.com:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[0:0::1]:81", "http://[::1]:81"),
            ("http://0x7f.1:81", "http://127.0.0.1:81"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(normal), "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_none() {
        for text in [
            "",
            "rates.example.com",
            "rates.example.com:443",
            "https:rates.example.com",
            "https://",
            "https://*.example.com",
            "https://rates.example.com/v1",
            "https://rates.example.com?a",
            "https://rates.example.com#a",
            "https://ann:secret@rates.example.com",
            "https://rates.example.com\\x",
            " https://rates.example.com",
            "ftp://rates.example.com",
            "https://rates.example.com:99999",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
