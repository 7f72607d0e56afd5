//! The list of bugs.

use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bug, and what it does.
///
/// It shows in collectors that have what it breaks: in others it changes nothing, or memory of theirs only
/// is used less well.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    /// What `planted!` and `GC_PLANTED` call it.
    pub name: &'static str,
    /// The collectors whose tests must catch it. None: a tool must.
    pub backends: &'static [&'static str],
    /// What is wrong.
    pub what: &'static str,
}

const REFCOUNT: &str = "refcount";
const MARKSWEEP: &str = "marksweep";
const GENERATIONAL: &str = "generational";
const NONE: &[&str] = &[];
const COUNTING: &[&str] = &[REFCOUNT, MARKSWEEP];
const ALL: &[&str] = &[REFCOUNT, MARKSWEEP, GENERATIONAL];

const fn bug(name: &'static str, backends: &'static [&'static str], what: &'static str) -> Bug {
    Bug { name, backends, what }
}

/// All bugs.
#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
    // The write barrier and the log.
    bug("barrier-forgets", ALL, "A store into an old object is not logged."),
    bug("barrier-is-late", COUNTING, "The snapshot of an object is what it refers to after the store."),
    bug("snapshot-misses-last", COUNTING, "The snapshot of a segment lacks its last element."),
    bug("segment-bit-stays", ALL, "A segment that was logged once is not logged again."),
    bug("segment-bit-is-not-set", COUNTING, "A segment is logged again at each store."),
    bug("root-stays-clean", ALL, "A root that was borrowed mutably is not looked at."),
    bug("log-is-not-drained", COUNTING, "What was taken back stays in the log."),
    bug("promoted-is-not-watched", ALL, "What is promoted in place is never logged."),
    // Tracing.
    bug("words-end-early", ALL, "Of the references of an object with more than two none is visited."),
    bug("last-element-is-skipped", ALL, "The last element of an array is not visited."),
    bug("dynamic-slots-are-skipped", &[GENERATIONAL], "References that only `relocate` knows are not updated."),
    bug("queue-loses-last", &[MARKSWEEP, GENERATIONAL], "The last object in the queue of marking is not scanned."),
    bug("piece-is-lost", &[MARKSWEEP, GENERATIONAL], "Of a long array only the first piece is marked."),
    bug("offer-is-lost", &[MARKSWEEP, GENERATIONAL], "What a thread takes from another is not marked."),
    bug("marks-are-not-published", &[MARKSWEEP, GENERATIONAL], "The marks that a thread holds back when its work ends are lost."),
    bug("marks-are-not-atomic", NONE, "Threads that mark write to one word as if there were no others: `ci/tsan.sh` must see it."),
    bug("split-loses-an-element", &[MARKSWEEP, GENERATIONAL], "Where a long array is divided among threads, an element is in neither part."),
    // Counting.
    bug("increment-by-two", COUNTING, "A reference to a counted object counts twice."),
    bug("decrement-is-forgotten", COUNTING, "What a place has lost is not taken back."),
    bug("promoted-is-not-counted", COUNTING, "What an object refers to is not counted when it is promoted."),
    bug("excess-is-forgotten", COUNTING, "References beyond those that a header counts are not counted."),
    bug("header-is-full-early", COUNTING, "The last reference that a header could count goes to the table."),
    bug("excess-outlives-its-object", &[MARKSWEEP], "What the backup frees leaves its references beyond the header in the table."),
    bug("fresh-handle-is-not-counted", COUNTING, "A new handle does not count."),
    bug("dropped-handle-counts", COUNTING, "A handle that was dropped is not taken back."),
    bug("longer-root-is-not-counted", COUNTING, "What a root refers to beyond what it did is not counted."),
    bug("shorter-root-is-not-taken-back", COUNTING, "What a root that refers to less has lost is not taken back."),
    bug("children-are-not-taken-back", COUNTING, "What dies keeps its references."),
    // Trial deletion and the backup of counting.
    bug("candidate-is-dropped", &[MARKSWEEP], "What loses a reference and lives is no candidate."),
    bug("dead-candidate-stays-marked", &[MARKSWEEP], "A candidate that dies by its count keeps its mark."),
    bug("live-is-not-restored", &[MARKSWEEP], "What lives does not get its counts back."),
    bug("undo-is-forgotten", &[MARKSWEEP], "A detection that gives up leaves the counts as they are."),
    bug("ephemeron-is-external", &[MARKSWEEP], "What an ephemeron holds counts as held from outside."),
    bug("dead-key-holds", &[MARKSWEEP], "An ephemeron holds its value although its key is garbage."),
    bug("saturated-takes-part", &[MARKSWEEP], "An object whose count exceeds its header takes part in trial deletion."),
    bug("frozen-takes-part", &[MARKSWEEP], "A frozen object takes part in trial deletion."),
    bug("backup-misses-handles", &[MARKSWEEP], "The backup does not mark from handles."),
    bug("backup-keeps-counts", &[MARKSWEEP], "What garbage referred to keeps its count when the backup frees that."),
    // Marks, sweeping and memory.
    bug("marks-are-not-cleared", &[MARKSWEEP, GENERATIONAL], "Marks stay after a collection."),
    bug("marked-is-swept", &[MARKSWEEP, GENERATIONAL], "What lies at the begin of a word of the bit map is swept, marked or not."),
    bug("hole-is-too-large", COUNTING, "A hole begins a granule before the object in front of it ends."),
    bug("start-bit-stays", COUNTING, "The start bit of what is reclaimed is not cleared."),
    bug("live-bytes-drift", COUNTING, "The bytes that are live fall by a granule less than those of what dies."),
    bug("block-bytes-drift", COUNTING, "The live bytes of a block fall by a granule less than those of what dies."),
    bug("block-bytes-are-not-reset", &[GENERATIONAL], "A block that was swept has as many live bytes as before."),
    bug("block-is-released-twice", ALL, "A free block is in the list of free blocks twice."),
    bug("released-block-is-counted", ALL, "A block that was released counts as used."),
    bug("survivors-are-overwritten", COUNTING, "Allocation begins anew where it began, although something there has survived."),
    bug("large-is-freed-alive", ALL, "A large object is freed at its first collection."),
    bug("large-is-kept", ALL, "The memory of a dead large object is not freed."),
    // Generations.
    bug("old-to-aging-is-forgotten", &[GENERATIONAL], "An old object that was written to and refers to an aging one is not remembered."),
    bug("forgotten-stays-flagged", &[GENERATIONAL], "What refers to nothing aging any more is never remembered again."),
    bug("unseen-is-not-watched", &[GENERATIONAL], "What becomes old unseen is never logged."),
    bug("tenured-is-not-remembered", &[GENERATIONAL], "An object that became old and refers to an aging one is not remembered."),
    bug("fresh-handle-is-not-traced", &[GENERATIONAL], "A minor collection does not trace from new handles."),
    bug("forwarding-is-not-followed", &[GENERATIONAL], "A reference to what was copied before is not updated."),
    bug("slots-are-not-updated", &[GENERATIONAL], "References to what a full collection moves are not updated."),
    bug("copy-has-no-start-bit", &[GENERATIONAL], "A copy is not known as an object."),
    bug("identity-stays-behind", &[GENERATIONAL], "The identity of what is copied is not moved."),
    bug("finalizer-stays-behind", &[GENERATIONAL], "The finalizers that were given to what is copied are not moved."),
    bug("place-is-reached-twice", &[GENERATIONAL], "A place that is listed twice has its object copied twice."),
    bug("weak-entry-stays-behind", &[GENERATIONAL], "Weak references are listed where their target was."),
    // Drop glue.
    bug("dropped-twice", ALL, "Drop glue runs twice."),
    bug("never-dropped", ALL, "Drop glue does not run before the arena is dropped."),
    bug("dropped-during-collection", ALL, "Drop glue runs while the collector does."),
    bug("survivor-is-dropped", ALL, "The drop glue of what survives its first collection runs."),
    bug("young-is-not-dropped", ALL, "The drop glue of what dies young does not run."),
    // Weak references, finalizers and identities.
    bug("weak-is-not-cleared", ALL, "A weak reference leads to what is dead."),
    bug("callbacks-run-backwards", ALL, "The oldest callback is called first."),
    bug("dead-callback-is-called", &[MARKSWEEP, GENERATIONAL], "A callback that is garbage like its target is called."),
    bug("called-weak-is-not-kept", &[MARKSWEEP], "A weak reference may be collected while it is called back."),
    bug("finalizer-sees-the-weak", &[MARKSWEEP], "Finalizers can reach garbage by weak references."),
    bug("finalized-twice", ALL, "What was finalized can get a finalizer again."),
    bug("resurrected-is-freed", &[MARKSWEEP], "What a finalizer has made reachable is freed."),
    bug("value-is-not-reached", ALL, "The value of an ephemeron of young objects is not reached."),
    bug("value-is-not-marked", &[MARKSWEEP, GENERATIONAL], "The value of an ephemeron is not marked."),
    bug("value-is-kept", COUNTING, "The value of an ephemeron keeps its count when the key dies."),
    bug("identity-is-given-again", ALL, "The identity of the dead goes to what comes to their address."),
];

/// The one that was asked for, as an index: [`NOT_READ`] until that is known, [`NO_BUG`] if none was.
static ASKED_FOR: AtomicUsize = AtomicUsize::new(NOT_READ);

const NOT_READ: usize = usize::MAX;
const NO_BUG: usize = usize::MAX - 1;

#[cold]
fn read_environment() -> usize {
    let name = env::var("GC_PLANTED").unwrap_or_default();
    let index = BUGS.iter().position(|bug| bug.name == name);
    assert!(name.is_empty() || index.is_some(), "no bug is called `{name}`");
    let index = index.unwrap_or(NO_BUG);
    // Whoever reads it at the same time comes to the same.
    ASKED_FOR.store(index, Ordering::Relaxed);
    index
}

/// The index of a bug in the list.
///
/// # Panics
///
/// It is not there.
#[must_use]
pub const fn number(name: &str) -> usize {
    let mut index = 0;
    while index < BUGS.len() {
        if is_same(BUGS[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("the bug is not in the list");
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// Whether the bug of this index was asked for.
#[inline]
#[must_use]
pub fn is_asked_for(number: usize) -> bool {
    match ASKED_FOR.load(Ordering::Relaxed) {
        NOT_READ => read_environment() == number,
        index => index == number,
    }
}
