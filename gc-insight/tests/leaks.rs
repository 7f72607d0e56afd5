//! What tests leave behind, on every backend.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use gc_core::{Arena, Collector, Gc, Lock, NullCollector, Rootable, Sampling, Trace, unlock};
use gc_generational::Generational;
use gc_insight::assert_no_leaks;
use gc_insight::leak::{LeakCheck, Leaks};
use gc_marksweep::MarkSweep;
use gc_refcount::Refcount;

#[derive(Trace)]
struct Node<'gc> {
    name: Gc<'gc, str>,
    other: Lock<Option<Gc<'gc, Node<'gc>>>>,
}

type Nodes<C> = Arena<Rootable![Vec<Gc<'_, Node<'_>>>], C>;

/// a -> b -> a, of which the root knows.
fn ring<C: Collector + Default>() -> Nodes<C> {
    let mut arena: Nodes<C> = Arena::new(|_| Vec::new());
    arena.mutate_root(|mc, root| {
        let node = |name| Gc::new(mc, Node { name: Gc::new_str(mc, name), other: Lock::new(None) });
        let (a, b) = (node("a"), node("b"));
        unlock!(Gc::write(mc, a), Node, other).set(Some(b));
        unlock!(Gc::write(mc, b), Node, other).set(Some(a));
        assert_eq!((&*a.name, &*b.name), ("a", "b"));
        root.push(a);
    });
    arena.collect();
    arena
}

fn forget<C: Collector>(arena: &mut Nodes<C>) {
    arena.mutate_root(|_, root| root.clear());
}

/// The message of a panic.
fn panic_of(f: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(f)).err()?;
    Some(*panic.downcast::<String>().expect("a message that was put together"))
}

#[test]
fn a_cycle_leaks_where_references_are_only_counted() {
    let mut arena = ring::<Refcount>();
    assert_no_leaks!(arena);
    forget(&mut arena);
    let leaks = Leaks::find(&mut arena);
    assert_eq!(leaks.unreachable().total().objects, 4, "with their names");
    let message = panic_of(|| assert_no_leaks!(arena)).expect("it leaks");
    assert_eq!(message, leaks.to_string());
    assert!(message.contains("4 objects"), "{message}");
    assert!(message.contains("Node<'_>.other -> Node<'_>.other -> Node<'_>"), "{message}");
    assert!(message.contains("2 [u8]"), "{message}");
}

#[test]
fn the_report_of_a_cycle_says_where_it_was_made_if_that_is_known() {
    let mut arena: Nodes<Refcount> = Arena::new(|_| Vec::new());
    arena.profile_allocations(Some(Sampling::exact()));
    arena.mutate_root(|mc, root| {
        let node = Gc::new(mc, Node { name: Gc::new_str(mc, "a"), other: Lock::new(None) });
        unlock!(Gc::write(mc, node), Node, other).set(Some(node));
        root.push(node);
    });
    let line = line!() - 4;
    arena.collect();
    forget(&mut arena);
    let leaks = Leaks::find(&mut arena);
    assert!(leaks.to_string().contains(&format!("leaks.rs:{line}")), "{leaks}");
    let lines = leaks.unreachable().rows().map(|(kind, _)| kind.site.map(|site| site.line()));
    assert!(lines.eq([Some(line), Some(line)]), "{}", leaks.unreachable());
}

#[test]
fn a_cycle_is_no_leak_where_it_is_found() {
    let (mut marksweep, mut generational) = (ring::<MarkSweep>(), ring::<Generational>());
    forget(&mut marksweep);
    forget(&mut generational);
    assert_no_leaks!(marksweep);
    assert_no_leaks!(generational);
    assert_eq!(Leaks::find(&mut generational).to_string(), "nothing is left over");
}

#[test]
fn everything_leaks_where_nothing_is_collected() {
    let mut arena = ring::<NullCollector>();
    forget(&mut arena);
    assert_eq!(Leaks::find(&mut arena).unreachable().total().objects, 4);
}

#[test]
fn what_a_block_leaves_behind_is_named_although_it_is_reachable() {
    fn check<C: Collector + Default>() {
        let mut arena = ring::<C>();
        let push = |arena: &mut Nodes<C>| {
            arena.mutate_root(|mc, root| {
                let name = Gc::new_str(mc, "c");
                root.push(Gc::new(mc, Node { name, other: Lock::new(None) }));
            });
        };
        let value = assert_no_leaks!(arena, {
            push(&mut arena);
            arena.mutate_root(|_, root| root.truncate(1));
            5
        });
        assert_eq!(value, 5);
        let message = panic_of(|| assert_no_leaks!(arena, { push(&mut arena) })).expect("it leaks");
        assert!(message.starts_with("there are more objects than before:"), "{message}");
        assert!(message.contains("Node<'_>") && message.contains("[u8]"), "{message}");
        // A reference to an arena.
        let borrowed = &mut arena;
        assert_no_leaks!(*borrowed);
    }
    check::<Refcount>();
    check::<MarkSweep>();
    check::<Generational>();
}

/// The objects that were sampled are others than before, but there are no more of them.
#[test]
fn what_takes_the_place_of_another_is_no_leak_although_it_has_a_site() {
    let mut arena = ring::<Generational>();
    assert_no_leaks!(arena, {
        arena.profile_allocations(Some(Sampling::exact()));
        arena.mutate_root(|mc, root| {
            root.clear();
            for name in ["c", "d"] {
                let name = Gc::new_str(mc, name);
                root.push(Gc::new(mc, Node { name, other: Lock::new(None) }));
            }
        });
    });
    let message = panic_of(|| {
        assert_no_leaks!(arena, {
            arena.mutate_root(|mc, root| {
                let name = root[0].name;
                root.push(Gc::new(mc, Node { name, other: Lock::new(None) }));
            });
        });
    });
    let message = message.expect("there is one more");
    let last = message.lines().last().expect("a site");
    assert!(last.starts_with("+1 ") && last.contains("Node<'_> at ") && last.contains("leaks.rs:"));
    assert!(!message.contains("[u8]"), "{message}");
}

#[test]
fn what_was_there_before_is_not_the_blocks() {
    let mut arena = ring::<Generational>();
    let check = LeakCheck::begin(&mut arena);
    forget(&mut arena);
    let leaks = check.end(&mut arena);
    assert!(leaks.is_empty());
    assert!(leaks.growth().rows().iter().all(|row| row.objects < 0), "{}", leaks.growth());
    assert_eq!(leaks.growth().rows().len(), 2);
}

#[test]
fn garbage_that_a_finalizer_makes_is_collected_before_it_is_judged() {
    fn check<C: Collector + Default>() {
        let mut arena = ring::<C>();
        arena.mutate(|mc, root| {
            mc.on_unreachable::<Rootable![Node<'_>], _>(root[0], |mc, node| {
                // Another ring, which the first one holds as long as it is there.
                let name = Gc::new_str(mc, "d");
                let ring = Gc::new(mc, Node { name, other: Lock::new(None) });
                unlock!(Gc::write(mc, ring), Node, other).set(Some(ring));
                unlock!(Gc::write(mc, node), Node, other).set(Some(ring));
            })
            .unwrap();
        });
        forget(&mut arena);
        assert_no_leaks!(arena);
    }
    check::<MarkSweep>();
    check::<Generational>();
}

/// The panic has the place of the call of the macro.
#[test]
fn a_panic_has_the_callers_line() {
    let mut arena = ring::<Refcount>();
    forget(&mut arena);
    let place = std::sync::Arc::new(std::sync::Mutex::new(None));
    let told = std::sync::Arc::clone(&place);
    let hook = std::panic::take_hook();
    let thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        // Other tests panic, too.
        if std::thread::current().id() != thread {
            return;
        }
        *told.lock().unwrap() = info.location().map(|at| (at.file().to_owned(), at.line()));
    }));
    let (before, panic) = (Location::caller().line(), panic_of(|| assert_no_leaks!(arena)));
    std::panic::set_hook(hook);
    assert!(panic.is_some());
    let (file, line) = place.lock().unwrap().take().expect("it panicked");
    assert!(file.ends_with("leaks.rs"), "{file}");
    // `Location::caller` is in the line before, or in the same.
    assert!((before..=before + 2).contains(&line), "{line}");
}
