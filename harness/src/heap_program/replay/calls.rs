//! Finalizers and callbacks: they are registered with the collector, and what the program says that
//! they do is done when it calls them.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gc_core::{Gc, GcWeak, Mutation, Rootable};

use super::super::answer::Who;
use super::super::name::Name;
use super::super::op::Action;
use super::object::{Handle, Held, Node, Serial, Target};

/// A finalizer or a callback that the collector has called, and whose actions have yet to be done.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) who: Who,
    /// The number of the object that is finalized, or that the weak reference was for.
    pub(super) target: Serial,
    /// The object that is finalized.
    pub(super) subject: Option<Handle>,
    pub(super) actions: Rc<[Action]>,
}

/// Where what the collector has called waits for its turn.
#[derive(Clone, Default)]
pub(super) struct Turn(Rc<RefCell<Option<Started>>>);

impl Turn {
    pub(super) fn take(&self) -> Option<Started> {
        self.0.borrow_mut().take()
    }

    fn start(&self, started: Started) {
        let before = self.0.borrow_mut().replace(started);
        assert!(before.is_none(), "one call began inside of another");
    }

    /// Gives a node a finalizer.
    pub(super) fn finalize<'gc>(
        &self,
        mc: &Mutation<'gc>,
        node: Gc<'gc, Node<'gc>>,
        who: Who,
        actions: &Rc<[Action]>,
    ) {
        let (turn, actions) = (self.clone(), Rc::clone(actions));
        let target = Target::Node(node).serial();
        mc.on_unreachable::<Rootable![Node<'_>], _>(node, move |mc, node| {
            let subject = Some(Handle::new(mc, Held::Object(Target::Node(node))));
            turn.start(Started { who, target, subject, actions });
        })
        .expect("the node was just made");
    }

    /// Makes a weak reference with a callback.
    pub(super) fn weak_with_callback<'gc>(
        &self,
        mc: &Mutation<'gc>,
        node: Gc<'gc, Node<'gc>>,
        w: Name,
        actions: &[Action],
    ) -> GcWeak<'gc, Node<'gc>> {
        let (turn, actions) = (self.clone(), Rc::from(actions));
        let target = Target::Node(node).serial();
        Gc::downgrade_with_callback(mc, node, move |_| {
            turn.start(Started { who: Who::Callback(w), target, subject: None, actions });
        })
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Turn")
    }
}
