//! Whom a plugin may call: scheme, host and port, all three the same.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// Scheme, host and port: `https://rates.example.com`, `http://10.0.0.7:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub(super) tls: bool,
    pub(super) host: Host,
    pub(super) port: u16,
}

/// The host of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(Box<str>),
    /// As it is, not as some text that stands for it.
    Address(IpAddr),
}

impl Origin {
    /// The origin of a URI; none if it has none, holds credentials, or is of another scheme.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        let tls = *scheme == Scheme::HTTPS;
        if (!tls && *scheme != Scheme::HTTP) || authority.as_str().contains('@') {
            return None;
        }
        let usual = if tls { 443 } else { 80 };
        // A port that is no number is not the usual one.
        let port = match (authority.port_u16(), authority.port()) {
            (Some(port), _) => port,
            (None, None) if !authority.as_str().ends_with(':') => usual,
            _ => return None,
        };
        Some(Self { tls, host: Host::of(authority.host())?, port })
    }
}

impl Host {
    fn of(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Some(Self::Address(address));
        }
        let plain = bare.is_none() && !text.is_empty();
        plain.then(|| Self::Name(text.to_ascii_lowercase().into()))
    }
}

impl FromStr for Origin {
    type Err = String;

    /// Takes `http` and `https` with a host and perhaps a port; no path.
    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("`{text}` is no origin: {error}"))?;
        let bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        Self::of(&uri)
            .filter(|_| bare)
            .ok_or_else(|| format!("`{text}` is no origin such as `https://rates.example.com`"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        match &self.host {
            Host::Name(name) => write!(f, "{scheme}://{name}")?,
            Host::Address(IpAddr::V4(address)) => write!(f, "{scheme}://{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(f, "{scheme}://[{address}]")?,
        }
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {

    use super::Origin;

    fn same(listed: &str, asked: &str) -> bool {
        let listed: Origin = listed.parse().unwrap();
        Origin::of(&asked.parse().unwrap()) == Some(listed)
    }

    #[test]
    fn an_origin_is_the_same_however_it_is_written() {
        assert!(same("https://rates.example.com", "https://Rates.EXAMPLE.com:443/v1?x=1"));
        assert!(same("http://127.0.0.1:81", "http://127.0.0.1:81"));
        assert!(same("http://[::1]:81", "http://[0:0:0::1]:81/"));
    }

    #[test]
    fn scheme_host_and_port_must_all_be_the_same() {
        for asked in [
            "http://rates.example.com",
            "https://rates.example.com:8443",
            "https://rates.example.com.",
            "https://rates.example.com.evil.example",
            "https://evil.example",
            "https://ann@rates.example.com",
            "https://rates.example.com@evil.example",
        ] {
            assert!(!same("https://rates.example.com", asked), "{asked}");
        }
        assert!(!same("http://127.0.0.1", "http://127.1/"));
        assert!(!same("http://127.0.0.1", "http://[::ffff:127.0.0.1]/"));
        assert!(!same("http://localhost", "http://127.0.0.1/"));
    }

    #[test]
    fn what_is_no_origin_does_not_read_as_one() {
        for text in ["", "rates", "/v1", "ftp://rates", "https://rates/v1", "https://a@rates"] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_shown_as_it_is_written() {
        for text in ["https://rates.example.com", "http://[::1]:81", "http://10.0.0.7:8080"] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
    }
}
