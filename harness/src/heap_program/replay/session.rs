//! One heap program on one arena, an operation at a time.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, ArenaBuilder, Rootable, Stats};

use super::super::answer::{Answer, Churned, Event, Refusal, Returned};
use super::super::judge::Subject;
use super::super::name::{Name, NameMap};
use super::super::op::Op;
use super::book::{Book, Collections, WeakRecord};
use super::mutator::Mutator;
use super::object::Serial;
use super::world::{Entered, Roots, Walk, World};

/// The settings of an arena, and what is done to it beside the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Collect after every operation until nothing more dies.
    pub settle: bool,
    /// Allow automatic collections from the start. A heap program begins without them.
    pub automatic: bool,
    /// Collect at every safepoint, as far as automatic collections are allowed.
    pub stress: bool,
    /// The size of the nursery in bytes, if not the collector's choice.
    pub nursery_bytes: Option<usize>,
    /// Have a prompt collector work in epochs.
    pub in_epochs: bool,
    /// Keep the program's roots in handles, not in the arena's root object.
    pub roots_in_handles: bool,
}

/// An operation that has run and is not answered yet.
#[derive(Debug)]
pub struct Performed {
    index: usize,
    op: &'static str,
    outcome: Result<Option<Returned>, Refusal>,
    /// Whether what died, died in a collection.
    is_collection: bool,
}

/// A program that runs on a heap.
pub struct Session<C: Collector + Default> {
    setup: Setup,
    /// How many operations ran.
    index: usize,
    arena: Arena<Rootable![World<'_>], C>,
    roots: Roots,
    book: Book,
    walk: Walk,
    collections: Rc<RefCell<Collections>>,
    /// The objects that the last operation killed, in order.
    died: Vec<Serial>,
}

impl<C: Collector + Default> Session<C> {
    /// An empty heap.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let collections = Rc::default();
        Session {
            setup,
            index: 0,
            arena: Self::arena(setup, &collections),
            roots: if setup.roots_in_handles {
                Roots::InHandles(NameMap::default())
            } else {
                Roots::InRoot
            },
            book: Book::default(),
            walk: Walk::default(),
            collections,
            died: Vec::new(),
        }
    }

    fn arena(
        setup: Setup,
        collections: &Rc<RefCell<Collections>>,
    ) -> Arena<Rootable![World<'_>], C> {
        let mut builder: ArenaBuilder<Rootable![World<'_>], C> =
            Arena::builder().stress(setup.stress).prompt(!setup.in_epochs);
        if let Some(bytes) = setup.nursery_bytes {
            builder = builder.nursery_bytes(bytes);
        }
        let mut arena = builder.build(|_| World::default());
        if !setup.automatic {
            arena.disable();
        }
        arena.set_listener(Collections::listener(Rc::clone(collections), arena.attributes()));
        arena
    }

    /// Runs one operation and answers it.
    ///
    /// # Panics
    ///
    /// Panics if the collector drops an object twice, or loses one that a handle holds.
    pub fn step(&mut self, op: &Op) -> Answer {
        let performed = self.perform(op);
        self.answer(performed)
    }

    /// Runs one operation without looking at the heap afterwards: [`died`](Session::died) tells
    /// whether that is safe.
    ///
    /// # Panics
    ///
    /// As [`step`](Session::step).
    pub fn perform(&mut self, op: &Op) -> Performed {
        let index = self.index;
        self.index += 1;
        self.died.clear();
        let outcome = self.run(op);
        self.died.extend(self.book.take_deaths());
        let is_settled = self.setup.settle;
        if is_settled {
            self.settle();
        }
        let is_collection = is_settled || matches!(op, Op::Collect { .. });
        Performed { index, op: op.word(), outcome, is_collection }
    }

    /// The serial numbers of the objects that the last operation killed, in order.
    #[must_use]
    pub fn died(&self) -> &[u32] {
        &self.died
    }

    /// Collects until nothing more dies, and returns how many objects are alive then.
    pub fn settle(&mut self) -> usize {
        loop {
            self.arena.collect();
            let died = self.book.take_deaths();
            if died.is_empty() {
                return self.book.alive();
            }
            self.died.extend(died);
        }
    }

    /// What the collector has done since the last reset.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.arena.stats()
    }

    /// Ends the program: the arena is dropped, and with it everything in it.
    ///
    /// # Panics
    ///
    /// Panics if an object was not dropped, or was dropped twice.
    pub fn close(self) {
        let Session { arena, roots, mut book, .. } = self;
        drop(arena);
        // Handles may outlive their arena.
        drop(roots);
        book.take_deaths();
        assert_eq!(book.alive(), 0, "objects that were not dropped with their arena");
    }

    /// Replaces this session by a new one that goes on counting operations.
    fn reset(&mut self) {
        let fresh = Session { index: self.index, ..Session::new(self.setup) };
        std::mem::replace(self, fresh).close();
    }

    /// Does what the operation says, with at most one safepoint (`churn` has two).
    fn run(&mut self, op: &Op) -> Result<Option<Returned>, Refusal> {
        let are_in_root = self.roots.are_in_root();
        match op {
            Op::New(new) => self.mutate(are_in_root, |mutator| mutator.make(new))?,
            Op::Chain { length, close, root, .. } => {
                self.mutate(are_in_root, |mutator| mutator.make_chain(*length, *close, *root))
            }
            Op::Root { name, to } => {
                self.mutate(are_in_root, |mutator| mutator.root(*name, *to))?
            }
            Op::Drop { name } => self.mutate(are_in_root, |mutator| mutator.forget(*name))?,
            Op::Link { from, slot, to } => {
                self.mutate(false, |mutator| mutator.store(*from, slot.index(), Some(*to)))?
            }
            Op::Unlink { from, slot } => {
                self.mutate(false, |mutator| mutator.store(*from, slot.index(), None))?
            }
            Op::Weakref { w, to, callback, .. } => {
                self.mutate(true, |mutator| mutator.make_weak(*w, *to, callback.is_some()))?
            }
            Op::DropWeakref { w } => self.mutate(true, |mutator| mutator.forget_weak(*w)),
            Op::Reset => self.reset(),
            Op::Deref { w, root } => {
                let id =
                    self.mutate(root.is_some() && are_in_root, |mutator| mutator.deref(*w, *root));
                return Ok(Some(Returned::Object(id)));
            }
            Op::Collect { generation } => {
                let collection = self.arena.collect_generation(generation.number());
                if let Some(generation) =
                    Collections::generation(self.arena.attributes(), generation.number())
                {
                    self.book.promote(generation);
                }
                return Ok(Some(Returned::Collected(collection.unreachable)));
            }
            Op::Enable | Op::Disable => {
                if *op == Op::Enable {
                    self.arena.enable()
                } else {
                    self.arena.disable()
                }
                return Ok(Some(Returned::IsEnabled(self.arena.is_enabled())));
            }
            Op::Counts => return Ok(Some(Returned::Counts(self.collections.borrow().counts))),
            Op::Stats => return Ok(Some(Returned::Stats(self.collections.borrow().stats))),
            Op::Garbage { .. } => return Ok(Some(Returned::Garbage(Vec::new()))),
            Op::Info { id } => {
                return self
                    .mutate(false, |mutator| mutator.info(*id))
                    .map(|info| Some(Returned::Info(info)));
            }
            Op::Churn { length, .. } => return Ok(Some(Returned::Churned(self.churn(*length)))),
            // `Program::check_supported` refuses programs in which these would mean more.
            Op::Debug { .. }
            | Op::GcCallbacks { .. }
            | Op::Threshold { .. }
            | Op::Freeze
            | Op::Unfreeze => {}
        }
        Ok(None)
    }

    /// Lets `f` do something inside the arena; the arena's root is open to writing only if
    /// `writes_root`.
    fn mutate<T>(
        &mut self,
        writes_root: bool,
        f: impl for<'gc> FnOnce(&mut Mutator<'_, 'gc>) -> T,
    ) -> T {
        let Session { arena, roots, book, walk, .. } = self;
        if writes_root {
            arena.mutate_root(|mc, world| {
                f(&mut Mutator { mc, world: Entered::Exclusive(world), roots, book, walk })
            })
        } else {
            arena.mutate(|mc, world| {
                f(&mut Mutator { mc, world: Entered::Shared(world), roots, book, walk })
            })
        }
    }

    /// Makes garbage in two steps: what is unreachable before the first safepoint after it was made
    /// may die there without ever having been counted, as no object of CPython does.
    fn churn(&mut self, length: usize) -> Churned {
        let first = self.book.records.len();
        self.mutate(true, |mutator| mutator.make_churn(length));
        self.mutate(true, |mutator| mutator.forget_churn());
        self.died.extend(self.book.take_deaths());
        let alive = self.book.records[first..].iter().filter(|record| record.is_alive).count();
        Churned { alive, any_collected: alive < length }
    }

    /// The answer to the operation that was performed last. Walks the heap.
    pub fn answer(&mut self, performed: Performed) -> Answer {
        let Performed { index, op, outcome, is_collection } = performed;
        let (ret, error) = match outcome {
            Ok(ret) => (ret, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let Session { arena, roots, book, walk, .. } = self;
        let mut cleared = Vec::new();
        arena.enter(|mc, world| {
            walk.run(mc, world, roots, |_| false);
            let is_cleared = |w| world.weak(w).is_none_or(|weak| weak.upgrade(mc).is_none());
            cleared.extend(book.weaks.iter().filter(|(w, _)| is_cleared(*w)).map(|(w, _)| w));
        });
        let mut callbacks: Vec<(Name, WeakRecord)> = Vec::new();
        for &w in &cleared {
            callbacks.extend(
                book.weaks.set(w, None).filter(|weak| weak.has_callback).map(|weak| (w, weak)),
            );
        }
        callbacks.sort_unstable_by_key(|(_, weak)| std::cmp::Reverse(weak.number));
        let floating: Vec<Option<Name>> = book
            .living()
            .filter(|(serial, _)| !walk.has_met(*serial))
            .map(|(_, record)| record.id)
            .collect();
        let died_ids = self.died.iter().map(|&serial| book.record(serial).id);
        Answer {
            index,
            op,
            ret,
            error,
            events: events(book, &self.died, &callbacks, is_collection),
            cleared,
            died_unnamed: died_ids.filter(Option::is_none).count(),
            floating_unnamed: floating.iter().filter(|id| id.is_none()).count(),
            floating: floating.into_iter().flatten().collect(),
            alive: book.alive(),
        }
    }
}

/// What happened, in the order of the file format; `callbacks` are sorted newest first.
///
/// In a count to zero an object's callbacks run just before it dies; in a collection all callbacks
/// run before anything dies.
fn events(
    book: &Book,
    died: &[Serial],
    callbacks: &[(Name, WeakRecord)],
    is_collection: bool,
) -> Vec<Event> {
    let callback = |(w, _): &(Name, WeakRecord)| Event::Callback { w: *w, was_cleared: true };
    let mut events = Vec::new();
    if is_collection {
        events.extend(callbacks.iter().map(callback));
    }
    for &serial in died {
        if !is_collection {
            events.extend(callbacks.iter().filter(|(_, weak)| weak.target == serial).map(callback));
        }
        events.extend(book.record(serial).id.map(Event::Died));
    }
    events
}

impl<C: Collector + Default> Subject for Session<C> {
    type Performed = Performed;

    fn perform(&mut self, op: &Op) -> Performed {
        Session::perform(self, op)
    }

    fn answer(&mut self, performed: Performed) -> Answer {
        Session::answer(self, performed)
    }

    fn died(&self) -> &[u32] {
        Session::died(self)
    }

    fn settle(&mut self) -> usize {
        Session::settle(self)
    }
}

impl<C: Collector + Default> fmt::Debug for Session<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("setup", &self.setup)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
