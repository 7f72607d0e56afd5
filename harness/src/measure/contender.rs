//! Who runs a workload: one of our backends or, with the feature `peers`, somebody else's memory
//! management.

use std::fmt;
use std::str::FromStr;

use crate::backend::Backend;
use crate::peers::{Kind, Peer};

/// One of our backends or a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// One of our collectors, as it is by default.
    Backend(Backend),
    /// One that is prompt by default, told to work in epochs: see
    /// [`ArenaBuilder::prompt`](gc_core::ArenaBuilder::prompt).
    Epochs(Backend),
    /// One of our collectors, with allocations sampled at the default rate: see
    /// [`Arena::profile_allocations`](gc_core::Arena::profile_allocations).
    Profiled(Backend),
    /// Something else, for comparison.
    Peer(Peer),
}

impl Contender {
    /// Every contender of this build that has a way of its own to manage memory.
    pub fn all() -> impl Iterator<Item = Contender> {
        Backend::ALL
            .into_iter()
            .map(Contender::Backend)
            .chain(Backend::PROMPT.map(Contender::Epochs))
            .chain(Peer::all().iter().copied().map(Contender::Peer))
    }

    /// Those, and the ones that differ in what they tell.
    fn named() -> impl Iterator<Item = Contender> {
        Contender::all().chain(Backend::COLLECTING.map(Contender::Profiled))
    }

    /// Whether it is a collector and not ours.
    #[must_use]
    pub fn is_other_collector(self) -> bool {
        matches!(self, Contender::Peer(peer) if peer.kind() == Kind::Collector)
    }

    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Contender::Backend(backend) => backend.name(),
            Contender::Epochs(backend) => backend.name_in_epochs(),
            Contender::Profiled(backend) => backend.name_profiled(),
            Contender::Peer(peer) => peer.name(),
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that no contender has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownContender {
    name: String,
}

impl fmt::Display for UnknownContender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Contender::named().map(Contender::name).collect();
        write!(formatter, "there is no backend `{}`; there are: {}", self.name, names.join(", "))?;
        if self.name.starts_with("peer:") && Peer::all().is_empty() {
            write!(formatter, " (peers need a build with `--features peers`)")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownContender {}

impl FromStr for Contender {
    type Err = UnknownContender;

    fn from_str(name: &str) -> Result<Self, UnknownContender> {
        Contender::named()
            .find(|contender| contender.name() == name)
            .ok_or_else(|| UnknownContender { name: name.to_owned() })
    }
}
