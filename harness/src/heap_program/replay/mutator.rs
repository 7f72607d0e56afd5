//! What the program does inside the arena: the mutator, for the time of one `mutate`.

use std::rc::Rc;

use gc_core::{Gc, GcId, Mutation};

use super::super::answer::{Event, Refusal, Who};
use super::super::name::Name;
use super::super::op::{Action, Holder, Kind, New};
use super::book::Book;
use super::calls::Turn;
use super::object::{Held, Target};
use super::world::{Entered, Roots, Walk};

/// Everything an operation can reach.
#[derive(Debug)]
pub(super) struct Mutator<'a, 'gc> {
    pub(super) mc: &'gc Mutation<'gc>,
    pub(super) world: Entered<'gc>,
    pub(super) roots: &'a mut Roots,
    pub(super) book: &'a mut Book,
    pub(super) walk: &'a mut Walk,
    pub(super) turn: &'a Turn,
}

impl<'gc> Mutator<'_, 'gc> {
    /// The object with this id, if it can be reached.
    fn find(&mut self, id: Name) -> Result<Target<'gc>, Refusal> {
        let refusal = Refusal::Unreachable(id);
        let serial = *self.book.serials.get(id).ok_or(refusal)?;
        let is_wanted = |target: &Target<'gc>| target.serial() == serial;
        // Most objects are held by the root of their name.
        let root = self.roots.get(self.mc, &self.world, id).filter(is_wanted);
        root.or_else(|| {
            self.walk.run(self.mc, &self.world, self.roots, |target| is_wanted(&target))
        })
        .ok_or(refusal)
    }

    fn bind(&mut self, root: Name, to: Option<Target<'gc>>) {
        self.book.empty_roots.set(root, None);
        self.roots.set(self.mc, &mut self.world, root, to);
    }

    /// Makes a node whose finalizer is called `who`.
    fn node(
        &mut self,
        id: Option<Name>,
        who: Who,
        finalizer: Option<&Rc<[Action]>>,
    ) -> Target<'gc> {
        let made = Target::node(self.mc, self.book.enter(id));
        if let (Target::Node(node), Some(actions)) = (made, finalizer) {
            self.turn.finalize(self.mc, node, who, actions);
        }
        made
    }

    pub(super) fn make(&mut self, new: &New) -> Result<(), Refusal> {
        let elements: Vec<Target<'gc>> =
            new.of.iter().map(|&id| self.find(id)).collect::<Result<_, _>>()?;
        let made = match new.kind {
            Kind::Node => {
                let finalizer = new.finalizer.as_deref().map(Rc::from);
                self.node(Some(new.id), Who::Finalizer(new.id), finalizer.as_ref())
            }
            Kind::Leaf => Target::leaf(self.mc, self.book.enter(Some(new.id))),
            Kind::Tuple => Target::tuple(self.mc, self.book.enter(Some(new.id)), elements.into()),
        };
        self.book.identify(made.id(), made.serial());
        self.bind(new.root, Some(made));
        Ok(())
    }

    /// Makes the members from the head on, so that they are numbered in that order.
    pub(super) fn make_chain(
        &mut self,
        chain: Name,
        length: usize,
        close: bool,
        finalizer: Option<&[Action]>,
        root: Name,
    ) {
        let finalizer = finalizer.map(Rc::from);
        let who = |number| Who::Member { chain, number };
        let head = self.node(None, who(0), finalizer.as_ref());
        let mut last = head;
        for number in 1..length {
            let member = self.node(None, who(number), finalizer.as_ref());
            last.store(self.mc, 0, Some(Held::Object(member)));
            last = member;
        }
        if close {
            last.store(self.mc, 0, Some(Held::Object(head)));
        }
        self.bind(root, Some(head));
    }

    /// Makes the nodes that [`forget_churn`](Mutator::forget_churn) forgets.
    pub(super) fn make_churn(&mut self, length: usize) {
        for _ in 0..length {
            let node = Target::node(self.mc, self.book.enter(None));
            self.world.exclusive().churned.push(node);
        }
    }

    /// Makes each of the nodes refer to itself alone and be referred to by itself alone.
    pub(super) fn forget_churn(&mut self) {
        for node in std::mem::take(&mut self.world.exclusive().churned) {
            node.store(self.mc, 0, Some(Held::Object(node)));
        }
    }

    pub(super) fn root(&mut self, name: Name, to: Name) -> Result<(), Refusal> {
        let to = self.find(to)?;
        self.bind(name, Some(to));
        Ok(())
    }

    pub(super) fn forget(&mut self, name: Name) -> Result<(), Refusal> {
        if self.book.empty_roots.get(name).is_none() {
            self.roots.get(self.mc, &self.world, name).ok_or(Refusal::NoRoot(name))?;
        }
        self.bind(name, None);
        Ok(())
    }

    pub(super) fn store(
        &mut self,
        from: Name,
        slot: usize,
        to: Option<Name>,
    ) -> Result<(), Refusal> {
        let holder = self.find(from).and_then(|holder| mutable(holder, from))?;
        let to = to.map(|to| self.find(to)).transpose()?;
        holder.store(self.mc, slot, to.map(Held::Object));
        Ok(())
    }

    /// Makes a weak reference of the outside world, or one that a slot holds.
    pub(super) fn make_weak(
        &mut self,
        w: Name,
        to: Name,
        callback: Option<&[Action]>,
        held_by: Option<Holder>,
    ) -> Result<(), Refusal> {
        let target = self.find(to)?;
        let Some(Holder { from, slot }) = held_by else {
            return self.make_weak_to(w, target, callback);
        };
        let Target::Node(node) = target else {
            return Err(Refusal::NotWeaklyReferenceable);
        };
        let holder = self.find(from).and_then(|holder| mutable(holder, from))?;
        let weak = match callback {
            Some(actions) => self.turn.weak_with_callback(self.mc, node, w, actions),
            // One of its own, as each is an object of its own in CPython.
            None => Gc::downgrade_with_callback(self.mc, node, |_| ()),
        };
        holder.store(self.mc, slot.index(), Some(Held::Weak(weak)));
        Ok(())
    }

    fn make_weak_to(
        &mut self,
        w: Name,
        target: Target<'gc>,
        callback: Option<&[Action]>,
    ) -> Result<(), Refusal> {
        let Target::Node(node) = target else {
            return Err(Refusal::NotWeaklyReferenceable);
        };
        let weak = match callback {
            Some(actions) => self.turn.weak_with_callback(self.mc, node, w, actions),
            None => Gc::downgrade(self.mc, node),
        };
        self.book.weaks.set(w, Some(()));
        self.world.exclusive().set_weak(w, Some(weak));
        Ok(())
    }

    pub(super) fn forget_weak(&mut self, w: Name) {
        self.book.weaks.set(w, None);
        self.world.exclusive().set_weak(w, None);
    }

    /// Does what a finalizer or a callback does; `subject` is the object that is finalized. An action
    /// that is refused does nothing.
    pub(super) fn act(
        &mut self,
        action: &Action,
        who: Who,
        subject: Option<Target<'gc>>,
    ) -> Result<(), Refusal> {
        // The actions that need an object stand in finalizers only.
        let subject_or = |name| subject.ok_or(Refusal::Unreachable(name));
        match action {
            Action::Resurrect { name } => self.bind(*name, Some(subject_or(*name)?)),
            Action::RootSlot { slot, name } => {
                let held = subject_or(*name)?.fetch(slot.index());
                self.bind(*name, held);
                if held.is_none() {
                    self.book.empty_roots.set(*name, Some(()));
                }
            }
            Action::StoreIn { name, slot } => {
                let root = self.roots.get(self.mc, &self.world, *name);
                let holder = mutable(root.ok_or(Refusal::NoRoot(*name))?, *name)?;
                let held = Held::Object(subject_or(*name)?);
                holder.store(self.mc, slot.index(), Some(held));
            }
            Action::Unlink { slot } => {
                if let Some(subject) = subject {
                    subject.store(self.mc, slot.index(), None);
                }
            }
            Action::Drop { name } => self.forget(*name)?,
            Action::See { w, name } => {
                let weak = self.world.weak(*w);
                let target = weak.and_then(|weak| weak.upgrade(self.mc)).map(Target::Node);
                self.book.note(Event::Saw { who, w: *w, alive: target.is_some() });
                if let (Some(name), Some(target)) = (name, target) {
                    self.bind(*name, Some(target));
                }
            }
            Action::SeeSlot { slot } => {
                let held = subject.and_then(|subject| subject.fetch(slot.index()));
                let id = held.and_then(|held| self.book.record(held.serial()).id);
                self.book.note(Event::SawSlot { who, slot: slot.index(), id });
            }
            Action::Weakref { w, slot, callback } => {
                let target = match slot {
                    Some(slot) => subject_or(*w)?.fetch(slot.index()),
                    None => subject,
                };
                let target = target.ok_or(Refusal::NotWeaklyReferenceable)?;
                self.make_weak_to(*w, target, callback.as_deref())?;
            }
            Action::New(new) => self.make(new)?,
            // Those two are not of the heap.
            Action::Collect { .. } | Action::Raise => {}
        }
        Ok(())
    }

    pub(super) fn deref(&mut self, w: Name, root: Option<Name>) -> Option<Name> {
        let target = Target::Node(self.world.weak(w)?.upgrade(self.mc)?);
        if let Some(root) = root {
            self.bind(root, Some(target));
        }
        self.book.record(target.serial()).id
    }

    /// Finds an object that is asked about; how many weak references there are to it, as far as they
    /// are reachable.
    pub(super) fn asked(&mut self, id: Name) -> Result<(GcId, usize), Refusal> {
        let target = self.find(id)?;
        let Mutator { mc, world, roots, walk, .. } = self;
        let mc = *mc;
        let mut weak = world.count_weaks(mc, target);
        walk.run(mc, world, roots, |holder| {
            holder.for_each_held(mc, |held| {
                if let Held::Weak(held) = held {
                    let held = held.upgrade(mc).map(|node| Target::Node(node).serial());
                    weak += usize::from(held == Some(target.serial()));
                }
            });
            false
        });
        Ok((target.id(), weak))
    }
}

/// An object with slots to store in.
fn mutable(holder: Target<'_>, name: Name) -> Result<Target<'_>, Refusal> {
    if holder.kind() == Kind::Tuple { Err(Refusal::Immutable(name)) } else { Ok(holder) }
}
