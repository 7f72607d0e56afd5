//! Whole figures: what uniformly random operations would hardly ever draw.

use super::{Generator, LENGTH_MAX, LONG_MAX};
use crate::heap_program::name::Name;
use crate::heap_program::op::{Kind, Op};

impl Generator<'_> {
    /// A ring, perhaps with a tail or something that holds it, and its members' roots dropped: all
    /// of them or all but one.
    pub(super) fn ring(&mut self) {
        let members: Vec<Name> = (0..1 + self.below(4)).map(|_| self.make(Kind::Node)).collect();
        for (index, &from) in members.iter().enumerate() {
            self.link(from, members[(index + 1) % members.len()]);
        }
        if self.once_in(2) {
            let kind = if self.once_in(3) { Kind::Leaf } else { Kind::Node };
            let tail = self.make(kind);
            let from = members[self.below(members.len())];
            self.link(from, tail);
            if self.once_in(3) {
                let to = self.any();
                self.link(tail, to);
            }
            self.emit(Op::Drop { name: tail });
        }
        if self.once_in(3) {
            let (from, to) = (self.mutable(), members[self.below(members.len())]);
            self.link(from, to);
        }
        let kept = if self.once_in(3) { self.below(members.len()) } else { members.len() };
        for (index, &name) in members.iter().enumerate() {
            if index != kept {
                self.emit(Op::Drop { name });
            }
        }
    }

    /// A few objects that refer only to older ones.
    pub(super) fn acyclic(&mut self) {
        let mut members = vec![self.make(Kind::Node)];
        for _ in 0..2 + self.below(4) {
            let kind = [Kind::Node, Kind::Node, Kind::Tuple, Kind::Leaf][self.below(4)];
            let holder = self.make(kind);
            for _ in 0..if kind == Kind::Tuple { 0 } else { 1 + self.below(3) } {
                let to = members[self.below(members.len())];
                self.link(holder, to);
            }
            members.push(holder);
        }
        members.pop();
        for name in members {
            if !self.once_in(4) {
                self.emit(Op::Drop { name });
            }
        }
    }

    pub(super) fn chain(&mut self) {
        let (id, root) = (self.program.names.intern("c"), self.root_name());
        let length_max = if self.once_in(4) { LONG_MAX } else { LENGTH_MAX };
        let (length, close) = (1 + self.below(length_max), self.once_in(2));
        self.emit(Op::Chain { id, length, close, finalizer: None, root });
    }

    /// An object that survived collections becomes the only holder of newer ones, and collections
    /// go by: what a generational collector must remember.
    pub(super) fn aging(&mut self) {
        let mut holder = self.make(Kind::Node);
        if self.once_in(2) {
            self.chain();
        }
        for _ in 0..1 + self.below(3) {
            let generation = self.generation();
            self.emit(Op::Collect { generation });
            let newer = self.make(Kind::Node);
            self.link(holder, newer);
            self.emit(Op::Drop { name: newer });
            if self.once_in(2) {
                holder = newer;
            }
        }
        for _ in 0..1 + self.below(2) {
            let generation = self.generation();
            self.emit(Op::Collect { generation });
        }
    }
}
