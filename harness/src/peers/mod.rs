//! Contenders that are not ours: what the same workload costs with somebody else's memory
//! management.
//!
//! A peer is a [`Peer`] in a file or folder of its own, with a function per workload that it runs.
//! A workload that a peer cannot run is answered with the reason.

#[cfg(feature = "peers")]
mod boxes;
#[cfg(feature = "peers")]
mod bumpalo;
#[cfg(feature = "peers")]
mod gc_arena;
#[cfg(feature = "peers")]
mod pointers;
#[cfg(feature = "peers")]
mod safe_gc;

use crate::workloads::{Checksum, Parameters, Workload};

/// A contender that is not ours. Without the feature `peers` there is none.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    name: &'static str,
    sentence: &'static str,
    kind: Kind,
    /// The name of a workload and what the peer does about it.
    answers: &'static [(&'static str, Answer)],
}

/// Who finds out what is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A library of garbage collection. The best of these is what our backends are compared with.
    Collector,
    /// The owners of objects, as with `Box`, or their counts, as with `Rc`: what the language has.
    Language,
    /// The program, which frees or forgets whole regions.
    Program,
}

/// What a peer does about a workload.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "peers"), allow(dead_code, reason = "without peers nobody makes one"))]
enum Answer {
    /// It runs it, with the checksum of our own backends.
    Runs(fn(&Parameters) -> Checksum),
    /// It cannot. A few words that fit into the cell of a table: "leaks cycles".
    Cannot(&'static str),
}

/// Every peer of this build, in the order of the reports.
#[cfg(feature = "peers")]
static PEERS: &[Peer] = &[
    bumpalo::PEER,
    boxes::PEER,
    pointers::rc::PEER,
    gc_arena::PEER,
    pointers::dumpster::PEER,
    pointers::rust_cc::PEER,
    pointers::jrsonnet_gcmodule::PEER,
    pointers::bacon_rajan_cc::PEER,
    pointers::rust_gc::PEER,
    pointers::boa_gc::PEER,
    safe_gc::PEER,
];

/// Every peer of this build: none.
#[cfg(not(feature = "peers"))]
static PEERS: &[Peer] = &[];

impl Peer {
    /// Every peer of this build, in the order of the reports.
    #[must_use]
    pub fn all() -> &'static [Peer] {
        PEERS
    }

    /// The name on the command line and in reports; it begins with `peer:`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What it is.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.sentence
    }

    /// Who finds out what is dead.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.kind
    }

    fn answer(self, workload: &Workload) -> Answer {
        self.answers
            .iter()
            .find(|(name, _)| *name == workload.name)
            .map_or(Answer::Cannot("not written"), |&(_, answer)| answer)
    }

    /// Why the peer does not run a workload, in a few words; `None` if it does.
    #[must_use]
    pub fn refusal(self, workload: &Workload) -> Option<&'static str> {
        match self.answer(workload) {
            Answer::Runs(_) => None,
            Answer::Cannot(reason) => Some(reason),
        }
    }

    /// Runs a workload.
    ///
    /// # Errors
    ///
    /// If the peer does not run it; the error says why.
    pub fn run(self, workload: &Workload, parameters: &Parameters) -> Result<Checksum, String> {
        match self.answer(workload) {
            Answer::Runs(run) => Ok(run(parameters)),
            Answer::Cannot(reason) => {
                Err(format!("{} does not run `{}`: {reason}", self.name, workload.name))
            }
        }
    }
}

/// Names are unique.
impl PartialEq for Peer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Peer {}

#[cfg(all(test, feature = "peers"))]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::Instruments;
    use crate::workloads::WORKLOADS;

    #[test]
    fn names_are_unique_and_tell_a_peer() {
        for (place, peer) in Peer::all().iter().enumerate() {
            assert!(peer.name.starts_with("peer:"), "{}", peer.name);
            assert!(!Peer::all()[..place].contains(peer), "{}", peer.name);
        }
    }

    #[test]
    fn every_answer_is_about_a_workload() {
        for peer in Peer::all() {
            for (name, _) in peer.answers {
                assert!(Workload::find(name).is_ok(), "{}: {name}", peer.name);
            }
        }
    }

    #[test]
    fn peers_compute_what_our_backends_compute() {
        for workload in &WORKLOADS {
            let parameters = Parameters { scale: workload.scale.tiny, seed: 3 };
            let ours = workload.run(Backend::Generational, &parameters, &mut Instruments::silent());
            for &peer in Peer::all().iter().filter(|peer| peer.refusal(workload).is_none()) {
                let theirs = peer.run(workload, &parameters);
                assert_eq!(theirs, Ok(ours), "{} on {}", peer.name, workload.name);
            }
        }
    }

    #[test]
    fn a_refusal_names_the_peer_the_workload_and_the_reason() {
        let graph = Workload::find("graph").unwrap();
        let refusal = bumpalo::PEER.run(graph, &Parameters { scale: 100, seed: 0 }).unwrap_err();
        assert!(refusal.starts_with("peer:bumpalo does not run `graph`: "), "{refusal}");
    }
}
