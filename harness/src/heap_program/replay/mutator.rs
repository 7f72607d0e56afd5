//! What the program does inside the arena: the mutator, for the time of one `mutate`.

use gc_core::{Gc, Mutation};

use super::super::answer::{Info, Refusal};
use super::super::name::Name;
use super::super::op::{Kind, New};
use super::book::{Book, WeakRecord};
use super::object::Target;
use super::world::{Entered, Roots, Walk};

/// Everything an operation can reach.
#[derive(Debug)]
pub(super) struct Mutator<'a, 'gc> {
    pub(super) mc: &'gc Mutation<'gc>,
    pub(super) world: Entered<'gc>,
    pub(super) roots: &'a mut Roots,
    pub(super) book: &'a mut Book,
    pub(super) walk: &'a mut Walk,
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
        self.roots.set(self.mc, &mut self.world, root, to);
    }

    fn node(&mut self, id: Option<Name>) -> Target<'gc> {
        Target::node(self.mc, self.book.enter(id))
    }

    pub(super) fn make(&mut self, new: &New) -> Result<(), Refusal> {
        let elements: Vec<Target<'gc>> =
            new.of.iter().map(|&id| self.find(id)).collect::<Result<_, _>>()?;
        let token = self.book.enter(Some(new.id));
        let made = match new.kind {
            Kind::Node => Target::node(self.mc, token),
            Kind::Leaf => Target::leaf(self.mc, token),
            Kind::Tuple => Target::tuple(self.mc, token, elements.into()),
        };
        self.bind(new.root, Some(made));
        Ok(())
    }

    /// Makes the members from the head on, so that they are numbered in that order.
    pub(super) fn make_chain(&mut self, length: usize, close: bool, root: Name) {
        let head = self.node(None);
        let mut last = head;
        for _ in 1..length {
            let member = self.node(None);
            last.store(self.mc, 0, Some(member));
            last = member;
        }
        if close {
            last.store(self.mc, 0, Some(head));
        }
        self.bind(root, Some(head));
    }

    /// Makes the nodes that [`forget_churn`](Mutator::forget_churn) forgets.
    pub(super) fn make_churn(&mut self, length: usize) {
        for _ in 0..length {
            let node = self.node(None);
            self.world.exclusive().churned.push(node);
        }
    }

    /// Makes each of the nodes refer to itself alone and be referred to by itself alone.
    pub(super) fn forget_churn(&mut self) {
        for node in std::mem::take(&mut self.world.exclusive().churned) {
            node.store(self.mc, 0, Some(node));
        }
    }

    pub(super) fn root(&mut self, name: Name, to: Name) -> Result<(), Refusal> {
        let to = self.find(to)?;
        self.bind(name, Some(to));
        Ok(())
    }

    pub(super) fn forget(&mut self, name: Name) -> Result<(), Refusal> {
        self.roots.get(self.mc, &self.world, name).ok_or(Refusal::NoRoot(name))?;
        self.bind(name, None);
        Ok(())
    }

    pub(super) fn store(
        &mut self,
        from: Name,
        slot: usize,
        to: Option<Name>,
    ) -> Result<(), Refusal> {
        let holder = self.find(from)?;
        if holder.kind() == Kind::Tuple {
            return Err(Refusal::Immutable(from));
        }
        let to = to.map(|to| self.find(to)).transpose()?;
        holder.store(self.mc, slot, to);
        Ok(())
    }

    pub(super) fn make_weak(
        &mut self,
        w: Name,
        to: Name,
        has_callback: bool,
    ) -> Result<(), Refusal> {
        let target = self.find(to)?;
        let Target::Node(node) = target else {
            return Err(Refusal::NotWeaklyReferenceable);
        };
        let number = self.book.weaks_made;
        self.book.weaks_made += 1;
        self.book.weaks.set(w, Some(WeakRecord { target: target.serial(), has_callback, number }));
        self.world.exclusive().set_weak(w, Some(Gc::downgrade(self.mc, node)));
        Ok(())
    }

    pub(super) fn forget_weak(&mut self, w: Name) {
        self.book.weaks.set(w, None);
        self.world.exclusive().set_weak(w, None);
    }

    pub(super) fn deref(&mut self, w: Name, root: Option<Name>) -> Option<Name> {
        let target = Target::Node(self.world.weak(w)?.upgrade(self.mc)?);
        if let Some(root) = root {
            self.bind(root, Some(target));
        }
        self.book.record(target.serial()).id
    }

    pub(super) fn info(&mut self, id: Name) -> Result<Info, Refusal> {
        let target = self.find(id)?;
        let Mutator { mc, world, roots, book, walk } = self;
        let (mc, book) = (*mc, &**book);
        let serial = target.serial();
        let name = |target: Target<'gc>| book.record(target.serial()).id;
        let (mut strong, mut referrers) = (0, Vec::new());
        roots.for_each(mc, world, |root| strong += usize::from(root.serial() == serial));
        walk.run(mc, world, roots, |holder| {
            let before = strong;
            holder.for_each_target(mc, |held| strong += usize::from(held.serial() == serial));
            if strong > before && holder.is_tracked() {
                referrers.extend(name(holder));
            }
            false
        });
        let mut referents = Vec::new();
        if target.is_tracked() {
            target.for_each_target(mc, |held| {
                referents.extend(name(held).filter(|_| held.serial() != serial))
            });
        }
        referents.sort_unstable();
        referents.dedup();
        Ok(Info {
            // A collector that counts is asked. For the others the walk has met every reference
            // from what is reachable.
            strong: target.ref_count(mc).unwrap_or(strong),
            weak: world.count_weaks(mc, target),
            tracked: target.is_tracked(),
            finalized: false,
            generation: target.is_tracked().then(|| book.record(serial).generation.number()),
            referrers,
            referents,
        })
    }
}
