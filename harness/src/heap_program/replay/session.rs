//! One heap program on one arena, an operation at a time.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, ArenaBuilder, Gc, Rootable, Stats, Threshold, Zeal};

use super::super::answer::{Answer, Churned, Event, Info, Refusal, Returned, Who};
use super::super::judge::Subject;
use super::super::name::{Name, NameMap, Names};
use super::super::op::{Action, Generation, Op};
use super::book::{Book, Collections};
use super::calls::{Started, Turn};
use super::laid_open::LaidOpen;
use super::look::{look, saved};
use super::mutator::Mutator;
use super::object::{Happening, Held, Node, Serial, Target};
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
    /// What makes rare paths common.
    pub zeal: Zeal,
    /// Verify the heap before and after every collection. Otherwise as an arena does by default.
    pub verify: bool,
}

/// An operation that has run and is not answered yet.
#[derive(Debug)]
pub struct Performed {
    index: usize,
    op: &'static str,
    outcome: Result<Option<Returned>, Refusal>,
}

type ProgramArena<C> = Arena<Rootable![World<'_>], C>;

/// A program that runs on a heap.
pub struct Session<C: Collector + Default> {
    setup: Setup,
    /// How many operations ran.
    index: usize,
    arena: ProgramArena<C>,
    outside: Outside,
    /// What happened in the last operation, in order.
    happenings: Vec<Happening>,
    /// The objects that the last operation killed, in order.
    died: Vec<Serial>,
}

/// What is outside of the arena.
#[derive(Debug)]
struct Outside {
    roots: Roots,
    book: Book,
    walk: Walk,
    turn: Turn,
    collections: Rc<RefCell<Collections>>,
    /// As the program has set them.
    thresholds: [u32; 3],
}

/// CPython's thresholds, before a program sets others. A collector of ours chooses until then.
const THRESHOLDS: [u32; 3] = [700, 10, 10];

impl<C: Collector + Default> Session<C> {
    /// An empty heap.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let collections = Rc::default();
        let roots = if setup.roots_in_handles {
            Roots::InHandles(NameMap::default())
        } else {
            Roots::InRoot
        };
        Session {
            setup,
            index: 0,
            arena: Self::arena(setup, &collections),
            outside: Outside {
                roots,
                book: Book::default(),
                walk: Walk::default(),
                turn: Turn::default(),
                collections,
                thresholds: THRESHOLDS,
            },
            happenings: Vec::new(),
            died: Vec::new(),
        }
    }

    fn arena(setup: Setup, collections: &Rc<RefCell<Collections>>) -> ProgramArena<C> {
        let mut builder: ArenaBuilder<Rootable![World<'_>], C> =
            Arena::builder().stress(setup.stress).prompt(!setup.in_epochs).defer_calls(true);
        builder = builder.zeal(setup.zeal).check_trace(setup.stress);
        if let Some(bytes) = setup.nursery_bytes {
            builder = builder.nursery_bytes(bytes);
        }
        if setup.verify {
            builder = builder.verify(true);
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
        self.happenings.clear();
        let outcome = self.run(op);
        self.note_happenings();
        if self.setup.settle {
            self.settle();
        }
        Performed { index, op: op.word(), outcome }
    }

    /// Takes what has happened; whether anything has.
    fn note_happenings(&mut self) -> bool {
        let happenings = self.outside.book.take_happenings();
        self.died.extend(happenings.iter().filter_map(|happening| match happening {
            Happening::Died(serial) => Some(*serial),
            Happening::MemberFinalized | Happening::Other(_) => None,
        }));
        self.happenings.extend(&happenings);
        !happenings.is_empty()
    }

    /// The serial numbers of the objects that the last operation killed, in order.
    #[must_use]
    pub fn died(&self) -> &[u32] {
        &self.died
    }

    /// Collects until nothing more dies, and returns how many objects are alive then.
    pub fn settle(&mut self) -> usize {
        // These are no collections of the program's.
        let told = self.outside.collections.borrow_mut().tell(None);
        loop {
            self.arena.collect();
            self.outside.work_off_calls(&mut self.arena);
            if !self.note_happenings() {
                break;
            }
        }
        self.outside.collections.borrow_mut().tell(told);
        self.outside.book.alive()
    }

    /// Lays the heap open as it is, garbage included; `names` are those of the program.
    pub fn inspect<T>(
        &mut self,
        names: &Names,
        look: impl for<'gc> FnOnce(LaidOpen<'_, 'gc>) -> T,
    ) -> T {
        let Session { arena, outside: Outside { book, .. }, .. } = self;
        arena.inspect(|heap, _| look(LaidOpen::new(heap, book, names)))
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
        let Session { arena, outside: Outside { roots, mut book, .. }, .. } = self;
        drop(arena);
        // Handles may outlive their arena.
        drop(roots);
        book.take_happenings();
        assert_eq!(book.alive(), 0, "objects that were not dropped with their arena");
    }

    /// Replaces this session by a new one that goes on counting operations.
    fn reset(&mut self) {
        let fresh = Session { index: self.index, ..Session::new(self.setup) };
        std::mem::replace(self, fresh).close();
    }

    /// Does what the operation says, with at most one safepoint (`churn` has two), and what finalizers
    /// and callbacks do because of it.
    fn run(&mut self, op: &Op) -> Result<Option<Returned>, Refusal> {
        if *op == Op::Reset {
            self.reset();
            return Ok(None);
        }
        let Session { arena, outside, .. } = self;
        let outcome = outside.run(arena, op);
        outside.work_off_calls(arena);
        outcome
    }

    /// The answer to the operation that was performed last. Walks the heap.
    pub fn answer(&mut self, performed: Performed) -> Answer {
        let Performed { index, op, outcome } = performed;
        let (ret, error) = match outcome {
            Ok(ret) => (ret, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let Session { arena, outside: Outside { roots, book, walk, .. }, .. } = self;
        let mut cleared = Vec::new();
        arena.enter(|mc, world| {
            walk.run(mc, world, roots, |_| false);
            let is_cleared = |w| world.weak(w).is_none_or(|weak| weak.upgrade(mc).is_none());
            cleared.extend(book.weaks.iter().filter(|(w, _)| is_cleared(*w)).map(|(w, _)| w));
        });
        for &w in &cleared {
            book.weaks.set(w, None);
        }
        let floating: Vec<Option<Name>> = book
            .living()
            .filter(|(serial, _)| !walk.has_met(*serial))
            .map(|(_, record)| record.id)
            .collect();
        let is_member = |happening: &&Happening| matches!(happening, Happening::MemberFinalized);
        let died_ids = self.died.iter().map(|&serial| book.record(serial).id);
        Answer {
            index,
            op,
            ret,
            error,
            events: events(book, &self.happenings),
            cleared,
            finalized_unnamed: self.happenings.iter().filter(is_member).count(),
            died_unnamed: died_ids.filter(Option::is_none).count(),
            floating_unnamed: floating.iter().filter(|id| id.is_none()).count(),
            floating: floating.into_iter().flatten().collect(),
            alive: book.alive(),
        }
    }
}

fn serial_of<'gc>(node: Gc<'gc, Node<'gc>>) -> Serial {
    Target::Node(node).serial()
}

/// What happened, without what happened to objects that have no name.
fn events(book: &Book, happenings: &[Happening]) -> Vec<Event> {
    let event = |happening: &Happening| match *happening {
        Happening::Died(serial) => book.record(serial).id.map(Event::Died),
        Happening::MemberFinalized => None,
        Happening::Other(event) => Some(event),
    };
    happenings.iter().filter_map(event).collect()
}

impl Outside {
    fn run<C: Collector + Default>(
        &mut self,
        arena: &mut ProgramArena<C>,
        op: &Op,
    ) -> Result<Option<Returned>, Refusal> {
        let are_in_root = self.roots.are_in_root();
        match op {
            Op::New(new) => self.mutate(arena, are_in_root, |mutator| mutator.make(new))?,
            Op::Chain { id, length, close, finalizer, root } => {
                self.mutate(arena, are_in_root, |mutator| {
                    mutator.make_chain(*id, *length, *close, finalizer.as_deref(), *root)
                })
            }
            Op::Root { name, to } => {
                self.mutate(arena, are_in_root, |mutator| mutator.root(*name, *to))?
            }
            Op::Drop { name } => {
                self.mutate(arena, are_in_root, |mutator| mutator.forget(*name))?
            }
            Op::Link { from, slot, to } => {
                self.mutate(arena, false, |mutator| mutator.store(*from, slot.index(), Some(*to)))?
            }
            Op::Unlink { from, slot } => {
                self.mutate(arena, false, |mutator| mutator.store(*from, slot.index(), None))?
            }
            Op::Weakref { w, to, callback, held_by } => self.mutate(arena, true, |mutator| {
                mutator.make_weak(*w, *to, callback.as_deref(), *held_by)
            })?,
            Op::DropWeakref { w } => self.mutate(arena, true, |mutator| mutator.forget_weak(*w)),
            Op::Deref { w, root } => {
                let writes_root = root.is_some() && are_in_root;
                let id = self.mutate(arena, writes_root, |mutator| mutator.deref(*w, *root));
                return Ok(Some(Returned::Object(id)));
            }
            Op::Collect { generation } => {
                return Ok(Some(Returned::Collected(self.collect(arena, *generation))));
            }
            Op::Enable | Op::Disable => {
                if *op == Op::Enable {
                    arena.enable()
                } else {
                    arena.disable()
                }
                return Ok(Some(Returned::IsEnabled(arena.is_enabled())));
            }
            Op::Freeze => {
                arena.freeze();
                self.book.freeze();
            }
            Op::Unfreeze => {
                arena.unfreeze();
                self.book.unfreeze();
            }
            Op::Counts => return Ok(Some(Returned::Counts(self.collections.borrow().counts))),
            Op::Stats => return Ok(Some(Returned::Stats(self.collections.borrow().stats))),
            Op::Garbage { clear } => {
                let saved = arena.inspect(|heap, _| saved(heap, &self.book));
                if *clear {
                    arena.clear_garbage();
                }
                return Ok(Some(Returned::Garbage(saved)));
            }
            Op::Info { id } => {
                let (object, weak) = self.mutate(arena, false, |mutator| mutator.asked(*id))?;
                let info = arena.inspect(|heap, _| look(heap, &self.book, object));
                let info = Info { weak, ..info.ok_or(Refusal::Unreachable(*id))? };
                return Ok(Some(Returned::Info(info)));
            }
            Op::Churn { length, .. } => {
                return Ok(Some(Returned::Churned(self.churn(arena, *length))));
            }
            Op::Threshold { set } => {
                if let Some([young, middle, old]) = *set {
                    let [young, middle, old] = [young, middle, old].map(|limit| limit as usize);
                    arena.set_thresholds([
                        Threshold::AUTOMATIC.at_objects(young),
                        Threshold::AUTOMATIC.at_collections(middle),
                        Threshold::AUTOMATIC.at_collections(old),
                    ]);
                    self.thresholds = set.unwrap_or(self.thresholds);
                }
                return Ok(Some(Returned::Thresholds(self.thresholds)));
            }
            Op::Debug { save_all } => arena.save_garbage(*save_all),
            Op::GcCallbacks { on } => {
                let told = on.then(|| Rc::clone(&self.book.happenings));
                self.collections.borrow_mut().tell(told);
            }
            // It is the session's.
            Op::Reset => {}
        }
        Ok(None)
    }

    /// Lets `f` do something inside the arena; the arena's root is open to writing only if
    /// `writes_root`.
    fn mutate<C: Collector + Default, T>(
        &mut self,
        arena: &mut ProgramArena<C>,
        writes_root: bool,
        f: impl for<'gc> FnOnce(&mut Mutator<'_, 'gc>) -> T,
    ) -> T {
        let Outside { roots, book, walk, turn, .. } = self;
        if writes_root {
            arena.mutate_root(|mc, world| {
                f(&mut Mutator { mc, world: Entered::Exclusive(world), roots, book, walk, turn })
            })
        } else {
            arena.mutate(|mc, world| {
                f(&mut Mutator { mc, world: Entered::Shared(world), roots, book, walk, turn })
            })
        }
    }

    /// Collects, and returns what CPython's `collect` does.
    fn collect<C: Collector + Default>(
        &mut self,
        arena: &mut ProgramArena<C>,
        generation: Generation,
    ) -> usize {
        self.collections.borrow_mut().returned = 0;
        let made_before = self.book.records.len();
        arena.collect_generation(generation.number());
        self.work_off_calls(arena);
        let collected = Collections::generation(arena.attributes(), generation.number());
        if let Some(generation) = collected {
            self.book.promote(generation, made_before);
        }
        self.collections.borrow().returned
    }

    /// Makes garbage in two steps: what is unreachable before the first safepoint after it was made
    /// may die there without ever having been counted, as no object of CPython does.
    fn churn<C: Collector + Default>(
        &mut self,
        arena: &mut ProgramArena<C>,
        length: usize,
    ) -> Churned {
        let first = self.book.records.len();
        self.mutate(arena, true, |mutator| mutator.make_churn(length));
        self.mutate(arena, true, |mutator| mutator.forget_churn());
        let is_of_these = |happening: &&Happening| matches!(happening, Happening::Died(serial) if *serial as usize >= first);
        let died = self.book.happenings.borrow().iter().filter(is_of_these).count();
        let alive = length - died;
        Churned { alive, any_collected: alive < length }
    }

    /// Does what finalizers and callbacks do whose turn it is, and what follows from that.
    ///
    /// Recurses as deep as the actions of one make another necessary, not along the heap.
    fn work_off_calls<C: Collector + Default>(&mut self, arena: &mut ProgramArena<C>) {
        while let Some(mut call) = arena.next_call() {
            call.run();
            if let Some(started) = self.turn.take() {
                self.act(&mut call, &started);
            }
        }
    }

    fn act<C: Collector + Default>(&mut self, arena: &mut ProgramArena<C>, started: &Started) {
        let Started { who, target, subject, actions } = started;
        if subject.is_some() {
            self.book.rejuvenate(*target);
        }
        match *who {
            Who::Finalizer(id) => self.book.note(Event::Finalized(id)),
            Who::Member { .. } => self.book.note_member_finalized(),
            Who::Callback(w) => {
                // There may be another one by the same name.
                let gives = arena.enter(|mc, world| world.weak(w)?.upgrade(mc).map(serial_of));
                self.book.note(Event::Callback { w, was_cleared: gives != Some(*target) });
            }
        }
        for action in &**actions {
            match action {
                Action::Raise => return self.book.note(Event::Unraisable),
                Action::Collect { generation } => {
                    let returned = self.collect(arena, *generation);
                    self.book.note(Event::NestedCollect { who: *who, returned });
                }
                action => {
                    // A refused action does nothing.
                    let _ = self.mutate(arena, true, |mutator| {
                        let subject = subject.as_ref().map(|handle| handle.fetch(mutator.mc));
                        mutator.act(action, *who, subject.and_then(Held::object))
                    });
                    self.work_off_calls(arena);
                }
            }
        }
    }
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

    fn id(&self, serial: u32) -> Option<Name> {
        self.outside.book.record(serial).id
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
