//! Heaps that are corrupted on purpose: each fault is found, and named.

#![allow(clippy::type_complexity, reason = "the type of a root is spelled where the root is made")]

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::{BLOCK_BYTES, Header, Logged, SEGMENT_LEN, for_each_edge};
use super::*;
use crate::collector::{Attributes, Safepoint};
use crate::heap::{Block, BlockState, COUNT_MAX};
use crate::{Gc, GcVec, GcWeak, Lock, Reason, Rootable, Static, Trace, WeakMap, unlock};

/// Promotes all that is reachable where it lies, and reclaims what is young and is not.
#[derive(Default)]
struct Promoting {
    /// What it says of itself.
    complaint: Option<&'static str>,
}

// SAFETY: what is old is not reclaimed, nothing is moved, and what is young and reachable is promoted.
unsafe impl Collector for Promoting {
    const ATTRIBUTES: Attributes = Attributes::new("promotion");

    fn safepoint(&mut self, safepoint: &mut Safepoint<'_>) {
        let Safepoint { heap, roots, .. } = safepoint;
        let mut pending = heap.take_young_delayed();
        // SAFETY: nothing was reclaimed since it was logged.
        unsafe { heap.log_mut().drain(|logged| pending.push(logged.object())) }
        roots.for_each_edge(|object| pending.push(object));
        roots.settle();
        for table in heap.handle_tables() {
            table.for_each_edge(|object| pending.push(object));
            table.settle_fresh(|_| ());
            table.settle_released(|_| ());
        }
        heap.settle_handles();
        pending.extend(heap.weak().young_ephemerons().iter().map(|ephemeron| ephemeron.value));
        let mut scanned = ObjectSet::default();
        while let Some(object) = pending.pop() {
            if !object.is_mature() {
                // SAFETY: it is young, and reachable.
                unsafe { heap.promote_in_place(object) }
            }
            if scanned.insert(object) {
                // SAFETY: it is live, and nothing is borrowed at a safepoint.
                unsafe { for_each_edge(object, |target| pending.push(target)) }
            }
        }
        // SAFETY: all that lives is promoted.
        unsafe { heap.bury_young_in_place() }
        heap.settle_nursery(true);
    }

    fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
        self.safepoint(safepoint);
    }

    fn verify(&self, verifier: &mut Verifier<'_>) {
        if let Some(complaint) = self.complaint {
            verifier.add_fault(None, complaint);
        }
    }
}

#[derive(Trace)]
#[trace(crate = crate)]
struct Node<'gc> {
    next: Lock<Option<Gc<'gc, Node<'gc>>>>,
    number: u64,
}

type Nodes = Arena<Rootable![Vec<Gc<'_, Node<'_>>>], Promoting>;

fn node<'gc>(mc: &crate::Mutation<'gc>, number: u64) -> Gc<'gc, Node<'gc>> {
    Gc::new(mc, Node { next: Lock::new(None), number })
}

/// Three nodes, of which the first refers to the second, all of them old.
fn nodes() -> Nodes {
    let mut arena = Nodes::builder().verify(false).build(|mc| {
        let nodes: Vec<_> = (0..3).map(|number| node(mc, number)).collect();
        unlock!(Gc::write(mc, nodes[0]), Node, next).set(Some(nodes[1]));
        nodes
    });
    arena.collect();
    arena.verify().expect("nothing was corrupted yet");
    arena
}

fn object(arena: &Nodes, index: usize) -> ObjectRef {
    arena.enter(|_, nodes| nodes[index].object())
}

fn header<'a>(arena: &Nodes, index: usize) -> &'a Header {
    // SAFETY: what the root refers to is never reclaimed here, but where nobody looks at it again.
    unsafe { object(arena, index).header() }
}

/// Expects that a fault of this kind is the first that is found; it is returned.
#[track_caller]
fn fault<R>(arena: &mut Arena<R, Promoting>, kind: FaultKind, part: &str) -> HeapFault
where
    R: for<'a> Rootable<'a>,
    for<'a> Root<'a, R>: Sized + Trace,
{
    let faults = arena.verify().expect_err("it was corrupted");
    let fault = faults.faults()[0].clone();
    assert_eq!(fault.kind, kind, "{faults}");
    assert!(fault.to_string().contains(part), "{faults}");
    fault
}

#[test]
fn a_reference_to_what_was_reclaimed_is_found_and_both_ends_are_named() {
    let mut arena = nodes();
    let second = object(&arena, 1);
    arena.mutate_root(|_, nodes| nodes.truncate(1));
    // SAFETY: it is not dead, on purpose; nobody looks at it again but the verifier.
    unsafe { arena.heap.reclaim(second) }
    let fault = fault(&mut arena, FaultKind::Edge, "a reference leads to a hole");
    assert_eq!(fault.object.unwrap().type_name, None);
    let holder = fault.holder.unwrap();
    assert!(holder.to_string().starts_with("Node"), "{holder}");
    assert_eq!(holder.place.unwrap().0, 0, "the first chunk");
}

#[test]
fn a_root_that_leads_elsewhere_is_found() {
    let mut arena = nodes();
    let last = object(&arena, 2);
    // SAFETY: as above.
    unsafe { arena.heap.reclaim(last) }
    fault(&mut arena, FaultKind::Edge, "a reference of the root leads to a hole");

    let mut other = nodes();
    let stranger = object(&other, 0);
    let mut arena = nodes();
    let slot = object(&arena, 0).as_ptr().cast::<Option<ObjectRef>>();
    // SAFETY: a node begins with its reference; that of another arena is none of this one's.
    unsafe { slot.write(Some(stranger)) }
    fault(&mut arena, FaultKind::Edge, "an address outside of the heap");
    let second = object(&arena, 1);
    let unaligned = second.as_ptr().wrapping_add(4);
    let metadata = second.chunk().base().wrapping_add(BLOCK_BYTES / 2);
    for (wrong, part) in [(unaligned, "not aligned"), (metadata, "metadata")] {
        // SAFETY: as above; nobody looks at it but the verifier.
        unsafe { slot.write(ObjectRef::from_ptr(wrong)) }
        fault(&mut arena, FaultKind::Edge, part);
    }
    other.verify().unwrap();
}

#[test]
fn a_header_that_is_none_is_found() {
    let mut arena = nodes();
    let last = object(&arena, 2);
    let place = last.start().cast::<usize>();
    // SAFETY: it is the object's.
    let before = unsafe { place.read() };
    for word in [0, last.start().addr() & !0xff] {
        // SAFETY: nobody looks at it but the verifier.
        unsafe { place.write(word) }
        let fault = fault(&mut arena, FaultKind::Header, "a header that leads to no type");
        assert_eq!(fault.object.unwrap().type_name, None);
    }
    // SAFETY: that is what it was.
    unsafe { place.write(before) }
    header(&arena, 2).forward(object(&arena, 1));
    fault(&mut arena, FaultKind::Header, "a forwarding address that was left");
}

#[test]
fn an_array_that_is_longer_than_its_block_is_found() {
    let mut arena: Arena<Rootable![Gc<'_, [u64]>], Promoting> =
        Arena::builder().verify(false).build(|mc| Gc::slice_from_fn(mc, 10, |_| 0));
    arena.collect();
    for len in [100_000, usize::MAX] {
        let array = arena.enter(|_, array| array.object());
        // SAFETY: the first word of an array is its length.
        unsafe { array.as_ptr().cast::<usize>().write(len) }
        fault(&mut arena, FaultKind::Header, "longer than the room");
    }
}

#[test]
fn an_object_within_another_is_found() {
    let mut arena: Arena<Rootable![Gc<'_, [u64; 8]>], Promoting> =
        Arena::builder().verify(false).build(|mc| Gc::new(mc, [0; 8]));
    arena.collect();
    let outer = arena.enter(|_, outer| outer.object());
    let inner = ObjectRef::from_ptr(outer.as_ptr().wrapping_add(16)).unwrap();
    // SAFETY: it is within the payload of the outer one.
    unsafe { inner.start().cast::<Header>().write(Header::new(Descriptor::of::<u64>())) }
    inner.chunk().starts().insert(inner);
    fault(&mut arena, FaultKind::Header, "within the object before it");
}

#[test]
fn a_wrong_census_is_found() {
    let mut arena = nodes();
    let block = Block::containing(object(&arena, 0));
    block.set_live_bytes(block.live_bytes() + 8);
    fault(&mut arena, FaultKind::Census, "bytes live in a block");
    block.set_live_bytes(block.live_bytes() - 8);
    arena.heap.census.add(1, 0);
    fault(&mut arena, FaultKind::Census, "are mature, and 4 of");
}

#[test]
fn blocks_in_wrong_states_and_lists_are_found() {
    let mut arena = nodes();
    let block = Block::containing(object(&arena, 0));
    block.set_state(BlockState::Evacuating);
    fault(&mut arena, FaultKind::Blocks, "Evacuating");
    block.set_state(BlockState::Free);
    fault(&mut arena, FaultKind::Blocks, "a free block has objects");
    block.set_state(BlockState::Nursery);
    fault(&mut arena, FaultKind::Blocks, "");
    block.set_state(BlockState::Mature);
    arena.verify().unwrap();

    let free = *arena.heap.pool().free.last().unwrap();
    arena.heap.pool().free.push(free);
    fault(&mut arena, FaultKind::Blocks, "twice");
    arena.heap.pool().free.pop();
    arena.heap.pool().free.pop();
    fault(&mut arena, FaultKind::Blocks, "the list of free blocks has");
    arena.heap.pool().free.push(free);
    arena.heap.pool().free.push(block);
    fault(&mut arena, FaultKind::Blocks, "the list of free blocks has a block that is Mature");
    arena.heap.pool().free.pop();
    arena.heap.pool().taken_blocks += 1;
    fault(&mut arena, FaultKind::Blocks, "blocks are not free");
    arena.heap.pool().taken_blocks -= 1;
    free.set_queued(true);
    fault(&mut arena, FaultKind::Blocks, "the queue of blocks with holes");
    free.set_queued(false);
    block.set_in_use(!block.is_in_use());
    fault(&mut arena, FaultKind::Blocks, "the nursery");
}

#[test]
fn an_object_on_a_page_that_was_given_back_is_found() {
    let mut arena = nodes();
    let block = Block::containing(object(&arena, 0));
    block.set_absent_pages(1);
    fault(&mut arena, FaultKind::Pages, "absent");
    // Even if it was counted.
    let faults = arena.verify().unwrap_err();
    let is_named = |fault: &&HeapFault| fault.message.contains("its pages were given back");
    assert_eq!(faults.faults().iter().filter(is_named).count(), 3);
}

#[test]
fn marks_where_no_object_begins_are_found() {
    let mut arena = nodes();
    let beside = object(&arena, 0).as_ptr().wrapping_add(8);
    let beside = ObjectRef::from_ptr(beside).unwrap();
    beside.chunk().marks().insert(beside);
    fault(&mut arena, FaultKind::Marks, "where no object begins");
}

#[test]
fn a_store_that_was_not_logged_is_found() {
    let mut arena = nodes();
    arena.mutate(|mc, nodes| {
        // SAFETY: it was not logged, on purpose.
        unsafe { nodes[2].next.unlock_unchecked() }.set(Some(node(mc, 7)));
    });
    let fault = fault(&mut arena, FaultKind::Unlogged, "was not logged");
    let (target, holder) = (fault.object.unwrap(), fault.holder.unwrap());
    assert!(target.place > holder.place);
    // With the barrier it is as it should be.
    let mut arena = nodes();
    arena.mutate(|mc, nodes| {
        unlock!(Gc::write(mc, nodes[2]), Node, next).set(Some(node(mc, 7)));
    });
    arena.verify().unwrap();
    // And a root that is clean has nothing young.
    arena.mutate_root(|mc, nodes| nodes.push(node(mc, 8)));
    arena.verify().unwrap();
    arena.is_root_dirty = false;
    let faults = arena.verify().unwrap_err();
    assert!(faults.to_string().contains("the root is clean"), "{faults}");
}

type Array = Arena<Rootable![Gc<'_, [Lock<Option<Gc<'_, u64>>>]>], Promoting>;

/// An array of many segments.
fn array() -> Array {
    let mut arena = Array::builder()
        .verify(false)
        .build(|mc| Gc::slice_from_fn(mc, 100 * SEGMENT_LEN, |_| Lock::new(None)));
    arena.collect();
    arena
}

#[test]
fn a_store_into_a_segment_that_was_not_logged_is_found() {
    let mut arena = array();
    arena.mutate(|mc, array| {
        let element = Gc::write_at(mc, *array, 40 * SEGMENT_LEN).unwrap();
        element.unlock().set(Some(Gc::new(mc, 1)));
    });
    arena.verify().expect("its segment was logged");
    arena.mutate(|mc, array| {
        // SAFETY: it was not logged, on purpose.
        unsafe { array[0].unlock_unchecked() }.set(Some(Gc::new(mc, 2)));
    });
    fault(&mut arena, FaultKind::Unlogged, "was not logged");
}

#[test]
fn a_log_that_contradicts_the_flags_is_found() {
    let mut arena = nodes();
    header(&arena, 0).clear(Flag::Unlogged);
    fault(&mut arena, FaultKind::Log, "says that it is logged, and it is not");
    let first = object(&arena, 0);
    // SAFETY: live, and nothing is borrowed.
    unsafe { arena.heap.log_mut().push(Logged::Object(first), false) }
    arena.verify().expect("now it is");
    header(&arena, 0).set(Flag::Unlogged);
    fault(&mut arena, FaultKind::Log, "its flag says that it is not");
    header(&arena, 0).clear(Flag::Unlogged);
    // SAFETY: as above.
    unsafe { arena.heap.log_mut().push(Logged::Object(first), false) }
    fault(&mut arena, FaultKind::Log, "twice in the log");
    arena.heap.log_mut().clear();
    header(&arena, 0).set(Flag::Unlogged);

    let mut arena = array();
    arena.mutate(|mc, array| _ = Gc::write_at(mc, *array, 40 * SEGMENT_LEN));
    arena.verify().unwrap();
    let object = arena.enter(|_, array| array.object());
    // SAFETY: live, and nothing is borrowed.
    unsafe { arena.heap.log_mut().push(Logged::Segment(object, 3), false) }
    fault(&mut arena, FaultKind::Log, "its bit says that it is not");
    // SAFETY: as above.
    unsafe { arena.heap.log_mut().push(Logged::Segment(object, 3000), false) }
    let faults = arena.verify().unwrap_err();
    assert!(faults.to_string().contains("that it has not"), "{faults}");
    arena.heap.log_mut().clear();
    fault(&mut arena, FaultKind::Log, "have a bit, and 0 are logged");
}

#[test]
fn what_tables_lead_to_is_looked_at() {
    type Handle = crate::DynamicRoot<Rootable![u64]>;
    type Weak = Arena<Rootable![Option<GcWeak<'_, u64>>], Promoting>;
    let mut arena = Weak::builder().verify(false).build(|_| None);
    let handle: Handle = arena.mutate_root(|mc, root| {
        let number = Gc::new(mc, 42);
        *root = Some(Gc::downgrade(mc, number));
        mc.set_tag(number, Some("the number"));
        let _ = Gc::id(number);
        mc.stash(number)
    });
    arena.collect();
    arena.verify().unwrap();
    let target = arena.enter(|mc, _| mc.fetch(&handle).object());
    // SAFETY: it is live.
    let header = unsafe { target.header() };
    for (flag, kind, part) in [
        (Flag::WeaklyHeld, FaultKind::Weak, "in the weak table, and has no flag"),
        (Flag::Identified, FaultKind::Identity, "the table of"),
    ] {
        header.clear(flag);
        fault(&mut arena, kind, part);
        header.set(flag);
    }
    arena.heap.weak().ephemerons += 1;
    fault(&mut arena, FaultKind::Weak, "0 ephemerons have values, and 1 were counted");
    arena.heap.weak().ephemerons -= 1;
    let cells = arena.heap.weak().cells.remove(&target).unwrap();
    fault(&mut arena, FaultKind::Weak, "is not in the table");
    arena.heap.weak().cells.insert(target, cells);
    arena.verify().unwrap();
    // Tables leave it, but for that of handles.
    // SAFETY: it is not dead, on purpose.
    unsafe { arena.heap.reclaim(target) }
    fault(&mut arena, FaultKind::Handles, "a handle leads to it, and there is a hole");
}

#[test]
fn a_cell_of_another_target_is_found() {
    type Weak = Arena<Rootable![(Gc<'_, u64>, Gc<'_, u64>, GcWeak<'_, u64>)], Promoting>;
    let mut arena = Weak::builder().verify(false).build(|mc| {
        let (a, b) = (Gc::new(mc, 1), Gc::new(mc, 2));
        (a, b, Gc::downgrade(mc, a))
    });
    arena.collect();
    let (a, b, cell) = arena.enter(|_, (a, b, weak)| (a.object(), b.object(), weak.cell_object()));
    // SAFETY: it is one.
    let cell = unsafe { crate::weak::WeakCell::of(cell) };
    cell.set_target(b);
    fault(&mut arena, FaultKind::Weak, "another target");
    cell.set_target(a);
    arena.verify().unwrap();
}

#[test]
fn finalizers_that_are_miscounted_are_found() {
    let mut arena = nodes();
    arena.mutate(|mc, nodes| {
        mc.on_unreachable::<Rootable![Node<'_>], _>(nodes[0], |_, _| ()).unwrap();
    });
    arena.collect();
    arena.verify().unwrap();
    header(&arena, 0).clear(Flag::Finalizable);
    fault(&mut arena, FaultKind::Calls, "0 objects have finalizers to run, and 1 were counted");
    arena.heap.calls().finalizable = 0;
    fault(&mut arena, FaultKind::Calls, "in the table of finalizers, and has no flag");
    header(&arena, 0).set(Flag::Finalizable);
    fault(&mut arena, FaultKind::Calls, "1 objects have finalizers to run, and 0 were counted");
}

#[test]
fn drop_glue_that_would_run_twice_or_never_is_found() {
    type Texts = Arena<Rootable![Option<Gc<'_, Static<String>>>], Promoting>;
    let mut arena = Texts::builder().verify(false).build(|_| None);
    arena.collect();
    let text = arena.mutate_root(|mc, root| {
        let text = Gc::new(mc, Static("text".into()));
        *root = Some(text);
        text.object()
    });
    arena.verify().unwrap();
    arena.heap.young_drops.get_mut().push(text);
    fault(&mut arena, FaultKind::Drops, "twice in the list of young drops");
    arena.heap.young_drops.get_mut().clear();
    fault(&mut arena, FaultKind::Drops, "is not in the list of those");
    arena.heap.young_drops.get_mut().push(text);
    arena.collect();
    arena.heap.young_drops.get_mut().push(text);
    fault(&mut arena, FaultKind::Drops, "and is mature");
    arena.heap.young_drops.get_mut().clear();
    // SAFETY: it is not dead, on purpose; it is taken back below.
    unsafe { arena.heap.schedule_drop(text) }
    fault(&mut arena, FaultKind::Drops, "was not torn down");
    arena.heap.dead = super::super::reclaim::Dead::default();
}

#[test]
fn frozen_objects_and_counts_that_are_wrong_are_found() {
    let mut arena = nodes();
    arena.heap.frozen_objects += 1;
    fault(&mut arena, FaultKind::Frozen, "0 objects are frozen, and 1 were counted");
    arena.heap.frozen_objects -= 1;

    let first = object(&arena, 0);
    arena.heap.census.counts.excess.insert(first, 1);
    fault(&mut arena, FaultKind::Count, "and its header 0");
    header(&arena, 0).set_count(COUNT_MAX);
    arena.verify().expect("nobody counts, so this is no contradiction");
    arena.heap.census.counts.excess.insert(first, 0);
    fault(&mut arena, FaultKind::Count, "the table has 0");
    arena.heap.census.counts.excess.clear();

    let young = arena.mutate_root(|mc, nodes| {
        nodes.push(node(mc, 4));
        nodes[3].object()
    });
    // SAFETY: it is live.
    unsafe { young.header() }.increment();
    fault(&mut arena, FaultKind::Count, "it is young, and has a count");
}

#[test]
fn large_objects_whose_pages_are_not_theirs_are_found() {
    type Arrays = Arena<Rootable![Vec<Gc<'_, [u8]>>], Promoting>;
    let mut arena = Arrays::builder()
        .verify(false)
        .build(|mc| [20_000, 3 << 20, 30_000].map(|len| Gc::slice_from_fn(mc, len, |_| 0)).into());
    arena.verify().expect("young ones are found");
    arena.collect();
    arena.verify().unwrap();
    let first = arena.enter(|_, arrays| arrays[0].object());
    let pages = &first.chunk().info().pages;
    pages.remove(8..9);
    fault(&mut arena, FaultKind::Large, "noted as free");
    pages.insert(8..9);
    pages.insert(100..101);
    fault(&mut arena, FaultKind::Large, "no object is there");
    pages.remove(100..101);
    arena.heap.pool().other_bytes += 8;
    fault(&mut arena, FaultKind::Large, "were counted");
    arena.heap.pool().other_bytes -= 8;
    arena.heap.large().idle_pages += 1;
    fault(&mut arena, FaultKind::Pages, "were counted");
    arena.heap.large().idle_pages -= 1;
    // SAFETY: the first word of an array is its length: as if it had a page more than the next leaves.
    unsafe { first.as_ptr().cast::<usize>().write(40_000) }
    let faults = arena.verify().unwrap_err();
    assert!(faults.to_string().contains("another object's"), "{faults}");
}

#[test]
fn what_is_found_by_the_collector_is_a_fault() {
    let mut arena = nodes();
    arena.collector.complaint = Some("it complains");
    fault(&mut arena, FaultKind::Collector, "it complains");
}

#[test]
fn a_type_that_contradicts_itself_is_found() {
    struct Forgetful<'gc>(Gc<'gc, u64>);

    // SAFETY: none, on purpose: `relocate` does not report what `visit` does.
    unsafe impl Trace for Forgetful<'_> {
        const HAS_GC: bool = true;
        const SLOTS: crate::SlotMap = crate::SlotMap::Dynamic;

        fn visit(&self, edges: &mut crate::Edges) {
            self.0.visit(edges);
        }

        fn relocate(&mut self, _: &mut crate::Slots) {}
    }

    type Forgetfuls = Arena<Rootable![Gc<'_, Forgetful<'_>>], Promoting>;
    let mut arena =
        Forgetfuls::builder().verify(false).build(|mc| Gc::new(mc, Forgetful(Gc::new(mc, 1))));
    fault(&mut arena, FaultKind::Trace, "contradicts itself");
}

#[test]
fn a_fault_stops_the_safepoint_before_anything_is_lost() {
    let token = alloc::rc::Rc::new(());
    type Tokens = Arena<Rootable![Vec<Gc<'_, Static<alloc::rc::Rc<()>>>>], Promoting>;
    let mut arena = Tokens::builder().stress(true).verify(true).build(|_| Vec::new());
    let push = |arena: &mut Tokens| {
        arena.mutate_root(|mc, root| root.push(Gc::new(mc, Static(token.clone()))));
    };
    push(&mut arena);
    arena.heap.frozen_objects += 1;
    let panic = catch_unwind(AssertUnwindSafe(|| push(&mut arena))).unwrap_err();
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("1 were counted"), "{message}");
    arena.heap.frozen_objects -= 1;
    push(&mut arena);
    assert_eq!(alloc::rc::Rc::strong_count(&token), 4);
    assert_eq!(arena.stats().live_objects, 3);
    drop(arena);
    assert_eq!(alloc::rc::Rc::strong_count(&token), 1);
}

/// Whether a corrupted heap goes unnoticed while so many bytes are allocated.
fn goes_unnoticed(
    builder: crate::ArenaBuilder<Rootable![Vec<Gc<'_, Node<'_>>>], Promoting>,
) -> bool {
    let mut arena = builder.stress(true).build(|_| Vec::new());
    arena.mutate(|_, _| ());
    arena.heap.frozen_objects += 1;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..100 {
            arena.mutate(|mc, _| _ = Gc::new(mc, [0_u64; 100]));
        }
    }));
    arena.heap.frozen_objects -= 1;
    outcome.is_ok()
}

#[test]
fn debug_builds_look_now_and_then_and_builders_may_ask_for_more_or_for_none() {
    assert_eq!(goes_unnoticed(Nodes::builder()), cfg!(not(debug_assertions)));
    assert!(!goes_unnoticed(Nodes::builder().verify(true)));
    assert!(goes_unnoticed(Nodes::builder().verify(false)));
}

#[test]
fn how_often_it_looks_is_in_proportion_to_what_is_allocated() {
    let mut heap = Heap::new(super::super::Settings::new(&Promoting::ATTRIBUTES));
    heap.settings.verification = Verification::Amortized;
    assert!(!heap.begin_verification(), "nothing was allocated");
    heap.allocated_bytes.set(1 << 20);
    assert!(heap.begin_verification());
    heap.note_verified(0, 0);
    assert!(!heap.begin_verification());
    // What lives has to be paid for, and references.
    heap.census.add(1, 1 << 20);
    heap.allocated_bytes.set((2 << 20) - 1);
    assert!(!heap.begin_verification());
    heap.allocated_bytes.set(2 << 20);
    assert!(heap.begin_verification());
    heap.note_verified(0, 1 << 20);
    heap.allocated_bytes.set(4 << 20);
    assert!(!heap.begin_verification());
    // What is reclaimed pays, too.
    heap.census.remove(1, 1 << 20);
    heap.allocated_bytes.set(9 << 20);
    assert!(heap.begin_verification());
    // And what is young, which may be all there is.
    heap.note_verified(2 << 20, 0);
    heap.allocated_bytes.set((11 << 20) - 1);
    assert!(!heap.begin_verification());
    heap.allocated_bytes.set(11 << 20);
    assert!(heap.begin_verification());
}

#[test]
fn all_that_a_heap_may_have_is_in_order() {
    #[derive(Trace)]
    #[trace(crate = crate)]
    #[repr(align(64))]
    struct Aligned(u64);

    type All = Arena<
        Rootable![(
            Vec<Gc<'_, Node<'_>>>,
            Vec<AnyGcHolder<'_>>,
            WeakMap<'_, Node<'_>, u64>,
            GcVec<'_, Gc<'_, u64>>
        )],
        Promoting,
    >;
    #[derive(Trace)]
    #[trace(crate = crate)]
    enum AnyGcHolder<'gc> {
        Aligned(Gc<'gc, Aligned>),
        Large(Gc<'gc, [u64]>),
        Text(Gc<'gc, Static<String>>),
        Weak(GcWeak<'gc, Node<'gc>>),
    }
    let mut arena = All::builder()
        .verify(true)
        .build(|mc| (Vec::new(), Vec::new(), WeakMap::new(mc), GcVec::new(mc)));
    let mut handles: Vec<crate::DynamicRoot<Rootable![Node<'_>]>> = Vec::new();
    for round in 0..20_u64 {
        arena.mutate_root(|mc, (nodes, others, map, vec)| {
            for number in 0..50 {
                let new = node(mc, number);
                unlock!(Gc::write(mc, new), Node, next).set(nodes.last().copied());
                nodes.push(new);
                vec.push(mc, Gc::new(mc, round));
                _ = catch_unwind(AssertUnwindSafe(|| {
                    let _ = Gc::slice_from_fn(mc, 10, |index| assert!(index < 5, "unfinished"));
                }));
            }
            let node = nodes[nodes.len() / 2];
            map.insert(mc, node, Gc::new(mc, round));
            others.push(AnyGcHolder::Aligned(Gc::new(mc, Aligned(round))));
            others.push(AnyGcHolder::Large(Gc::slice_from_fn(mc, 2000, |_| round)));
            others.push(AnyGcHolder::Text(Gc::new(mc, Static(format!("{round}")))));
            others.push(AnyGcHolder::Weak(Gc::downgrade(mc, node)));
            mc.set_tag(node, Some("tagged"));
            let _ = Gc::id(nodes[0]);
            handles.push(mc.stash(node));
            if round % 3 == 0 {
                handles.remove(0);
            }
        });
        arena.verify().unwrap();
        if round % 4 == 0 {
            arena.collect();
        }
    }
    arena.enter(|_, (nodes, others, _, vec)| {
        assert_eq!((nodes.len(), nodes[7].number, vec.len()), (1000, 7, 1000));
        for other in others {
            match other {
                AnyGcHolder::Aligned(aligned) => assert!(aligned.0 < 20),
                AnyGcHolder::Large(large) => assert_eq!(large.len(), 2000),
                AnyGcHolder::Text(text) => assert!(!text.0.is_empty()),
                AnyGcHolder::Weak(weak) => assert!(!weak.is_dropped()),
            }
        }
    });
}
