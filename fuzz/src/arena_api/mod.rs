//! Sequences of calls to an arena, with panics at every place where code of the user's runs, against a
//! plain copy of the graph.
//!
//! After each call everything that the copy can reach must be there, alive and linked as the copy is;
//! finalizers and callbacks ran for what it cannot reach alone. In the end everything else has died, if
//! the collector reclaims cycles, and every object's drop glue has run once.
//!
//! - `heap`: what is in the arena, and the book of what happened to it.
//! - `mutator`: what is done inside of the arena.
//! - `model`: the copy.
//! - `look`: compares the two.

mod heap;
mod look;
mod model;
mod mutator;

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use gc_core::{Arena, Collector, Rootable};
use harness::backend::Backend;
use harness::with_collector;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::choices::Choices;
use heap::{Book, Event, OnPurpose, World};
use look::{Identities, look};
use model::Model;
use mutator::{Mutator, change_root, new_world};

type ApiArena<C> = Arena<Rootable![World<'_>], C>;

/// For arenas that are marked by several threads.
static POOL: LazyLock<Arc<ThreadPool>> = LazyLock::new(|| {
    Arc::new(ThreadPoolBuilder::new().num_threads(3).build().expect("the system has threads"))
});

/// Runs the calls that the bytes describe, on the backend that the first of them chooses.
///
/// # Panics
///
/// If something is lost, dropped twice, or not what it should be.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let backend = choices.one_of(&Backend::ALL);
    with_collector!(backend, C => {
        // If something is wrong with the heap it must not be torn down.
        let mut run = ManuallyDrop::new(Run::<C>::new(&mut choices));
        run.run(&mut choices);
        ManuallyDrop::into_inner(run).end();
    });
}

/// A run.
struct Run<C: Collector> {
    arena: ApiArena<C>,
    book: Rc<Book>,
    model: Model,
    identities: Identities,
    /// How many finalizers and callbacks ran, and what they did.
    calls: usize,
}

impl<C: Collector + Default> Run<C> {
    fn new(choices: &mut Choices<'_>) -> Self {
        let mut builder = ApiArena::<C>::builder();
        if let Some(bytes) = choices.one_of(&[None, Some(1), Some(4 << 10), Some(64 << 10)]) {
            builder = builder.nursery_bytes(bytes);
        }
        let flags = choices.below(32);
        builder = builder.stress(flags & 1 > 0).prompt(flags & 2 == 0);
        builder = builder.check_barrier(flags & 4 > 0).check_trace(flags & 8 > 0);
        if flags & 16 > 0 {
            builder = builder.workers(Arc::clone(&POOL));
        }
        let mut arena = builder.build(new_world);
        arena.set_error_hook(|_| {});
        let (model, identities) = (Model::new(), Identities::default());
        Run { arena, book: Rc::default(), model, identities, calls: 0 }
    }

    fn run(&mut self, choices: &mut Choices<'_>) {
        while !choices.is_exhausted() {
            self.attempt(choices);
            self.settle();
            look(&self.arena, &self.book, &self.model, &mut self.identities);
        }
        self.book.panicking.borrow_mut().clear();
        self.arena.unfreeze();
        self.arena.enable();
        if C::ATTRIBUTES.reclaims_cycles {
            self.collect_all();
        }
    }

    /// Makes one call. It may panic on purpose, and must if drop glue does.
    fn attempt(&mut self, choices: &mut Choices<'_>) {
        let (panics, glue_panics) = (self.book.panics.get(), self.book.glue_panics.get());
        let call = catch_unwind(AssertUnwindSafe(|| self.call(choices)));
        match call {
            Err(payload) if payload.is::<OnPurpose>() => {
                assert!(self.book.panics.get() > panics, "nobody has panicked this time");
            }
            Err(payload) => resume_unwind(payload),
            Ok(()) => {
                assert_eq!(
                    self.book.glue_panics.get(),
                    glue_panics,
                    "a panic in drop glue is lost"
                );
            }
        }
    }

    fn call(&mut self, choices: &mut Choices<'_>) {
        let Run { arena, book, model, .. } = self;
        match choices.below(16) {
            0..7 => arena.mutate(|mc, world| {
                let table = world.table;
                let mut mutator = Mutator { mc, table, book, model, choices };
                for _ in 0..1 + mutator.choices.below(12) {
                    mutator.step();
                }
            }),
            7..9 => arena.mutate_root(|mc, world| {
                let table = world.table;
                let mut mutator = Mutator { mc, table, book, model, choices };
                for _ in 0..1 + mutator.choices.below(4) {
                    change_root(&mut mutator, &mut world.roots);
                    mutator.step();
                }
            }),
            9 => _ = arena.collect(),
            10 => _ = arena.collect_generation(choices.below(3) as u8),
            11 => arena.collect_debt(),
            12 => match choices.below(4) {
                0 => arena.freeze(),
                1 => arena.unfreeze(),
                2 => arena.disable(),
                _ => arena.enable(),
            },
            13 => {
                let handles = book.handles.borrow().len();
                if handles > 0 {
                    let number = choices.below(handles.min(256));
                    let handle = book.handles.borrow_mut().swap_remove(number);
                    drop(handle);
                }
            }
            14 => {
                let tokens = book.tokens();
                if tokens > 0 {
                    let id = tokens - 1 - choices.below(tokens.min(256));
                    book.panicking.borrow_mut().insert(id);
                }
            }
            _ => arena.inspect(|heap, world| {
                let objects = heap.objects().count();
                assert!(objects > 0, "the table is one: {}", world.table.len());
                assert!(heap.objects_of_type::<heap::Node<'_>>().count() < objects);
            }),
        }
    }

    /// Brings the model up to date with what finalizers and callbacks have done.
    fn settle(&mut self) {
        let Run { book, model, calls, .. } = self;
        model.grow(book.tokens());
        let reachable = |model: &Model| {
            let handles = book.handles.borrow();
            model.reachable(handles.iter().map(|&(id, _)| id), |id| book.is_dropped(id))
        };
        let note_unreachable = |model: &mut Model, is_reachable: &[bool]| {
            for (object, is_reachable) in model.objects.iter_mut().zip(is_reachable) {
                object.was_unreachable |= !is_reachable;
            }
        };
        let before = reachable(model);
        note_unreachable(model, &before);
        for event in book.events.take() {
            *calls += 1;
            match event {
                Event::Called(id) => assert!(
                    !before[id] || !reachable(model)[id],
                    "a call for {id}, which is reachable"
                ),
                Event::Unlinked(id, slot) => model.objects[id].links[slot] = None,
                Event::Linked(id, slot, to) => model.objects[id].links[slot] = Some(to),
            }
        }
        book.handles.borrow_mut().append(&mut book.rescued.borrow_mut());
        let after = reachable(model);
        note_unreachable(model, &after);
    }

    /// Drops the arena, and sees that everything is dropped once.
    fn end(self) {
        let Run { arena, book, .. } = self;
        drop(arena);
        for id in 0..book.tokens() {
            assert!(book.is_dropped(id), "{id} was not dropped with its arena");
        }
    }

    /// Collects until nothing more happens. Then what cannot be reached is dead.
    fn collect_all(&mut self) {
        loop {
            let (calls, dead) = (self.calls, self.dead());
            self.arena.collect();
            self.settle();
            look(&self.arena, &self.book, &self.model, &mut self.identities);
            if (self.calls, self.dead()) == (calls, dead) {
                break;
            }
        }
        let handles = self.book.handles.borrow();
        let is_reachable =
            self.model.reachable(handles.iter().map(|&(id, _)| id), |id| self.book.is_dropped(id));
        for (id, is_reachable) in is_reachable.into_iter().enumerate() {
            assert!(is_reachable || self.book.is_dropped(id), "{id} is garbage and was not found");
        }
    }

    fn dead(&self) -> usize {
        (0..self.book.tokens()).filter(|&id| self.book.is_dropped(id)).count()
    }
}
