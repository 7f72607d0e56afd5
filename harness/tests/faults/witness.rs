//! Who sees what lives and what was dropped: [`Witness`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// More tokens than any program here makes, so that making one allocates nothing.
const TOKENS_MAX: usize = 1 << 19;

/// Knows every token that was made, and whether it was dropped.
#[derive(Clone, Debug)]
pub(crate) struct Witness(Rc<Known>);

#[derive(Debug)]
struct Known {
    is_dropped: RefCell<Vec<bool>>,
    dropped: Cell<usize>,
    /// Drops of what was dropped before.
    twice: Cell<usize>,
}

impl Witness {
    pub(crate) fn new() -> Witness {
        Witness(Rc::new(Known {
            is_dropped: RefCell::new(Vec::with_capacity(TOKENS_MAX)),
            dropped: Cell::new(0),
            twice: Cell::new(0),
        }))
    }

    pub(crate) fn token(&self) -> Token {
        let mut is_dropped = self.0.is_dropped.borrow_mut();
        assert!(is_dropped.len() < TOKENS_MAX, "the program makes too many tokens");
        is_dropped.push(false);
        Token { number: is_dropped.len() - 1, witness: self.clone() }
    }

    /// How many tokens were made.
    pub(crate) fn made(&self) -> usize {
        self.0.is_dropped.borrow().len()
    }

    /// How many were dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.0.dropped.get()
    }

    /// Whatever was made was dropped, once.
    #[track_caller]
    pub(crate) fn assert_all_dropped_once(&self) {
        assert_eq!(self.0.twice.get(), 0, "something was dropped twice");
        assert_eq!(self.dropped(), self.made(), "something was lost");
    }

    /// Nothing was dropped twice so far.
    #[track_caller]
    pub(crate) fn assert_none_dropped_twice(&self) {
        assert_eq!(self.0.twice.get(), 0, "something was dropped twice");
    }
}

/// A part of a value that says when it is dropped.
#[derive(Debug)]
pub(crate) struct Token {
    number: usize,
    witness: Witness,
}

impl Token {
    /// The token is there, says its witness.
    #[track_caller]
    pub(crate) fn assert_alive(&self) {
        let is_dropped = self.witness.0.is_dropped.borrow()[self.number];
        assert!(!is_dropped, "token {} was dropped while it can be reached", self.number);
    }
}

impl Drop for Token {
    // A panic here would be caught by the heap and could hide the fault: it is noted.
    fn drop(&mut self) {
        let known = &*self.witness.0;
        let was_dropped = std::mem::replace(&mut known.is_dropped.borrow_mut()[self.number], true);
        let count = if was_dropped { &known.twice } else { &known.dropped };
        count.set(count.get() + 1);
    }
}

gc_core::static_trace!(Token);
