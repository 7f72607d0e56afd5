//! Drop glue that does whatever safe code can.

use std::cell::RefCell;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{
    Arena, DynamicRoot, DynamicRootSet, Gc, Lock, Rootable, Static, Trace, static_trace,
};

use crate::settings::{Alive, Setting, Token, age, attempt, reclaims};

type Leaf = Rootable![Token];
type Estate = Rc<RefCell<Vec<DynamicRoot<Leaf>>>>;

/// Makes an arena when it dies, and gives away and drops handles of all.
struct Busy<C: Collector + Default> {
    token: Token,
    setting: Setting,
    estate: Estate,
    own: Option<DynamicRoot<Leaf>>,
    inner: Option<Arena<Rootable![Gc<'_, Token>], C>>,
}

impl<C: Collector + Default> Drop for Busy<C> {
    fn drop(&mut self) {
        self.token.check();
        let alive = Alive::default();
        let mut arena =
            self.setting.arena::<Rootable![Gc<'_, Token>], C>(|mc| Gc::new(mc, alive.token()));
        let handle = arena.mutate(|mc, root| mc.stash::<Leaf>(*root));
        let own = self.own.take().expect("it is dropped once");
        // Handles of this arena, of one that is dying, and of one that is dead.
        arena.enter(|mc, _| {
            assert!(mc.try_fetch(&own).is_none());
            mc.fetch(&handle).check();
        });
        self.estate.borrow_mut().extend([own.clone(), own.clone(), handle.clone(), own]);
        age(&mut arena);
        drop(arena);
        assert_eq!(alive.count(), 0);
        self.estate.borrow_mut().swap_remove(0);
        if let Some(mut inner) = self.inner.take() {
            inner.mutate(|_, token| token.check());
            let _ = attempt(|| inner.mutate(|_, _| std::panic::resume_unwind(Box::new(()))));
            inner.collect();
        }
    }
}

pub(crate) fn glue_that_makes_arenas_and_drops_handles_of_all<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let estate = Estate::default();
    let mut arena = setting.arena::<Rootable![Vec<Gc<'_, Static<Busy<C>>>>], C>(|_| Vec::new());
    for _ in 0..3 {
        arena.mutate_root(|mc, root| {
            root.truncate(1);
            for _ in 0..4 {
                let busy = Busy {
                    token: alive.token(),
                    setting,
                    estate: Rc::clone(&estate),
                    own: Some(mc.stash::<Leaf>(Gc::new(mc, alive.token()))),
                    inner: Some(Arena::new(|mc| Gc::new(mc, alive.token()))),
                };
                root.push(Gc::new(mc, Static(busy)));
            }
        });
        age(&mut arena);
        arena.enter(|mc, root| {
            root.iter().for_each(|busy| busy.token.check());
            for handle in &*estate.borrow() {
                mc.try_fetch(handle).into_iter().for_each(|token| token.check());
            }
        });
    }
    drop(arena);
    estate.borrow_mut().clear();
    assert_eq!(alive.count(), 0);
}

/// An object of the outer arena owns an inner one, whose root has a handle to the object.
pub(crate) fn an_object_that_owns_the_arena_of_a_handle_to_it<C: Collector + Default>(
    setting: Setting,
) {
    type Inner<C> = Arena<Rootable![Lock<Option<Static<Box<DynamicRoot<Outer<C>>>>>>], C>;
    struct Owner<C: Collector>(Token, RefCell<Option<Inner<C>>>);
    type Outer<C> = Rootable![Static<Owner<C>>];

    let alive = Alive::default();
    for is_cut in [true, false] {
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        let weak = arena.mutate(|mc, ()| {
            let owner = Gc::new(mc, Static(Owner(alive.token(), RefCell::new(None))));
            let handle = mc.stash::<Outer<C>>(owner);
            let inner = setting.arena(|_| Lock::new(Some(Static(Box::new(handle.clone())))));
            *owner.1.borrow_mut() = Some(inner);
            handle
        });
        age(&mut arena);
        arena.mutate(|mc, ()| mc.fetch(&weak).0.0.check());
        if is_cut {
            // The inner arena is taken out and dropped while the outer one is being mutated.
            arena.mutate(|mc, ()| {
                let owner = mc.fetch(&weak);
                drop(owner.1.borrow_mut().take());
                owner.0.0.check();
            });
        }
        drop(weak);
        age(&mut arena);
        if is_cut && reclaims::<C>() {
            assert_eq!(alive.count(), 0);
        }
        drop(arena);
        assert_eq!(alive.count(), 0);
    }
}

/// Drops a handle of the set that dies with it, and clones another.
struct Last(
    #[expect(dead_code, reason = "its drop glue counts")] Token,
    RefCell<Vec<DynamicRoot<Leaf>>>,
    Estate,
);

static_trace!(Last);

impl Drop for Last {
    fn drop(&mut self) {
        let handles = self.1.take();
        self.2.borrow_mut().extend(handles.iter().cloned());
    }
}

#[derive(Trace)]
struct Holder<'gc> {
    set: DynamicRootSet<'gc>,
    last: Gc<'gc, Last>,
}

pub(crate) fn the_last_handle_of_a_set_that_is_dying<C: Collector + Default>(setting: Setting) {
    let alive = Alive::default();
    let estate = Estate::default();
    let mut arena = setting.arena::<Rootable![Option<Gc<'_, Holder<'_>>>], C>(|_| None);
    for _ in 0..4 {
        arena.mutate_root(|mc, root| {
            let set = DynamicRootSet::new(mc);
            let handles = (0..5).map(|_| set.stash::<Leaf>(mc, Gc::new(mc, alive.token())));
            let last = Last(alive.token(), RefCell::new(handles.collect()), Rc::clone(&estate));
            *root = Some(Gc::new(mc, Holder { set, last: Gc::new(mc, last) }));
        });
        age(&mut arena);
        arena.mutate_root(|_, root| {
            let holder = root.take().expect("it was put there");
            for handle in &*holder.last.1.borrow() {
                holder.set.fetch(handle).check();
            }
            // Handles of sets that are dead are of no other set.
            assert!(estate.borrow().iter().all(|stale| holder.set.try_fetch(stale).is_none()));
        });
        age(&mut arena);
        estate.borrow_mut().truncate(3);
    }
    drop(arena);
    assert_eq!(alive.count(), 0);
}

type Shared<C> = Rc<RefCell<Arena<Rootable![Gc<'_, Token>], C>>>;

/// Mutates another arena when it dies.
struct Deep<C: Collector>(Token, u32, Shared<C>, Setting);

impl<C: Collector> Drop for Deep<C> {
    fn drop(&mut self) {
        self.0.check();
        // It may be in use: then this is inside its own collection, and must be refused.
        if let Ok(mut arena) = self.2.try_borrow_mut() {
            arena.mutate_root(|mc, root| {
                root.check();
                *root = Gc::new(mc, self.0.alive().token());
            });
            arena.collect();
        }
    }
}

pub(crate) fn glue_that_mutates_an_arena_whose_glue_mutates_an_arena<C: Collector + Default>(
    setting: Setting,
) {
    let alive = Alive::default();
    let shared: Shared<C> = Rc::new(RefCell::new(setting.arena(|mc| Gc::new(mc, alive.token()))));
    let mut arenas: Vec<_> = (0..20)
        .map(|_| setting.arena::<Rootable![Option<Gc<'_, Static<Deep<C>>>>], C>(|_| None))
        .collect();
    for (depth, arena) in arenas.iter_mut().enumerate() {
        arena.mutate_root(|mc, root| {
            let deep = Deep(alive.token(), depth as u32, Rc::clone(&shared), setting);
            assert_eq!(deep.1, depth as u32);
            let _ = deep.3;
            *root = Some(Gc::new(mc, Static(deep)));
        });
        age(arena);
        arena.mutate_root(|_, root| *root = None);
        // The glue runs while the shared arena is in use, and while it is not.
        let _in_use = (depth % 2 == 0).then(|| shared.borrow_mut());
        arena.collect();
    }
    drop(arenas);
    shared.borrow().enter(|_, root| root.check());
    drop(shared);
    assert_eq!(alive.count(), 0);
}
