//! The ways to manage memory that the model can play.

/// How objects die in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By a count to zero only: `collect` does nothing, cycles leak.
    Refcount,
    /// By a count to zero, or in a collection. Every collection is a full one.
    RefcountCycles,
    /// By a count to zero, or in a collection that looks at the object's generation: CPython as it
    /// is.
    Generations,
    /// As soon as they are unreachable, whatever a collector's promptness: after every operation
    /// the heap is collected until nothing more dies.
    Settled,
    /// When the model is told so: it follows a collector that chooses the moment itself, and checks
    /// that it chose only unreachable objects.
    Told,
}

impl Mode {
    /// Whether an object dies as soon as nothing refers to it.
    #[must_use]
    pub fn counts(self) -> bool {
        self != Mode::Told
    }

    /// Whether `collect` looks for cycles.
    #[must_use]
    pub fn collects(self) -> bool {
        matches!(self, Mode::RefcountCycles | Mode::Generations | Mode::Settled)
    }
}
