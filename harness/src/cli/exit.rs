//! How the program ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// An exit code with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything went well and all agree.
    Agreement,
    /// Something does not agree, or failed.
    Disagreement,
    /// What was asked for makes no sense.
    Misuse,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Agreement => 0,
            Exit::Disagreement => 1,
            Exit::Misuse => 2,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The arguments or an input file make no sense.
    Misuse(String),
    /// Something broke on the way.
    Failure(String),
}

impl Trouble {
    pub(super) fn misuse(reason: impl fmt::Display) -> Self {
        Trouble::Misuse(reason.to_string())
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Trouble::Misuse(_) => Exit::Misuse,
            Trouble::Failure(_) => Exit::Disagreement,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Trouble::Misuse(reason) | Trouble::Failure(reason)) = self;
        formatter.write_str(reason)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Failure(error.to_string())
    }
}
