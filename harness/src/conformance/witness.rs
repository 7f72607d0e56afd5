//! Who sees drop glue run: [`Witness`].

use std::cell::RefCell;
use std::rc::Rc;

/// Keeps the names of the tokens that were dropped, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    dropped: Rc<RefCell<Vec<u32>>>,
}

impl Witness {
    pub(super) fn token(&self, name: u32) -> Token {
        Token { name, seal: seal(name), witness: self.clone() }
    }

    /// The names of the tokens dropped so far, in the order of their deaths.
    pub(super) fn in_order(&self) -> Vec<u32> {
        self.dropped.borrow().clone()
    }

    /// The names of the tokens dropped so far, sorted; a name that is there twice stays twice.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut names = self.in_order();
        names.sort_unstable();
        names
    }

    pub(super) fn count(&self) -> usize {
        self.dropped.borrow().len()
    }
}

/// A part of an object whose drop glue says that it ran, and that its memory was intact.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) name: u32,
    seal: u32,
    witness: Witness,
}

fn seal(name: u32) -> u32 {
    name.wrapping_mul(0x9e37_79b9) ^ 0x5ea1_ab1e
}

impl Token {
    /// Whether nothing has written over it.
    pub(super) fn is_intact(&self) -> bool {
        self.seal == seal(self.name)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        assert!(self.is_intact(), "a token was overwritten, or dropped twice");
        self.seal = 0;
        self.witness.dropped.borrow_mut().push(self.name);
    }
}

gc_core::static_trace!(Token);
