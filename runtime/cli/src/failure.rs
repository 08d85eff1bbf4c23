//! Why a command did not do what it was asked, and the exit code that says so.

use std::process::ExitCode;

/// A failure, by what the caller of the binary should do about it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It failed at run time: 1.
    Failed(anyhow::Error),
    /// The command line is wrong: 2.
    Wrong(anyhow::Error),
    /// The pipeline file is wrong and its findings have been printed: 2.
    Findings,
    /// The pipeline file is right, but a plugin or a journal it names cannot be used, and the findings
    /// have been printed: 1.
    Unusable,
    /// The running host could not be reached: 3.
    Unreachable(anyhow::Error),
    /// A second signal: 130.
    Interrupted,
}

impl Failure {
    /// A command line that cannot be obeyed.
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self::Wrong(anyhow::Error::msg(text.into()))
    }

    /// What has its place in the command line but is not built.
    pub(crate) fn not_yet(what: &str) -> Self {
        Self::Failed(anyhow::anyhow!("{what} is not available yet"))
    }

    /// Says on stderr what went wrong, unless that has been said, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Failed(error) | Self::Wrong(error) | Self::Unreachable(error) => {
                // Some of it may be a plugin's own words.
                crate::logs::say(&crate::print::harmless(&format!("error: {error:#}")));
            }
            Self::Findings | Self::Unusable | Self::Interrupted => {}
        }
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Unusable => 1,
            Self::Wrong(_) | Self::Findings => 2,
            Self::Unreachable(_) => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
