//! Contenders that are not ours: what the same workload costs with somebody else's memory
//! management.
//!
//! A peer is a variant of [`Peer`] with a name that begins with `peer:`, and a file in this folder
//! with a function per workload that it runs. A workload that a peer cannot run is answered with
//! the reason.

#[cfg(feature = "peers")]
mod bumpalo;

use crate::workloads::{Checksum, Parameters, Workload};

/// A contender that is not ours. Without the feature `peers` there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Peer {
    /// Bump allocation in regions that are freed as a whole.
    #[cfg(feature = "peers")]
    Bumpalo,
}

impl Peer {
    /// Every peer of this build.
    #[cfg(feature = "peers")]
    pub const ALL: &[Peer] = &[Peer::Bumpalo];

    /// Every peer of this build: none.
    #[cfg(not(feature = "peers"))]
    pub const ALL: &[Peer] = &[];

    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "peers")]
            Peer::Bumpalo => "peer:bumpalo",
        }
    }

    /// Why the peer does not run a workload; `None` if it does.
    #[must_use]
    pub fn refusal(self, workload: &Workload) -> Option<String> {
        // Without peers there is nobody to look at them.
        let _ = workload;
        match self {
            #[cfg(feature = "peers")]
            Peer::Bumpalo => (workload.name != "binary-trees").then(|| {
                let name = workload.name;
                format!(
                    "peer:bumpalo does not run `{name}`: a region frees all its objects at once, \
                        which only suits binary-trees"
                )
            }),
        }
    }

    /// Runs a workload.
    ///
    /// # Errors
    ///
    /// If the peer does not run it; the error says why.
    pub fn run(self, workload: &Workload, parameters: &Parameters) -> Result<Checksum, String> {
        if let Some(refusal) = self.refusal(workload) {
            return Err(refusal);
        }
        let _ = parameters;
        match self {
            #[cfg(feature = "peers")]
            Peer::Bumpalo => Ok(bumpalo::binary_trees(parameters)),
        }
    }
}

#[cfg(all(test, feature = "peers"))]
mod tests {
    use super::*;
    use crate::workloads::WORKLOADS;

    #[test]
    fn bumpalo_says_why_it_does_not_run_a_workload() {
        for workload in &WORKLOADS {
            let refusal = Peer::Bumpalo.refusal(workload);
            assert_eq!(refusal.is_none(), workload.name == "binary-trees", "{}", workload.name);
        }
    }
}
