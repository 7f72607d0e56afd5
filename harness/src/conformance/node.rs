//! The object that most claims are about: [`Node`].

use gc_core::{Gc, Lock, Mutation, Trace, unlock};

use super::witness::{Token, Witness};

/// An object with two references, whose death is seen.
#[derive(Debug, Trace)]
pub(super) struct Node<'gc> {
    pub(super) token: Token,
    pub(super) a: Link<'gc>,
    pub(super) b: Link<'gc>,
}

pub(super) type Link<'gc> = Lock<Option<NodeRef<'gc>>>;

pub(super) type NodeRef<'gc> = Gc<'gc, Node<'gc>>;

impl<'gc> Node<'gc> {
    pub(super) fn new(mc: &Mutation<'gc>, witness: &Witness, name: u32) -> NodeRef<'gc> {
        Node::with(mc, witness, name, None, None)
    }

    pub(super) fn with(
        mc: &Mutation<'gc>,
        witness: &Witness,
        name: u32,
        a: Option<NodeRef<'gc>>,
        b: Option<NodeRef<'gc>>,
    ) -> NodeRef<'gc> {
        let token = witness.token(name);
        Gc::new(mc, Node { token, a: Lock::new(a), b: Lock::new(b) })
    }

    /// A list of the names, linked through `a`: its first node.
    pub(super) fn list(
        mc: &Mutation<'gc>,
        witness: &Witness,
        names: impl DoubleEndedIterator<Item = u32>,
    ) -> Option<NodeRef<'gc>> {
        names.rev().fold(None, |next, name| Some(Node::with(mc, witness, name, next, None)))
    }

    /// The name, of a node whose memory is intact.
    #[track_caller]
    pub(super) fn name(&self) -> u32 {
        assert!(self.token.is_intact(), "a live node was overwritten or dropped");
        self.token.name
    }
}

pub(super) fn set_a<'gc>(mc: &Mutation<'gc>, node: NodeRef<'gc>, to: Option<NodeRef<'gc>>) {
    unlock!(Gc::write(mc, node), Node, a).set(to);
}

pub(super) fn set_b<'gc>(mc: &Mutation<'gc>, node: NodeRef<'gc>, to: Option<NodeRef<'gc>>) {
    unlock!(Gc::write(mc, node), Node, b).set(to);
}

/// The names of a list that is linked through `a`; a ring is followed once around.
pub(super) fn names<'gc>(first: Option<NodeRef<'gc>>) -> Vec<u32> {
    let mut names = Vec::new();
    let mut next = first;
    while let Some(node) = next {
        names.push(node.name());
        next = node.a.get().filter(|&next| !Gc::ptr_eq(next, first.unwrap_or(next)));
    }
    names
}
