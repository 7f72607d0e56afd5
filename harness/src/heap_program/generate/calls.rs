//! What finalizers and callbacks do in random programs.
//!
//! By a count to zero they run in a firm order, and may do anything: see [`Vocabulary::Ordered`]. In
//! a collection no order is promised. So there ([`Vocabulary::Unordered`]) they do only what comes
//! to the same in any order: a root that one of them binds or drops, and a slot that one stores in,
//! is no other's. What roots and weak references of the program are, they see alike.

use super::{Generator, LENGTH_MAX, Vocabulary};
use crate::heap_program::name::Name;
use crate::heap_program::op::{Action, Holder, Kind, New, Op, SLOTS, Slot};

/// The first slot that is left to the action `store_in`, where each is stored in by one finalizer.
pub(super) const STORED_FIRST: usize = 12;
/// The last slot. The settled oracle has each node refer to itself there.
pub(super) const LOOP_SLOT: usize = SLOTS - 1;
/// How deep actions nest: objects that finalizers make may have finalizers, too.
const NESTING_MAX: usize = 2;

/// On whose behalf actions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// An object.
    Object,
    /// Each member of a chain.
    Members,
    /// A weak reference, whose callback has no object.
    Weak,
}

impl Generator<'_> {
    /// What the finalizer of a new object does, if it has one.
    pub(super) fn finalizer(&mut self, kind: Kind) -> Option<Vec<Action>> {
        let has_one = self.has_calls() && kind == Kind::Node && self.once_in(2);
        has_one.then(|| self.actions(Actor::Object, 0))
    }

    /// What a callback does.
    pub(super) fn callback(&mut self) -> Vec<Action> {
        if self.has_calls() { self.actions(Actor::Weak, 0) } else { Vec::new() }
    }

    /// What programs with finalizers and callbacks have more of: their targets die.
    pub(super) fn draw_for_calls(&mut self) {
        match self.below(16) {
            0..2 => {
                let to = self.object(|kind| kind == Kind::Node);
                let held_by = Some(Holder { from: self.mutable(), slot: self.slot() });
                let w = self.weak_or_own_name();
                let callback = self.once_in(2).then(|| self.callback());
                self.emit(Op::Weakref { w, to, callback, held_by });
            }
            2 => self.finalized_chain(),
            3 => {
                let (w, root) = (self.weak_name(), Some(self.own_name('d')));
                self.emit(Op::Deref { w, root });
            }
            4..10 => self.family(),
            10..13 => self.drop_root(),
            _ if self.own_roots.is_empty() => self.family(),
            13 => {
                let index = self.below(self.own_roots.len());
                let (name, to) = (self.own_roots[index], self.any());
                self.emit(Op::Root { name, to });
            }
            _ => {
                // What finalizers have rooted dies once more.
                let index = self.below(self.own_roots.len());
                self.emit(Op::Drop { name: self.own_roots[index] });
            }
        }
    }

    /// A few nodes that refer to each other, weakly too, and then are forgotten.
    fn family(&mut self) {
        let members: Vec<Name> = (0..2 + self.below(3)).map(|_| self.make(Kind::Node)).collect();
        // By a count to zero only what has no cycles dies.
        let is_acyclic = self.once_in(2);
        for _ in 0..1 + self.below(5) {
            let (one, other) = (self.below(members.len()), self.below(members.len()));
            let (from, to) =
                if is_acyclic { (one.min(other), one.max(other)) } else { (one, other) };
            if from != to || !is_acyclic {
                self.link(members[from], members[to]);
            }
        }
        let weakly_held = members[self.below(members.len())];
        self.weakref(weakly_held);
        // The first one last, since the others may hang from it.
        for name in members.into_iter().rev() {
            self.emit(Op::Drop { name });
        }
    }

    fn finalized_chain(&mut self) {
        let (id, root) = (self.program.names.intern("c"), self.root_name());
        // Where counting is defeated, which is by loops on objects with a name, an open chain is
        // counted nevertheless.
        let close = self.vocabulary == Vocabulary::Unordered || self.once_in(2);
        let length = 1 + self.below(LENGTH_MAX);
        let finalizer = Some(self.actions(Actor::Members, 0));
        self.emit(Op::Chain { id, length, close, finalizer, root });
    }

    fn actions(&mut self, actor: Actor, nesting: usize) -> Vec<Action> {
        (0..self.below(4)).map(|_| self.action(actor, nesting)).collect()
    }

    fn action(&mut self, actor: Actor, nesting: usize) -> Action {
        let number = match actor {
            Actor::Weak => self.below(8),
            Actor::Object | Actor::Members => self.below(20),
        };
        match number {
            0..2 => {
                let w = self.weak_name();
                let name = (self.may_bind(actor) && self.once_in(3)).then(|| self.bound_root('s'));
                Action::See { w, name }
            }
            2..4 => self.drop_action(actor, nesting),
            4..6 => self.new_action(actor, nesting),
            6 => Action::Collect { generation: self.generation() },
            7 => Action::Raise,
            8..10 => Action::SeeSlot { slot: self.slot() },
            10..12 => Action::Unlink { slot: self.slot() },
            12..14 => self.store_action(),
            14 if self.may_bind(actor) => {
                let w = self.weak_or_own_name();
                let slot = self.once_in(2).then(|| self.slot());
                let callback = self.once_in(2).then(|| self.nested(Actor::Weak, nesting));
                Action::Weakref { w, slot, callback }
            }
            15..17 if self.may_bind(actor) => {
                Action::RootSlot { slot: self.slot(), name: self.bound_root('s') }
            }
            _ if self.may_bind(actor) => Action::Resurrect { name: self.bound_root('s') },
            _ => Action::SeeSlot { slot: self.slot() },
        }
    }

    fn nested(&mut self, actor: Actor, nesting: usize) -> Vec<Action> {
        if nesting == NESTING_MAX { Vec::new() } else { self.actions(actor, nesting + 1) }
    }

    /// Whether what the actor does may bind a root: the members of a chain all bind the same one.
    fn may_bind(&self, actor: Actor) -> bool {
        self.vocabulary == Vocabulary::Ordered || actor != Actor::Members
    }

    /// A root for an action to bind.
    fn bound_root(&mut self, prefix: char) -> Name {
        if self.vocabulary == Vocabulary::Ordered && self.once_in(2) {
            return if self.once_in(2) { self.root_name() } else { self.any() };
        }
        self.own_name(prefix)
    }

    /// A name that nothing else has; a root by that name is one that actions bind.
    fn own_name(&mut self, prefix: char) -> Name {
        let name = self.name(prefix, self.own);
        self.own += 1;
        self.own_roots.push(name);
        name
    }

    /// A weak reference for an action to make, or for an object to hold.
    fn weak_or_own_name(&mut self) -> Name {
        if self.vocabulary == Vocabulary::Ordered {
            return self.weak_name();
        }
        self.own += 1;
        self.name('u', self.own)
    }

    /// Drops a root: one that is there for this, or, in order, any.
    fn drop_action(&mut self, actor: Actor, nesting: usize) -> Action {
        if self.vocabulary == Vocabulary::Ordered && self.once_in(2) {
            let name = if self.once_in(2) { self.root_name() } else { self.any() };
            return Action::Drop { name };
        }
        // The members of a chain can drop it once only, whichever of them is the first.
        let finalizer = (actor != Actor::Members && self.once_in(2))
            .then(|| self.nested(Actor::Object, nesting));
        let id = self.own_name('p');
        self.emit(Op::New(New { id, kind: Kind::Node, of: Vec::new(), root: id, finalizer }));
        Action::Drop { name: id }
    }

    fn new_action(&mut self, actor: Actor, nesting: usize) -> Action {
        let kind = if self.once_in(4) { Kind::Leaf } else { Kind::Node };
        let has_finalizer = kind == Kind::Node && self.may_bind(actor) && self.once_in(3);
        let finalizer = has_finalizer.then(|| self.nested(Actor::Object, nesting));
        let id = self.own_name('m');
        Action::New(New { id, kind, of: Vec::new(), root: id, finalizer })
    }

    /// Stores in an object of the program: in a slot that nobody else stores in or, in order, any.
    fn store_action(&mut self) -> Action {
        let name = self.mutable();
        if self.vocabulary == Vocabulary::Ordered {
            return Action::StoreIn { name, slot: self.slot() };
        }
        let number = STORED_FIRST + self.stored.get(name).copied().unwrap_or(0);
        if number == LOOP_SLOT {
            return Action::SeeSlot { slot: self.slot() };
        }
        self.stored.set(name, Some(number + 1 - STORED_FIRST));
        Action::StoreIn { name, slot: Slot::new(number).expect("the slot is below the last") }
    }
}
