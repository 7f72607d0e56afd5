//! What the heap knows of weak collections: how many of their entries are dead, and how they are pruned.
//!
//! A cell that is cleared adds to the dead entries of its collection. When most entries of one are dead
//! it is pruned at the end of the safepoint that found that, so that the memory it takes is O(live
//! entries) whether anybody writes to it again or not.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

use hashbrown::HashMap;

use super::{Heap, ObjectRef};
use crate::handles::Changes;

/// A collection with fewer dead entries is not pruned for them.
const DEAD_MIN: usize = 8;

/// Takes the dead entries out of a collection.
type Prune = unsafe fn(ObjectRef, &Heap);

/// What a weak collection and the heap share.
#[derive(Debug)]
pub(crate) struct Tally {
    number: u64,
    changes: Rc<Changes>,
    /// The collection; nothing before it has a place, and when it is dead.
    owner: Cell<Option<ObjectRef>>,
    prune: Prune,
    /// Entries, and those of them that are dead.
    entries: Cell<usize>,
    dead: Cell<usize>,
    /// It waits to be pruned.
    is_listed: Cell<bool>,
}

impl Tally {
    pub(super) fn owner(&self) -> Option<ObjectRef> {
        self.owner.get()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The collection is dead.
    pub(crate) fn abandon(&self) {
        self.owner.set(None);
        self.changes.is_tidying_due.set(true);
    }

    /// Sets the number of entries.
    pub(crate) fn set_entries(&self, entries: usize) {
        self.entries.set(entries);
    }

    pub(crate) fn dead(&self) -> usize {
        self.dead.get()
    }

    /// Whether so many entries are dead that they are to be taken out.
    pub(crate) fn is_sparse(&self) -> bool {
        let dead = self.dead.get();
        dead >= DEAD_MIN && dead > self.entries.get() / 2
    }

    /// Dead entries are there no more.
    pub(crate) fn forget_dead(&self, count: usize) {
        self.dead.set(self.dead.get().saturating_sub(count));
    }
}

/// The weak collections of a heap.
#[derive(Debug, Default)]
pub(super) struct Collections {
    pub(super) tallies: HashMap<u64, Rc<Tally>>,
    /// Those of which most entries are dead.
    sparse: Vec<Rc<Tally>>,
    last_number: u64,
}

impl Collections {
    /// A cell of this collection was cleared.
    pub(super) fn note_dead_entry(&mut self, collection: u64) {
        let Some(tally) = self.tallies.get(&collection) else { return };
        let dead = tally.dead.get() + 1;
        tally.dead.set(dead);
        if tally.is_sparse() && !tally.is_listed.replace(true) {
            self.sparse.push(Rc::clone(tally));
        }
    }

    /// Collections have moved.
    pub(super) fn relocate(&self, fate: impl Fn(ObjectRef) -> Option<ObjectRef>) {
        for tally in self.tallies.values() {
            if let Some(to) = tally.owner.get().and_then(&fate) {
                tally.owner.set(Some(to));
            }
        }
    }

    /// How many tallies there are.
    pub(super) fn tallies(&self) -> usize {
        let is_forgotten = |tally: &&Rc<Tally>| !self.tallies.contains_key(&tally.number);
        self.tallies.len() + self.sparse.iter().filter(is_forgotten).count()
    }

    /// Lets go of the collections that are dead.
    pub(super) fn forget_abandoned(&mut self) {
        self.tallies.retain(|_, tally| tally.owner.get().is_some());
    }
}

impl Heap {
    /// Makes a tally for a new collection.
    pub(crate) fn new_tally(&self, prune: Prune) -> Rc<Tally> {
        let collections = &mut self.weak.borrow_mut().collections;
        collections.last_number += 1;
        Rc::new(Tally {
            number: collections.last_number,
            changes: Rc::clone(&self.handle_changes),
            owner: Cell::new(None),
            prune,
            entries: Cell::new(0),
            dead: Cell::new(0),
            is_listed: Cell::new(false),
        })
    }

    /// Has the heap count the dead entries of a collection, which has a place now.
    ///
    /// # Safety
    ///
    /// The collection is live, the tally is its own, and it abandons that in its drop glue.
    pub(crate) unsafe fn add_tally(&self, tally: Rc<Tally>, owner: ObjectRef) {
        tally.owner.set(Some(owner));
        self.weak.borrow_mut().collections.tallies.insert(tally.number, tally);
    }

    /// Takes the dead entries out of the collections in which there are many. Says whether there were
    /// any.
    ///
    /// Not for collectors: the collections are written to, as a `mutate` does.
    #[inline]
    pub(crate) fn prune_collections(&mut self) -> bool {
        !self.weak.get_mut().collections.sparse.is_empty() && self.prune_sparse()
    }

    #[cold]
    #[inline(never)]
    fn prune_sparse(&mut self) -> bool {
        let sparse = core::mem::take(&mut self.weak.get_mut().collections.sparse);
        for tally in &sparse {
            tally.is_listed.set(false);
            if let Some(owner) = tally.owner.get() {
                // SAFETY: the collection at this address is alive, and of the type the function is for.
                unsafe { (tally.prune)(owner, self) }
            }
        }
        !sparse.is_empty()
    }
}
