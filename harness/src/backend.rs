//! The collectors a run can choose by name.
//!
//! This is the only place in the harness that lists them: everything else is generic over
//! [`gc_core::Collector`] and reaches a concrete one through
//! [`with_collector!`](crate::with_collector).

use std::fmt;
use std::str::FromStr;

/// A collector, chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// Never collects: the lower bound of time and the upper bound of memory.
    Null,
    /// Prompt reference counting: cycles leak.
    Refcount,
    /// Reference counting with cycle detection.
    MarkSweep,
    /// A copying nursery over a mark-region space.
    Generational,
}

impl Backend {
    /// Every backend, from the one that does least to the one that does most.
    pub const ALL: [Backend; 4] =
        [Backend::Null, Backend::Refcount, Backend::MarkSweep, Backend::Generational];

    /// The backends that reclaim memory: all but [`Backend::Null`].
    pub const COLLECTING: [Backend; 3] =
        [Backend::Refcount, Backend::MarkSweep, Backend::Generational];

    /// The backends that are prompt unless they are told to work in epochs.
    pub const PROMPT: [Backend; 2] = [Backend::Refcount, Backend::MarkSweep];

    /// The name that the command line and the reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Null => "null",
            Backend::Refcount => "refcount",
            Backend::MarkSweep => "marksweep",
            Backend::Generational => "generational",
        }
    }

    /// The name of the contender that works in epochs; the plain name if the backend is never prompt.
    #[must_use]
    pub const fn name_in_epochs(self) -> &'static str {
        match self {
            Backend::Refcount => "refcount:epochs",
            Backend::MarkSweep => "marksweep:epochs",
            Backend::Null | Backend::Generational => self.name(),
        }
    }

    /// The name of the contender whose allocations are sampled.
    #[must_use]
    pub const fn name_profiled(self) -> &'static str {
        match self {
            Backend::Null => "null:profiled",
            Backend::Refcount => "refcount:profiled",
            Backend::MarkSweep => "marksweep:profiled",
            Backend::Generational => "generational:profiled",
        }
    }

    /// The largest nursery that the collector gives itself, or the longest epoch; 0 if it never
    /// collects.
    #[must_use]
    pub const fn nursery_bytes_max(self) -> usize {
        match self {
            Backend::Null => 0,
            Backend::Refcount | Backend::MarkSweep => gc_refcount::EPOCH_BYTES_MAX,
            Backend::Generational => gc_generational::NURSERY_BYTES_MAX,
        }
    }

    /// What the collector says about itself.
    #[must_use]
    pub fn attributes(self) -> &'static gc_core::Attributes {
        crate::with_collector!(self, C => &<C as gc_core::Collector>::ATTRIBUTES)
    }
}

/// Evaluates an expression with a type alias bound to the collector that a [`Backend`] names.
///
/// `with_collector!(backend, C => run::<C>(parameters))` compiles `run` once per collector and
/// picks one at run time.
#[macro_export]
macro_rules! with_collector {
    ($backend:expr, $C:ident => $body:expr) => {
        match $backend {
            $crate::backend::Backend::Null => {
                type $C = ::gc_core::NullCollector;
                $body
            }
            $crate::backend::Backend::Refcount => {
                type $C = ::gc_refcount::Refcount;
                $body
            }
            $crate::backend::Backend::MarkSweep => {
                type $C = ::gc_marksweep::MarkSweep;
                $body
            }
            $crate::backend::Backend::Generational => {
                type $C = ::gc_generational::Generational;
                $body
            }
        }
    };
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that no backend has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBackend {
    name: String,
}

impl fmt::Display for UnknownBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Backend::ALL.map(Backend::name).join(", ");
        write!(formatter, "there is no backend `{}`; there are: {names}", self.name)
    }
}

impl std::error::Error for UnknownBackend {}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        Backend::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| UnknownBackend { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_is_found_by_its_name() {
        for backend in Backend::ALL {
            assert_eq!(backend.name().parse(), Ok(backend));
        }
    }

    #[test]
    fn the_prompt_backends_are_those_that_say_so() {
        let is_prompt = |backend: &Backend| backend.attributes().prompt;
        assert!(Backend::ALL.into_iter().filter(is_prompt).eq(Backend::PROMPT));
        let has_epochs = |backend: &Backend| backend.name() != backend.name_in_epochs();
        assert!(Backend::ALL.into_iter().filter(has_epochs).eq(Backend::PROMPT));
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_exist() {
        let error = "boehm".parse::<Backend>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no backend `boehm`; there are: null, refcount, marksweep, generational"
        );
    }
}
