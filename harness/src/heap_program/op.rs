//! The operations of a heap program: what a mutator does to its heap, one line of the file each.

use super::name::Name;

/// How many slots a node and a leaf have.
pub const SLOTS: usize = 16;

/// The number of one of an object's [`SLOTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u8);

impl Slot {
    /// The slot with this number, or `None` if objects have no such slot.
    #[must_use]
    pub fn new(number: usize) -> Option<Slot> {
        (number < SLOTS).then_some(Slot(number as u8))
    }

    /// The slot's number, below [`SLOTS`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A generation as the file format numbers them: 0, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u8);

impl Generation {
    /// The generation of objects that no collection has looked at.
    pub const YOUNG: Generation = Generation(0);
    /// The oldest generation. To collect it is a full collection.
    pub const OLD: Generation = Generation(2);

    /// The generation with this number, or `None` beyond the oldest.
    #[must_use]
    pub fn new(number: usize) -> Option<Generation> {
        (number <= usize::from(Self::OLD.0)).then_some(Generation(number as u8))
    }

    /// The generation's number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Where objects go that survive a collection of this generation.
    #[must_use]
    pub fn next(self) -> Generation {
        Generation((self.0 + 1).min(Self::OLD.0))
    }
}

/// What sort of object `new` makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// [`SLOTS`] mutable slots, tracked by the collector.
    #[default]
    Node,
    /// Atomic and untracked: what it links to is held by references that the collector cannot see.
    Leaf,
    /// Immutable, tracked, made with its elements.
    Tuple,
}

impl Kind {
    /// The word that the file format uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Node => "node",
            Kind::Leaf => "leaf",
            Kind::Tuple => "tuple",
        }
    }

    /// Whether the collector traces objects of this kind and counts them.
    #[must_use]
    pub fn is_tracked(self) -> bool {
        self != Kind::Leaf
    }
}

/// An object's slot, where the format names the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The object.
    pub from: Name,
    /// Its slot.
    pub slot: Slot,
}

/// The making of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// What later operations call the object. An id that is given again names the newer object from
    /// then on.
    pub id: Name,
    /// Its kind.
    pub kind: Kind,
    /// A tuple's elements; empty for the other kinds.
    pub of: Vec<Name>,
    /// The root that holds it.
    pub root: Name,
    /// What its finalizer does, if it has one.
    pub finalizer: Option<Vec<Action>>,
}

/// One operation of the mutator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Makes an object and roots it.
    New(New),
    /// Stores a reference in a slot.
    Link {
        /// Whose slot.
        from: Name,
        /// Which slot.
        slot: Slot,
        /// What it refers to from now on.
        to: Name,
    },
    /// Empties a slot.
    Unlink {
        /// Whose slot.
        from: Name,
        /// Which slot.
        slot: Slot,
    },
    /// Roots an object under a name, which forgets what the name held.
    Root {
        /// The root.
        name: Name,
        /// The object.
        to: Name,
    },
    /// Forgets a root.
    Drop {
        /// The root.
        name: Name,
    },
    /// Makes a weak reference.
    Weakref {
        /// Its name.
        w: Name,
        /// The object it refers to.
        to: Name,
        /// What its callback does, if it has one.
        callback: Option<Vec<Action>>,
        /// The slot that holds it, if it does not belong to the outside world.
        held_by: Option<Holder>,
    },
    /// Forgets a weak reference; its callback never runs.
    DropWeakref {
        /// Its name.
        w: Name,
    },
    /// Asks a weak reference for its object.
    Deref {
        /// The weak reference.
        w: Name,
        /// The root under which the object is held from now on.
        root: Option<Name>,
    },
    /// Collects.
    Collect {
        /// The oldest generation to look at.
        generation: Generation,
    },
    /// Allows automatic collections.
    Enable,
    /// Forbids automatic collections.
    Disable,
    /// Reads or sets the thresholds of automatic collection.
    Threshold {
        /// The new thresholds.
        set: Option<[u32; 3]>,
    },
    /// Asks how many collections the two older generations have waited for.
    Counts,
    /// Asks for the statistics of each generation.
    Stats,
    /// Moves everything to a generation that collections ignore.
    Freeze,
    /// Moves what is frozen to the oldest generation.
    Unfreeze,
    /// Sets the debugging flags.
    Debug {
        /// Whether collections keep what they find instead of freeing it.
        save_all: bool,
    },
    /// Asks what collections kept.
    Garbage {
        /// Whether to forget it afterwards.
        clear: bool,
    },
    /// Notes the start and stop of collections among the events, or no longer does.
    GcCallbacks {
        /// Which of the two.
        on: bool,
    },
    /// Asks about one object.
    Info {
        /// The object.
        id: Name,
    },
    /// Makes a chain of nodes that nobody can name, each holding the next in slot 0, and roots its
    /// head.
    Chain {
        /// What the members would be called.
        id: Name,
        /// How many members.
        length: usize,
        /// Whether the last refers to the first.
        close: bool,
        /// The finalizer of each member.
        finalizer: Option<Vec<Action>>,
        /// The root that holds the head.
        root: Name,
    },
    /// Makes nodes that refer to themselves and are unreachable at once.
    Churn {
        /// What they would be called.
        id: Name,
        /// How many.
        length: usize,
    },
    /// Starts a new program on an empty heap.
    Reset,
}

impl Op {
    /// The objects with names that the operation makes, or the finalizer or callback that it gives.
    pub fn made(&self) -> impl Iterator<Item = &New> {
        let mut made = Vec::new();
        let mut pending = Vec::new();
        match self {
            Op::New(new) => pending.push(new),
            Op::Weakref { callback: Some(actions), .. }
            | Op::Chain { finalizer: Some(actions), .. } => {
                Action::for_each_new(actions, |new| pending.push(new))
            }
            _ => {}
        }
        while let Some(new) = pending.pop() {
            made.push(new);
            let actions = new.finalizer.as_deref().unwrap_or_default();
            Action::for_each_new(actions, |new| pending.push(new));
        }
        made.into_iter()
    }

    /// The word that the file format uses.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Op::New(_) => "new",
            Op::Link { .. } => "link",
            Op::Unlink { .. } => "unlink",
            Op::Root { .. } => "root",
            Op::Drop { .. } => "drop",
            Op::Weakref { .. } => "weakref",
            Op::DropWeakref { .. } => "drop_weakref",
            Op::Deref { .. } => "deref",
            Op::Collect { .. } => "collect",
            Op::Enable => "enable",
            Op::Disable => "disable",
            Op::Threshold { .. } => "threshold",
            Op::Counts => "counts",
            Op::Stats => "stats",
            Op::Freeze => "freeze",
            Op::Unfreeze => "unfreeze",
            Op::Debug { .. } => "debug",
            Op::Garbage { .. } => "garbage",
            Op::GcCallbacks { .. } => "gc_callbacks",
            Op::Info { .. } => "info",
            Op::Chain { .. } => "chain",
            Op::Churn { .. } => "churn",
            Op::Reset => "reset",
        }
    }
}

/// What a finalizer or the callback of a weak reference does. `self` is the object being finalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Roots `self`.
    Resurrect {
        /// The root.
        name: Name,
    },
    /// Roots what a slot of `self` refers to.
    RootSlot {
        /// The slot.
        slot: Slot,
        /// The root.
        name: Name,
    },
    /// Stores `self` in a slot of a rooted object.
    StoreIn {
        /// The root of that object.
        name: Name,
        /// The slot.
        slot: Slot,
    },
    /// Empties a slot of `self`.
    Unlink {
        /// The slot.
        slot: Slot,
    },
    /// Forgets a root.
    Drop {
        /// The root.
        name: Name,
    },
    /// Notes whether a weak reference is alive.
    See {
        /// The weak reference.
        w: Name,
        /// The root under which its object is held from now on.
        name: Option<Name>,
    },
    /// Notes what a slot of `self` refers to.
    SeeSlot {
        /// The slot.
        slot: Slot,
    },
    /// Makes a weak reference to `self` or to what its slot refers to.
    Weakref {
        /// Its name.
        w: Name,
        /// The slot, if it is not for `self`.
        slot: Option<Slot>,
        /// What its callback does, if it has one.
        callback: Option<Vec<Action>>,
    },
    /// Makes an object and roots it.
    New(New),
    /// Collects.
    Collect {
        /// The oldest generation to look at.
        generation: Generation,
    },
    /// Fails.
    Raise,
}

impl Action {
    /// Calls `each` for every object that the actions make, and the callbacks that they give, but not
    /// for what the finalizers of these make.
    fn for_each_new<'a>(actions: &'a [Action], mut each: impl FnMut(&'a New)) {
        let mut pending = vec![actions];
        while let Some(actions) = pending.pop() {
            for action in actions {
                match action {
                    Action::New(new) => each(new),
                    Action::Weakref { callback: Some(actions), .. } => pending.push(actions),
                    _ => {}
                }
            }
        }
    }

    /// The word that the file format uses.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Action::Resurrect { .. } => "resurrect",
            Action::RootSlot { .. } => "root_slot",
            Action::StoreIn { .. } => "store_in",
            Action::Unlink { .. } => "unlink",
            Action::Drop { .. } => "drop",
            Action::See { .. } => "see",
            Action::SeeSlot { .. } => "see_slot",
            Action::Weakref { .. } => "weakref",
            Action::New(_) => "new",
            Action::Collect { .. } => "collect",
            Action::Raise => "raise",
        }
    }
}
