//! Where a plugin is in a registry: `oci://HOST[:PORT]/NAME:TAG`, `@sha256:…` in the tag's place or
//! behind it.

use std::fmt;

use thiserror::Error;

/// How all of them begin.
const SCHEME: &str = "oci://";
/// Bytes of a reference: no registry takes longer names.
const REFERENCE_BYTES_MAX: usize = 512;
/// Bytes of a tag, as registries have it.
const TAG_BYTES_MAX: usize = 128;
/// How the digests of registries begin that are understood.
const SHA256: &str = "sha256:";
/// Hexadecimal digits behind that.
const SHA256_DIGITS: usize = 64;

/// A place in a registry. It names a tag, a digest, or both: a digest never means anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OciReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl OciReference {
    /// Whether `text` means a place in a registry, well written or not.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// Says which part is missing or cannot be.
    pub fn parse(text: &str) -> Result<Self, OciReferenceError> {
        read(text).map_err(|what| OciReferenceError {
            text: text.chars().take(SHOWN_MAX).collect(),
            what,
        })
    }

    /// The host, and the port if one was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name within the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What may be moved from one version to another.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The manifest's digest, as `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same place, at the manifest with this digest.
    #[must_use]
    pub fn pinned(&self, digest: &str) -> Self {
        Self { digest: Some(digest.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}`: {what}")]
pub struct OciReferenceError {
    text: String,
    what: &'static str,
}

/// How much of a wrong text an error shows, in characters.
const SHOWN_MAX: usize = 96;

fn read(text: &str) -> Result<OciReference, &'static str> {
    let rest = text.strip_prefix(SCHEME).ok_or("a place in a registry begins with `oci://`")?;
    if text.len() > REFERENCE_BYTES_MAX {
        return Err("it is longer than any registry takes");
    }
    let (registry, rest) = rest.split_once('/').ok_or("it names a registry only")?;
    let (rest, digest) = apart(rest, '@');
    let (repository, tag) = apart(rest, ':');
    match (tag, digest) {
        _ if !is_host(registry) => Err("it names no registry that can be: a host, maybe a port"),
        _ if !is_repository(repository) => {
            Err("its name cannot be: lower-case letters and digits, `.`, `_` and `-` between them")
        }
        (None, None) => Err("it names neither a tag nor a digest"),
        (Some(tag), _) if !is_tag(tag) => Err("its tag cannot be: letters, digits, `.`, `_`, `-`"),
        (_, Some(digest)) if !is_sha256(digest) => {
            Err("its digest cannot be: `sha256:` and 64 hexadecimal digits")
        }
        (tag, digest) => Ok(OciReference {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        }),
    }
}

fn apart(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let named = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| is_between(label, "-")),
    };
    named && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_repository(text: &str) -> bool {
    let lower = !text.contains(|c: char| c.is_ascii_uppercase());
    lower && text.split('/').all(|part| is_between(part, "._-"))
}

fn is_tag(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins && text.len() <= TAG_BYTES_MAX && text.chars().all(|c| is_one_of(c, "._-"))
}

fn is_sha256(text: &str) -> bool {
    let digits = text.strip_prefix(SHA256).unwrap_or_default();
    digits.len() == SHA256_DIGITS && digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// Letters and digits, with `others` only between them.
fn is_between(text: &str, others: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| is_one_of(c, others))
}

fn is_one_of(c: char, others: &str) -> bool {
    c.is_ascii_alphanumeric() || others.contains(c)
}

#[cfg(test)]
mod tests {
    use super::OciReference;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_reference_is_shown_as_it_was_written() {
        let pinned = format!("oci://registry.example/team/delays:1.2@{DIGEST}");
        let by_digest = format!("oci://[::1]:5000/delays@{DIGEST}");
        for text in ["oci://localhost:5000/a/b-c/d__e:V1.0", &pinned, &by_digest] {
            assert_eq!(OciReference::parse(text).unwrap().to_string(), text);
        }
        let tagged = OciReference::parse("oci://registry.example/team/delays:1.2").unwrap();
        assert_eq!(tagged.pinned(DIGEST).to_string(), pinned);
        let parts = (tagged.registry(), tagged.repository(), tagged.tag(), tagged.digest());
        assert_eq!(parts, ("registry.example", "team/delays", Some("1.2"), None));
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_said() {
        for (text, says) in [
            ("https://registry.example/p:1", "begins with `oci://`"),
            ("oci://registry.example", "a registry only"),
            ("oci:///p:1", "no registry that can be"),
            ("oci://registry.example:0/p:1", "no registry that can be"),
            ("oci://user@registry.example/p:1", "no registry that can be"),
            ("oci://registry.example/p", "neither a tag nor a digest"),
            ("oci://registry.example/Plugin:1", "its name cannot be"),
            ("oci://registry.example/../p:1", "its name cannot be"),
            ("oci://registry.example//p:1", "its name cannot be"),
            ("oci://registry.example/p:", "its tag cannot be"),
            ("oci://registry.example/p:a b", "its tag cannot be"),
            ("oci://registry.example/p:1@sha256:12", "its digest cannot be"),
            ("oci://registry.example/p:1@md5:12", "its digest cannot be"),
        ] {
            let error = OciReference::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
