//! Who does an operation: one of our backends, or something that stands beside it.

use std::fmt;
use std::str::FromStr;

use crate::backend::Backend;

/// What stands beside our backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// `Rc`, with the allocator of this process.
    Rc,
    /// A loop without any memory management.
    Plain,
    /// CPython, if there is one.
    CPython,
}

/// Who does an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// One of our collectors.
    Backend(Backend),
    /// Something else, for comparison.
    Beside(Beside),
}

impl Runner {
    /// Every runner, in the order of the reports.
    pub const ALL: [Runner; 7] = [
        Runner::Backend(Backend::Null),
        Runner::Backend(Backend::Refcount),
        Runner::Backend(Backend::MarkSweep),
        Runner::Backend(Backend::Generational),
        Runner::Beside(Beside::Rc),
        Runner::Beside(Beside::Plain),
        Runner::Beside(Beside::CPython),
    ];

    /// Whether it works in the process that asks for it.
    #[must_use]
    pub const fn is_in_process(self) -> bool {
        !matches!(self, Runner::Beside(Beside::CPython))
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Runner::Backend(backend) => backend.name(),
            Runner::Beside(Beside::Rc) if cfg!(feature = "mimalloc") => "Rc (mimalloc)",
            Runner::Beside(Beside::Rc) => "Rc (system malloc)",
            Runner::Beside(Beside::Plain) => "plain loop",
            Runner::Beside(Beside::CPython) => "CPython",
        }
    }
}

impl fmt::Display for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRunner {
    name: String,
}

impl fmt::Display for UnknownRunner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Runner::ALL.map(Runner::name).join(", ");
        write!(formatter, "nobody is called `{}`; there are: {names}", self.name)
    }
}

impl std::error::Error for UnknownRunner {}

impl FromStr for Runner {
    type Err = UnknownRunner;

    fn from_str(name: &str) -> Result<Self, UnknownRunner> {
        Runner::ALL
            .into_iter()
            .find(|runner| runner.name() == name)
            .ok_or_else(|| UnknownRunner { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_found_by_their_name() {
        for runner in Runner::ALL {
            assert_eq!(runner.name().parse(), Ok(runner));
        }
        assert!("boehm".parse::<Runner>().unwrap_err().to_string().contains("refcount"));
    }
}
