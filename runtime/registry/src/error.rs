//! Why a plugin does not come from a registry.

use std::error::Error;

use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use thiserror::Error;

/// How much of a registry's words an error shows, in characters.
const SHOWN_MAX: usize = 200;

/// Why a plugin does not come from a registry: a fragment that goes on behind the reference.
#[derive(Debug, Error)]
pub enum PullError {
    /// Nobody answers, or not in time.
    #[error("the registry cannot be reached: {0}")]
    Unreachable(String),
    /// It is not shown to whoever asked.
    #[error("the registry wants other credentials: {0}")]
    Unauthorized(String),
    /// The registry is there, the name, tag or digest is not.
    #[error("the registry does not have it")]
    NotFound,
    /// It is something else; says what.
    #[error("it is no plugin: {0}")]
    NoPlugin(String),
    /// It has more bytes than a component may have.
    #[error("it has {size} bytes, and a plugin may have {bytes_max}")]
    TooLarge {
        /// Bytes that it has.
        size: u64,
        /// Bytes that it may have.
        bytes_max: u64,
    },
    /// What came is not what was named.
    #[error("the registry gave something else: its digest is {actual}, and not {expected}")]
    OtherDigest {
        /// What was asked for.
        expected: String,
        /// What came.
        actual: String,
    },
    /// The file of credentials is there and cannot be used.
    #[error("{0}")]
    Credentials(String),
    /// The registry, or what stands before it, answered otherwise.
    #[error("the registry gave no usable answer: {0}")]
    Answer(String),
}

impl PullError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "see that the registry runs and that its host and port are right; all but loopback addresses are asked over https"
            }
            Self::Unauthorized(_) => {
                "put a user and a password for it into the docker configuration file: `docker login`, without a credential helper"
            }
            Self::NotFound => "push it, or name a tag or digest that the registry has",
            Self::NoPlugin(_) => {
                "push the component as one layer `application/wasm`, as the tools for Wasm artifacts do"
            }
            Self::TooLarge { .. } => "strip what the plugin does not need",
            Self::OtherDigest { .. } => {
                "do not use it: the registry, or something before it, is damaged or lies"
            }
            Self::Credentials(_) => "mend the docker configuration file, or move it away",
            Self::Answer(_) => "see that a registry answers there, and what its log says",
        }
    }
}

impl PullError {
    /// What came is not what was announced, or came in part.
    pub(crate) fn broken(error: std::io::Error) -> Self {
        let verified = error.get_ref().and_then(|error| error.downcast_ref::<DigestError>());
        match verified {
            Some(DigestError::VerificationError { expected, actual }) => {
                Self::OtherDigest { expected: shown(expected), actual: shown(actual) }
            }
            _ => Self::Answer(shown(&chain(&error))),
        }
    }
}

impl From<OciDistributionError> for PullError {
    fn from(error: OciDistributionError) -> Self {
        use OciDistributionError as Oci;
        match error {
            Oci::RequestError(error) if error.is_connect() || error.is_timeout() => {
                Self::Unreachable(shown(&chain(&error.without_url())))
            }
            Oci::RequestError(error) => Self::Answer(shown(&chain(&error.without_url()))),
            Oci::RegistryError { envelope, .. } => {
                let first = envelope.errors.first();
                let said = first.map(|error| shown(&error.message)).unwrap_or_default();
                first.map_or(Self::NotFound, |error| told(&error.code, said))
            }
            Oci::ServerError { code: 404, .. } => Self::NotFound,
            Oci::ServerError { code: 401 | 403, message, .. } => {
                Self::Unauthorized(shown(&message))
            }
            Oci::ServerError { code, message, .. } => {
                Self::Answer(shown(&format!("status {code}: {message}")))
            }
            Oci::UnauthorizedError { .. } => Self::Unauthorized("status 401".to_owned()),
            Oci::AuthenticationFailure(why) => Self::Unauthorized(shown(&why)),
            Oci::DigestError(DigestError::VerificationError { expected, actual }) => {
                Self::OtherDigest { expected: shown(&expected), actual: shown(&actual) }
            }
            other => Self::Answer(shown(&other.to_string())),
        }
    }
}

fn told(code: &OciErrorCode, said: String) -> PullError {
    match code {
        OciErrorCode::ManifestUnknown
        | OciErrorCode::NameUnknown
        | OciErrorCode::BlobUnknown
        | OciErrorCode::ManifestBlobUnknown
        | OciErrorCode::NotFound => PullError::NotFound,
        OciErrorCode::Unauthorized | OciErrorCode::Denied => PullError::Unauthorized(said),
        code => PullError::Answer(format!("{code:?}: {said}")),
    }
}

/// A stranger's words, in bounds and without what steers a terminal.
pub(crate) fn shown(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(SHOWN_MAX).map(harmless).collect()
}

/// The error and what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
