//! What the objects of a heap program are in a real heap.
//!
//! Every object carries a [`Token`] whose drop glue notes the death. A node's and a tuple's
//! references are ordinary edges; a leaf's are handles, which the collector does not trace: they
//! keep their targets alive like any root.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gc_core::{
    DynamicRoot, Gc, GcId, GcWeak, Lock, Mutation, Rootable, Trace, field, static_trace,
};

use super::super::answer::Event;
use super::super::op::{Kind, SLOTS};

/// An object's number: objects are numbered in the order in which the program makes them.
pub(super) type Serial = u32;

/// Something that happened, in a list of what did, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Died(Serial),
    /// The finalizer of a chain's member ran.
    MemberFinalized,
    /// Anything else.
    Other(Event),
}

pub(super) type Happenings = Rc<RefCell<Vec<Happening>>>;

/// Notes the death of the object it is in.
pub(super) struct Token {
    serial: Serial,
    happenings: Happenings,
}

impl Token {
    pub(super) fn new(serial: Serial, happenings: &Happenings) -> Token {
        Token { serial, happenings: Rc::clone(happenings) }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.happenings.borrow_mut().push(Happening::Died(self.serial));
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token({})", self.serial)
    }
}

static_trace!(Token);

/// [`SLOTS`] mutable references.
#[derive(Trace, Debug)]
pub(super) struct Node<'gc> {
    token: Token,
    slots: [Lock<Option<Held<'gc>>>; SLOTS],
}

/// References that never change.
#[derive(Trace, Debug)]
pub(super) struct Tuple<'gc> {
    token: Token,
    elements: Box<[Target<'gc>]>,
}

/// References that the collector does not see.
#[derive(Debug)]
pub(super) struct Leaf {
    token: Token,
    links: RefCell<[Option<Handle>; SLOTS]>,
}

static_trace!(Leaf);

/// A reference to an object of any kind.
#[derive(Clone, Copy, Trace, Debug)]
pub(super) enum Target<'gc> {
    Node(Gc<'gc, Node<'gc>>),
    Tuple(Gc<'gc, Tuple<'gc>>),
    Leaf(Gc<'gc, Leaf>),
}

/// What a slot holds.
#[derive(Clone, Copy, Trace, Debug)]
pub(super) enum Held<'gc> {
    Object(Target<'gc>),
    Weak(GcWeak<'gc, Node<'gc>>),
}

impl<'gc> Held<'gc> {
    pub(super) fn object(self) -> Option<Target<'gc>> {
        match self {
            Held::Object(target) => Some(target),
            Held::Weak(_) => None,
        }
    }
}

/// An object that holds a weak reference, for what can hold only objects.
#[derive(Trace, Debug)]
pub(super) struct Keeper<'gc>(GcWeak<'gc, Node<'gc>>);

impl<'gc> Target<'gc> {
    pub(super) fn node(mc: &Mutation<'gc>, token: Token) -> Self {
        let slots = std::array::from_fn(|_| Lock::new(None));
        Target::Node(Gc::new(mc, Node { token, slots }))
    }

    pub(super) fn leaf(mc: &Mutation<'gc>, token: Token) -> Self {
        Target::Leaf(Gc::new(mc, Leaf { token, links: RefCell::default() }))
    }

    pub(super) fn tuple(mc: &Mutation<'gc>, token: Token, elements: Box<[Target<'gc>]>) -> Self {
        Target::Tuple(Gc::new(mc, Tuple { token, elements }))
    }

    pub(super) fn serial(self) -> Serial {
        match self {
            Target::Node(node) => node.token.serial,
            Target::Tuple(tuple) => tuple.token.serial,
            Target::Leaf(leaf) => leaf.token.serial,
        }
    }

    pub(super) fn id(self) -> GcId {
        match self {
            Target::Node(node) => Gc::id(node),
            Target::Tuple(tuple) => Gc::id(tuple),
            Target::Leaf(leaf) => Gc::id(leaf),
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Target::Node(_) => Kind::Node,
            Target::Tuple(_) => Kind::Tuple,
            Target::Leaf(_) => Kind::Leaf,
        }
    }

    /// Calls `each` for what every slot holds, in order.
    pub(super) fn for_each_held(self, mc: &Mutation<'gc>, mut each: impl FnMut(Held<'gc>)) {
        match self {
            Target::Node(node) => node.slots.iter().filter_map(Lock::get).for_each(each),
            Target::Tuple(tuple) => {
                tuple.elements.iter().copied().map(Held::Object).for_each(each);
            }
            Target::Leaf(leaf) => {
                leaf.links.borrow().iter().flatten().for_each(|link| each(link.fetch(mc)))
            }
        }
    }

    /// Calls `each` for everything the object refers to, in slot order.
    pub(super) fn for_each_target(self, mc: &Mutation<'gc>, mut each: impl FnMut(Target<'gc>)) {
        self.for_each_held(mc, |held| {
            if let Held::Object(target) = held {
                each(target);
            }
        });
    }

    /// The object in a slot of a node.
    pub(super) fn fetch(self, slot: usize) -> Option<Target<'gc>> {
        match self {
            Target::Node(node) => node.slots[slot].get()?.object(),
            Target::Tuple(_) | Target::Leaf(_) => None,
        }
    }

    /// Stores in a slot. A tuple has none to store in.
    pub(super) fn store(self, mc: &Mutation<'gc>, slot: usize, held: Option<Held<'gc>>) {
        match self {
            Target::Node(node) => {
                field!(Gc::write(mc, node), Node, slots)[slot].unlock().set(held);
            }
            Target::Leaf(leaf) => {
                let link = held.map(|held| Handle::new(mc, held));
                // The old handle is dropped after the borrow has ended.
                let old = std::mem::replace(&mut leaf.links.borrow_mut()[slot], link);
                drop(old);
            }
            Target::Tuple(_) => unreachable!("tuples are immutable"),
        }
    }
}

/// A handle to what a slot can hold.
#[derive(Debug)]
pub(super) enum Handle {
    Node(DynamicRoot<Rootable![Node<'_>]>),
    Tuple(DynamicRoot<Rootable![Tuple<'_>]>),
    Leaf(DynamicRoot<Rootable![Leaf]>),
    Weak(DynamicRoot<Rootable![Keeper<'_>]>),
}

impl Handle {
    pub(super) fn new<'gc>(mc: &Mutation<'gc>, held: Held<'gc>) -> Self {
        match held {
            Held::Object(Target::Node(node)) => Handle::Node(mc.stash::<Rootable![Node<'_>]>(node)),
            Held::Object(Target::Tuple(tuple)) => {
                Handle::Tuple(mc.stash::<Rootable![Tuple<'_>]>(tuple))
            }
            Held::Object(Target::Leaf(leaf)) => Handle::Leaf(mc.stash::<Rootable![Leaf]>(leaf)),
            Held::Weak(weak) => {
                Handle::Weak(mc.stash::<Rootable![Keeper<'_>]>(Gc::new(mc, Keeper(weak))))
            }
        }
    }

    pub(super) fn fetch<'gc>(&self, mc: &Mutation<'gc>) -> Held<'gc> {
        Held::Object(match self {
            Handle::Node(handle) => Target::Node(mc.fetch(handle)),
            Handle::Tuple(handle) => Target::Tuple(mc.fetch(handle)),
            Handle::Leaf(handle) => Target::Leaf(mc.fetch(handle)),
            Handle::Weak(handle) => return Held::Weak(mc.fetch(handle).0),
        })
    }
}
