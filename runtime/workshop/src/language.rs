//! The languages that there is an SDK for.

use std::fmt;
use std::str::FromStr;

/// A language that there is an SDK for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// Python.
    Python,
    /// JavaScript.
    Javascript,
    /// JavaScript with types.
    Typescript,
    /// C.
    C,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Rust, Self::Go, Self::Python, Self::Javascript, Self::Typescript, Self::C];

    /// The name that people type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Python => "python",
            Self::Javascript => "javascript",
            Self::Typescript => "typescript",
            Self::C => "c",
        }
    }

    /// The folder of its SDK, and the name of its toolchain.
    #[must_use]
    pub fn sdk(self) -> &'static str {
        match self {
            // Types are taken off at build time; the rest is one and the same.
            Self::Typescript => "javascript",
            other => other.name(),
        }
    }

    /// The folder of its template, in that of its SDK.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Typescript => "template-typescript",
            _ => "template",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|language| language.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is an SDK for {}; for others see sdk/README.md", names.join(", "))
        })
    }
}
