//! What is in the arena.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use gc_core::{DynamicRoot, Gc, GcWeak, Lock, RefLock, Rootable, Static, Trace};

/// The number of a [`Token`]: what the model knows an object by.
pub(super) type Id = usize;

/// References of a node at fixed places.
pub(super) const LINKS: usize = 3;

/// References of the arena's table.
pub(super) const TABLE: usize = 24;

pub(super) type NodeRoot = Rootable![Node<'_>];
pub(super) type Handle = DynamicRoot<NodeRoot>;
pub(super) type Link<'gc> = Option<Gc<'gc, Node<'gc>>>;

#[derive(Trace)]
pub(super) struct Node<'gc> {
    pub(super) token: Static<Token>,
    pub(super) links: [Lock<Link<'gc>>; LINKS],
    pub(super) list: RefLock<Vec<Gc<'gc, Node<'gc>>>>,
    pub(super) array: Lock<Option<Gc<'gc, [Element<'gc>]>>>,
    pub(super) weak: Lock<Option<GcWeak<'gc, Node<'gc>>>>,
}

impl Node<'_> {
    pub(super) fn new(token: Token) -> Self {
        Node {
            token: Static(token),
            links: Default::default(),
            list: RefLock::new(Vec::new()),
            array: Lock::new(None),
            weak: Lock::new(None),
        }
    }

    pub(super) fn id(&self) -> Id {
        self.token.0.id
    }
}

/// An element of an array, which is dropped with it.
#[derive(Trace)]
pub(super) struct Element<'gc> {
    pub(super) token: Static<Token>,
    pub(super) link: Lock<Link<'gc>>,
}

/// The root.
#[derive(Trace)]
pub(super) struct World<'gc> {
    /// Written to with a barrier.
    pub(super) table: Gc<'gc, [Lock<Link<'gc>>]>,
    /// Written to without one, where the root is borrowed mutably.
    pub(super) roots: Vec<Link<'gc>>,
}

/// Notes its death, and may panic then.
pub(super) struct Token {
    pub(super) id: Id,
    pub(super) book: Rc<Book>,
    /// A handle that goes when the token does.
    pub(super) held: RefCell<Option<Handle>>,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.book.note_drop(self.id);
        // If it panics while an array is given up, the process ends, as with any drop glue.
        if !std::thread::panicking() && self.book.panicking.borrow_mut().remove(&self.id) {
            self.book.glue_panics.set(self.book.glue_panics.get() + 1);
            self.book.panic();
        }
    }
}

/// What a panic on purpose carries.
pub(super) struct OnPurpose;

/// What a finalizer or a callback did, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A finalizer, a callback, or a function for its death ran for the object.
    Called(Id),
    /// A finalizer has emptied a link of its object.
    Unlinked(Id, usize),
    /// A finalizer has stored the second in a link of the first.
    Linked(Id, usize, Id),
}

/// What is known outside of the arena.
#[derive(Default)]
pub(super) struct Book {
    /// How often each token was dropped.
    drops: RefCell<Vec<u8>>,
    pub(super) events: RefCell<Vec<Event>>,
    /// Handles that the program has.
    pub(super) handles: RefCell<Vec<(Id, Handle)>>,
    /// Handles that finalizers have made since the program was last asked.
    pub(super) rescued: RefCell<Vec<(Id, Handle)>>,
    /// Tokens whose drop panics.
    pub(super) panicking: RefCell<BTreeSet<Id>>,
    pub(super) glue_panics: Cell<usize>,
    /// How many panics there were on purpose.
    pub(super) panics: Cell<usize>,
}

impl Book {
    /// A token with the next number.
    pub(super) fn token(self: &Rc<Book>) -> Token {
        let mut drops = self.drops.borrow_mut();
        drops.push(0);
        Token { id: drops.len() - 1, book: Rc::clone(self), held: RefCell::new(None) }
    }

    fn note_drop(&self, id: Id) {
        let drops = &mut self.drops.borrow_mut()[id];
        *drops += 1;
        // Not a panic: that would be caught with those on purpose.
        if *drops > 1 {
            eprintln!("token {id} was dropped twice");
            std::process::abort();
        }
    }

    pub(super) fn tokens(&self) -> usize {
        self.drops.borrow().len()
    }

    pub(super) fn is_dropped(&self, id: Id) -> bool {
        self.drops.borrow()[id] > 0
    }

    pub(super) fn note(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }

    /// Panics on purpose, without a message.
    pub(super) fn panic(&self) -> ! {
        self.panics.set(self.panics.get() + 1);
        std::panic::resume_unwind(Box::new(OnPurpose))
    }
}
