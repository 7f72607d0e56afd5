//! The object that most chapters are about, and who sees it die.

use std::cell::RefCell;
use std::rc::Rc;

use tenure::{Gc, Lock, Mutation, Rootable, Static, Trace};

/// What was printed since it was last taken.
#[derive(Clone, Default)]
pub(crate) struct Output(Rc<RefCell<Vec<String>>>);

impl Output {
    pub(crate) fn print(&self, text: impl Into<String>) {
        self.0.borrow_mut().push(text.into());
    }

    /// How many lines were printed.
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn take(&self) -> String {
        let lines = self.0.take();
        if lines.is_empty() { "-".to_owned() } else { lines.join(", ") }
    }
}

/// Says when it is dropped: what `__del__` does in the tutorial.
pub(crate) struct Name(&'static str, Output);

impl Name {
    pub(crate) fn new(name: &'static str, output: &Output) -> Name {
        Name(name, output.clone())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.1.print(format!("{} is freed", self.0));
    }
}

#[derive(Trace)]
pub(crate) struct Node<'gc> {
    name: Static<Name>,
    pub(crate) other: Lock<Option<NodeRef<'gc>>>,
}

pub(crate) type NodeRef<'gc> = Gc<'gc, Node<'gc>>;

/// The root of an arena: what the names of a program refer to.
pub(crate) type Names = Rootable![Vec<NodeRef<'_>>];

impl<'gc> Node<'gc> {
    pub(crate) fn new(mc: &Mutation<'gc>, name: &'static str, output: &Output) -> NodeRef<'gc> {
        let name = Static(Name::new(name, output));
        Gc::new(mc, Node { name, other: Lock::new(None) })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name.0.0
    }
}
