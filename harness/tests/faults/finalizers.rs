//! Finalizers that do their worst, all at once: they panic, fail, keep what they find, give themselves a
//! finalizer again, drop and clone handles, fill the heap, enter other arenas, and make garbage that is
//! finalized.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::rc::Rc;

use gc_core::collector::Collector;
use gc_core::{Arena, DynamicRoot, Gc, Lock, Mutation, Rootable, Trace, unlock};

use super::on_every_collector;
use super::witness::{Token, Witness};

#[derive(Trace)]
struct Node<'gc> {
    token: Token,
    next: Lock<Option<NodeRef<'gc>>>,
}

type NodeRef<'gc> = Gc<'gc, Node<'gc>>;
type NodeRoot = Rootable![Node<'_>];
type Row<C> = Arena<Rootable!['gc => Vec<NodeRef<'gc>>], C>;

/// What finalizers share.
struct Shared {
    witness: Witness,
    kept: RefCell<Vec<DynamicRoot<NodeRoot>>>,
    ran: Cell<usize>,
    registered: Cell<usize>,
}

/// Registrations by finalizers end somewhere.
const REGISTERED_MAX: usize = 3000;

fn node<'gc>(mc: &Mutation<'gc>, shared: &Rc<Shared>, kind: usize) -> Option<NodeRef<'gc>> {
    let token = shared.witness.token();
    let node = Gc::try_new(mc, Node { token, next: Lock::new(None) }).ok()?;
    register(mc, shared, node, kind);
    Some(node)
}

fn register<'gc>(mc: &Mutation<'gc>, shared: &Rc<Shared>, node: NodeRef<'gc>, kind: usize) {
    if shared.registered.get() >= REGISTERED_MAX {
        return;
    }
    let own = Rc::clone(shared);
    let outcome =
        mc.on_unreachable::<NodeRoot, _>(node, move |mc, node| poisoned(mc, &own, node, kind));
    if outcome.is_ok() {
        shared.registered.set(shared.registered.get() + 1);
    }
}

/// Does what its kind says, with whatever can still be reached whole.
fn poisoned<'gc>(
    mc: &Mutation<'gc>,
    shared: &Rc<Shared>,
    this: NodeRef<'gc>,
    kind: usize,
) -> Result<(), &'static str> {
    shared.ran.set(shared.ran.get() + 1);
    let mut next = Some(this);
    for _ in 0..20 {
        let Some(node) = next else { break };
        node.token.assert_alive();
        next = node.next.get();
    }
    match kind % 9 {
        0 => resume_unwind(Box::new("on purpose")),
        1 => return Err("on purpose"),
        2 => shared.kept.borrow_mut().push(mc.stash::<NodeRoot>(this)),
        // It was finalized: whether it may be given another is the library's to say.
        3 => register(mc, shared, this, kind + 1),
        4 => {
            let taken = shared.kept.take();
            shared.kept.borrow_mut().extend(taken.iter().take(2).cloned());
        }
        // Until the heap is full; what it made is garbage that has finalizers.
        5 => {
            while node(mc, shared, kind + 1).is_some()
                && !shared.registered.get().is_multiple_of(50)
            {}
        }
        6 => while Gc::try_slice_from_fn(mc, 5000, |index| index as u64).is_ok() {},
        7 => {
            unlock!(Gc::write(mc, this), Node, next).set(Some(this));
            let mut other = Row::<gc_core::NullCollector>::new(|_| Vec::new());
            other.mutate_root(|mc, row| row.extend(node(mc, shared, 1)));
            other.collect();
        }
        _ => unlock!(Gc::write(mc, this), Node, next).set(node(mc, shared, kind + 1)),
    }
    Ok(())
}

fn all_at_once<C: Collector + Default>() {
    for (is_stressed, is_deferred) in [(false, false), (true, false), (false, true)] {
        let shared = Rc::new(Shared {
            witness: Witness::new(),
            kept: RefCell::default(),
            ran: Cell::new(0),
            registered: Cell::new(0),
        });
        let builder = Row::<C>::builder().limit_bytes(4 << 20).nursery_bytes(64 << 10);
        let mut arena = builder.stress(is_stressed).defer_calls(is_deferred).build(|_| Vec::new());
        let errors = Rc::new(Cell::new(0));
        let counted = Rc::clone(&errors);
        arena.set_error_hook(move |_| counted.set(counted.get() + 1));
        for round in 0..40 {
            arena.mutate_root(|mc, row| {
                // A ring of each kind, and a list of each; of some an object lives on.
                for kind in 0..9 {
                    let Some(first) = node(mc, &shared, kind) else { break };
                    let Some(second) = node(mc, &shared, kind + round) else { break };
                    unlock!(Gc::write(mc, first), Node, next).set(Some(second));
                    if kind % 2 == 0 {
                        unlock!(Gc::write(mc, second), Node, next).set(Some(first));
                    }
                    if round % 5 == 0 {
                        row.push(second);
                    }
                }
                if round % 7 == 0 {
                    row.clear();
                }
            });
            if round % 3 == 0 {
                arena.collect_generation((round % 4) as u8);
            }
            while is_deferred && let Some(mut call) = arena.next_call() {
                call.run();
            }
            arena.enter(|mc, row| {
                row.iter().for_each(|node| node.token.assert_alive());
                for handle in &*shared.kept.borrow() {
                    mc.fetch(handle).token.assert_alive();
                }
            });
            shared.witness.assert_none_dropped_twice();
        }
        if C::ATTRIBUTES.reclaims_cycles {
            assert!(shared.ran.get() > 300 && errors.get() > 30, "{} ran", shared.ran.get());
            assert!(shared.ran.get() <= shared.registered.get(), "each runs once");
        }
        drop(arena);
        shared.kept.take();
        shared.witness.assert_all_dropped_once();
    }
}

on_every_collector! {
    /// Each runs once, whatever the others do, and what was made is dropped once.
    finalizers_may_do_their_worst => all_at_once
}
