//! A finalizer that a type declares runs for every object of the type, and for nothing else.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{
    Arena, Brand, DynTrace, DynamicRoot, Finalize, Gc, Lock, Mutation, Rootable, Static, Trace,
    dyn_trace, unlock, unsize,
};

use super::finalizers::Finalized;
use super::trial::{Setting, age, litter, reclaims, settle};
use super::witness::{Token, Witness};

/// What a finalizer does besides noting that it ran.
#[derive(Clone, Default)]
enum Act {
    #[default]
    Nothing,
    /// Stashes its object.
    Keep(Rc<RefCell<Vec<DynamicRoot<AnyFile>>>>),
    Fail,
    Panic,
}

/// An object whose type has a lifetime and a finalizer.
#[derive(Trace)]
#[trace(finalize)]
struct File<'gc> {
    token: Token,
    finalized: Static<Finalized>,
    act: Static<Act>,
    next: Lock<Option<Gc<'gc, File<'gc>>>>,
    brand: Brand<'gc>,
}

type AnyFile = Rootable![File<'_>];
type FileRef<'gc> = Gc<'gc, File<'gc>>;

impl<'gc> Finalize<'gc> for File<'gc> {
    type Outcome = Result<(), &'static str>;

    fn finalize(mc: &Mutation<'gc>, file: FileRef<'gc>) -> Self::Outcome {
        assert!(file.token.is_intact());
        file.finalized.note(file.token.name);
        if let Some(next) = file.next.get() {
            assert!(next.token.is_intact(), "its neighbor is whole");
        }
        litter(mc);
        match &*file.act {
            Act::Nothing => Ok(()),
            Act::Keep(kept) => {
                kept.borrow_mut().push(mc.stash::<AnyFile>(file));
                Ok(())
            }
            Act::Fail => Err("for a reason"),
            Act::Panic => panic!("on purpose"),
        }
    }
}

/// One that has neither a lifetime nor a reference, and drop glue.
#[derive(Trace)]
#[trace(finalize)]
struct Plain<T> {
    name: u32,
    finalized: Static<Finalized>,
    value: T,
}

impl<'gc, T: Trace + 'static> Finalize<'gc> for Plain<T> {
    type Outcome = ();

    fn finalize(_: &Mutation<'gc>, plain: Gc<'gc, Plain<T>>) {
        plain.finalized.note(plain.name);
    }
}

trait Named: DynTrace {
    fn name(&self) -> u32;
}
dyn_trace!(for<'gc> dyn Named + 'gc);

impl Named for Plain<u32> {
    fn name(&self) -> u32 {
        self.name + self.value
    }
}

/// Who looks at the files of a claim.
#[derive(Clone, Default)]
struct Watch {
    witness: Witness,
    finalized: Finalized,
}

impl Watch {
    fn file<'gc>(&self, mc: &Mutation<'gc>, name: u32, act: Act) -> FileRef<'gc> {
        Gc::new(mc, self.value(mc, name, act))
    }

    fn value<'gc>(&self, mc: &Mutation<'gc>, name: u32, act: Act) -> File<'gc> {
        File {
            token: self.witness.token(name),
            finalized: Static(self.finalized.clone()),
            act: Static(act),
            next: Lock::new(None),
            brand: Brand::new(mc),
        }
    }

    fn plain<T>(&self, name: u32, value: T) -> Plain<T> {
        Plain { name, finalized: Static(self.finalized.clone()), value }
    }
}

fn link<'gc>(mc: &Mutation<'gc>, file: FileRef<'gc>, to: FileRef<'gc>) {
    unlock!(Gc::write(mc, file), File, next).set(Some(to));
}

/// Objects that were made in every way, young or old when they die.
pub fn every_object_of_a_type_that_declares_one_is_finalized_once<C: Collector + Default>() {
    type Root<'gc> =
        Option<(Vec<FileRef<'gc>>, Gc<'gc, Plain<[u64; 900]>>, Gc<'gc, dyn Named + 'gc>)>;
    Setting::each(|setting| {
        for is_aged in [false, true] {
            let watch = Watch::default();
            let mut arena = setting.arena::<Rootable!['gc => Root<'gc>], C>(|mc| {
                let file = watch.file(mc, 0, Act::Nothing);
                let other = Gc::try_new(mc, watch.value(mc, 1, Act::Nothing));
                link(mc, file, watch.file(mc, 2, Act::Nothing));
                let large = Gc::new(mc, watch.plain(3, [3; 900]));
                let named = unsize!(Gc::new(mc, watch.plain(4, 0_u32)) => dyn Named);
                Some((vec![file, other.expect("there is room")], large, named))
            });
            if is_aged {
                age(&mut arena);
            }
            arena.mutate(|mc, root| {
                let (files, large, named) = root.as_ref().expect("held");
                assert!(!mc.is_finalized(files[0]) && !mc.is_finalized(*large));
                assert_eq!((large.value[899], named.name()), (3, 4));
            });
            assert!(watch.finalized.names().is_empty(), "all are reachable");
            arena.mutate_root(|_, root| *root = None);
            for _ in 0..3 {
                settle(&mut arena);
                age(&mut arena);
                let (finalized, dead) = (watch.finalized.sorted(), watch.witness.sorted());
                if reclaims::<C>() {
                    assert_eq!((finalized, dead), (vec![0, 1, 2, 3, 4], vec![0, 1, 2]));
                } else {
                    assert!(finalized.is_empty() && dead.is_empty());
                }
            }
        }
    });
}

/// Nothing ever referred to them, and there are many.
pub fn what_dies_young_is_finalized_as_its_type_declares<C: Collector + Default>() {
    Setting::each(|setting| {
        let watch = Watch::default();
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        for round in 0..3 {
            arena.mutate(|mc, ()| {
                for name in 0..100 {
                    let _ = watch.file(mc, 100 * round + name, Act::Nothing);
                }
            });
        }
        settle(&mut arena);
        age(&mut arena);
        let expected = if reclaims::<C>() { Vec::from_iter(0..300) } else { Vec::new() };
        assert_eq!(watch.finalized.sorted(), expected);
        assert_eq!(watch.witness.sorted(), expected);
    });
}

/// An object that was given two more.
pub fn a_declared_finalizer_runs_before_those_that_are_given<C: Collector + Default>() {
    Setting::each(|setting| {
        let watch = Watch::default();
        let mut arena = setting.arena::<Rootable!['gc => Option<FileRef<'gc>>], C>(|mc| {
            let file = watch.file(mc, 0, Act::Panic);
            for name in [1, 2] {
                let finalized = watch.finalized.clone();
                mc.on_unreachable::<AnyFile, _>(file, move |_, _| finalized.note(name))
                    .expect("it was not finalized");
            }
            Some(file)
        });
        arena.set_error_hook(|error| assert!(error.panic().is_some()));
        arena.mutate_root(|_, root| *root = None);
        settle(&mut arena);
        if reclaims::<C>() {
            assert_eq!((watch.finalized.names(), watch.witness.sorted()), (vec![0, 1, 2], vec![0]));
        }
    });
}

/// `a -> b -> a`, of which one is stashed by its finalizer.
pub fn what_a_declared_finalizer_keeps_lives_and_is_not_finalized_again<C: Collector + Default>() {
    Setting::each(|setting| {
        for is_ring in [false, true] {
            let watch = Watch::default();
            let kept = Rc::default();
            let mut arena = setting.arena::<Rootable!['gc => Option<FileRef<'gc>>], C>(|mc| {
                let a = watch.file(mc, 0, Act::Keep(Rc::clone(&kept)));
                let b = watch.file(mc, 1, Act::Nothing);
                link(mc, a, b);
                if is_ring {
                    link(mc, b, a);
                }
                Some(a)
            });
            arena.mutate_root(|_, root| *root = None);
            settle(&mut arena);
            arena.collect();
            if !(reclaims::<C>() && (C::ATTRIBUTES.reclaims_cycles || !is_ring)) {
                assert!(watch.finalized.names().is_empty());
                return;
            }
            age(&mut arena);
            arena.mutate(|mc, _| {
                let a = mc.fetch(&kept.borrow()[0]);
                let b = a.next.get().expect("kept with it");
                assert_eq!((a.token.name, b.token.name), (0, 1));
                assert!(mc.is_finalized(a));
                assert!(mc.on_unreachable::<AnyFile, ()>(a, |_, _| unreachable!()).is_err());
            });
            assert_eq!((kept.borrow().len(), watch.witness.count()), (1, 0));
            kept.borrow_mut().clear();
            settle(&mut arena);
            arena.collect();
            assert_eq!(
                (watch.finalized.sorted(), watch.witness.sorted()),
                (vec![0, 1], vec![0, 1])
            );
        }
    });
}

/// One fails, one panics, one is well.
pub fn a_declared_finalizer_that_fails_is_reported<C: Collector + Default>() {
    Setting::each(|setting| {
        let watch = Watch::default();
        let errors: Rc<RefCell<Vec<String>>> = Rc::default();
        let reported = Rc::clone(&errors);
        let mut arena = setting.arena::<Rootable!['gc => Vec<FileRef<'gc>>], C>(|mc| {
            let acts = [Act::Fail, Act::Panic, Act::Nothing].into_iter();
            acts.zip(0..).map(|(act, name)| watch.file(mc, name, act)).collect()
        });
        arena.set_error_hook(move |error| reported.borrow_mut().push(error.to_string()));
        arena.mutate_root(|_, root| root.clear());
        settle(&mut arena);
        if reclaims::<C>() {
            errors.borrow_mut().sort_unstable();
            let expected = ["a finalizer failed: for a reason", "a finalizer panicked: on purpose"];
            assert_eq!(*errors.borrow(), expected);
            assert_eq!(watch.finalized.sorted(), [0, 1, 2]);
            assert_eq!(watch.witness.sorted(), [0, 1, 2]);
        }
    });
}

/// The heap is full: what did not become an object is given back, or dropped by a panic.
pub fn what_did_not_become_an_object_is_not_finalized<C: Collector + Default>() {
    let watch = Watch::default();
    let builder = Arena::<Rootable![()], C>::builder().limit_bytes(64 << 10);
    let mut arena = builder.build(|_| ());
    arena.mutate(|mc, ()| {
        while Gc::try_new(mc, [0_u64; 100]).is_ok() {}
        while Gc::try_new(mc, 0_u64).is_ok() {}
        let file = watch.value(mc, 0, Act::Nothing);
        let refused = Gc::try_new(mc, file).err().expect("the heap is full").into_value();
        assert_eq!(refused.token.name, 0);
        drop(refused);
        let make = || watch.file(mc, 1, Act::Nothing);
        assert!(panic::catch_unwind(AssertUnwindSafe(make)).is_err());
    });
    settle(&mut arena);
    assert_eq!((watch.finalized.names(), watch.witness.sorted()), (vec![], vec![0, 1]));
}

/// A value of the type in a lock, which is the object.
pub fn what_is_a_part_of_an_object_is_not_finalized<C: Collector + Default>() {
    Setting::each(|setting| {
        let watch = Watch::default();
        let mut arena = setting.arena::<Rootable![()], C>(|_| ());
        arena.mutate(|mc, ()| {
            let file = watch.value(mc, 0, Act::Nothing);
            let _ = Gc::new(mc, Lock::new(Some(file)));
        });
        settle(&mut arena);
        assert!(watch.finalized.names().is_empty());
        assert_eq!(watch.witness.count(), usize::from(reclaims::<C>()));
    });
}

/// Reachable or not, it is dropped.
pub fn an_arena_that_is_dropped_runs_no_declared_finalizer<C: Collector + Default>() {
    Setting::each(|setting| {
        let watch = Watch::default();
        let arena = setting.arena::<Rootable!['gc => FileRef<'gc>], C>(|mc| {
            let _ = watch.file(mc, 1, Act::Nothing);
            watch.file(mc, 0, Act::Nothing)
        });
        drop(arena);
        assert_eq!((watch.finalized.names(), watch.witness.sorted()), (vec![], vec![0, 1]));
    });
}
