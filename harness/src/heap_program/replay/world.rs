//! What is outside of the objects: the roots by name, the weak references, and walking the heap.

use std::ops::Deref;

use gc_core::{Gc, GcWeak, Mutation, Trace};

use super::super::name::{Name, NameMap};
use super::object::{Handle, Held, Node, Serial, Target};

/// The arena's root.
#[derive(Trace, Debug, Default)]
pub(super) struct World<'gc> {
    /// By name, the objects that the program has rooted, unless they are held by handles.
    roots: Vec<Option<Target<'gc>>>,
    /// By name, the weak references.
    weaks: Vec<Option<GcWeak<'gc, Node<'gc>>>>,
    /// What `churn` has made and not yet forgotten.
    pub(super) churned: Vec<Target<'gc>>,
}

impl<'gc> World<'gc> {
    pub(super) fn weak(&self, w: Name) -> Option<GcWeak<'gc, Node<'gc>>> {
        self.weaks.get(w.index()).copied().flatten()
    }

    pub(super) fn set_weak(&mut self, w: Name, weak: Option<GcWeak<'gc, Node<'gc>>>) {
        set(&mut self.weaks, w, weak);
    }

    /// How many weak references to the object there are.
    pub(super) fn count_weaks(&self, mc: &Mutation<'gc>, target: Target<'gc>) -> usize {
        let Target::Node(node) = target else { return 0 };
        let refers = |weak: &&GcWeak<'gc, Node<'gc>>| {
            weak.upgrade(mc).is_some_and(|other| Gc::ptr_eq(other, node))
        };
        self.weaks.iter().flatten().filter(refers).count()
    }
}

fn set<T>(table: &mut Vec<Option<T>>, name: Name, value: Option<T>) {
    if table.len() <= name.index() {
        table.resize_with(name.index() + 1, || None);
    }
    table[name.index()] = value;
}

/// The arena's root inside a `mutate` or a `mutate_root`.
#[derive(Debug)]
pub(super) enum Entered<'gc> {
    Shared(&'gc World<'gc>),
    Exclusive(&'gc mut World<'gc>),
}

impl<'gc> Entered<'gc> {
    /// The root, for writing.
    ///
    /// # Panics
    ///
    /// Panics in a `mutate`: what writes the root runs in a `mutate_root`.
    pub(super) fn exclusive(&mut self) -> &mut World<'gc> {
        match self {
            Entered::Exclusive(world) => world,
            Entered::Shared(_) => panic!("the root is written in a `mutate`"),
        }
    }
}

impl<'gc> Deref for Entered<'gc> {
    type Target = World<'gc>;

    fn deref(&self) -> &World<'gc> {
        match self {
            Entered::Shared(world) => world,
            Entered::Exclusive(world) => world,
        }
    }
}

/// Where the program's roots are kept: a collector must honor both.
#[derive(Debug)]
pub(super) enum Roots {
    /// In the arena's root object.
    InRoot,
    /// In handles outside of the arena.
    InHandles(NameMap<Handle>),
}

impl Roots {
    pub(super) fn get<'gc>(
        &self,
        mc: &Mutation<'gc>,
        world: &World<'gc>,
        name: Name,
    ) -> Option<Target<'gc>> {
        match self {
            Roots::InRoot => world.roots.get(name.index()).copied().flatten(),
            Roots::InHandles(handles) => {
                handles.get(name).and_then(|handle| handle.fetch(mc).object())
            }
        }
    }

    pub(super) fn set<'gc>(
        &mut self,
        mc: &Mutation<'gc>,
        world: &mut Entered<'gc>,
        name: Name,
        to: Option<Target<'gc>>,
    ) {
        match self {
            Roots::InRoot => set(&mut world.exclusive().roots, name, to),
            Roots::InHandles(handles) => {
                drop(handles.set(name, to.map(|to| Handle::new(mc, Held::Object(to)))))
            }
        }
    }

    /// Whether to change them takes a `mutate_root`.
    pub(super) fn are_in_root(&self) -> bool {
        matches!(self, Roots::InRoot)
    }

    pub(super) fn for_each<'gc>(
        &self,
        mc: &Mutation<'gc>,
        world: &World<'gc>,
        each: impl FnMut(Target<'gc>),
    ) {
        match self {
            Roots::InRoot => world.roots.iter().copied().flatten().for_each(each),
            Roots::InHandles(handles) => {
                handles.iter().filter_map(|(_, handle)| handle.fetch(mc).object()).for_each(each)
            }
        }
    }
}

/// A walk through what can be reached from the roots, leaves' links included. No recursion.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// For each object the last walk that met it.
    met: Vec<u32>,
    /// The number of the last walk.
    number: u32,
}

impl Walk {
    /// Visits everything reachable, each object once, until `is_found` says that it is enough;
    /// returns the object that it said so of.
    pub(super) fn run<'gc>(
        &mut self,
        mc: &Mutation<'gc>,
        world: &World<'gc>,
        roots: &Roots,
        mut is_found: impl FnMut(Target<'gc>) -> bool,
    ) -> Option<Target<'gc>> {
        self.number += 1;
        let mut pending = Vec::new();
        roots.for_each(mc, world, |root| pending.push(root));
        while let Some(target) = pending.pop() {
            if !self.meet(target.serial()) {
                continue;
            }
            if is_found(target) {
                return Some(target);
            }
            target.for_each_target(mc, |next| pending.push(next));
        }
        None
    }

    /// Whether the last walk met the object. It is complete only if nothing was found.
    pub(super) fn has_met(&self, serial: Serial) -> bool {
        self.met.get(serial as usize) == Some(&self.number)
    }

    fn meet(&mut self, serial: Serial) -> bool {
        let index = serial as usize;
        if self.met.len() <= index {
            self.met.resize(index + 1, 0);
        }
        std::mem::replace(&mut self.met[index], self.number) != self.number
    }
}
