//! Who allocated what: where the objects that live were made, wherever they have moved since.

use gc_core::collector::Collector;
use gc_core::{Arena, Estimate, Gc, GcVec, Mutation, Rootable, Sampling};

use super::node::{Node, NodeRef, set_b};
use super::trial::{Setting, age, reclaims};
use super::witness::Witness;

type Numbers = Rootable![GcVec<'_, Gc<'_, [u64]>>];
type AnyNode = Rootable![Option<NodeRef<'_>>];

/// Numbers of several lengths: how many there are is the root's length.
fn push_numbers<'gc>(mc: &Mutation<'gc>, root: &GcVec<'gc, Gc<'gc, [u64]>>, count: usize) {
    for number in 0..count {
        root.push(mc, Gc::slice_from_fn(mc, number % 7, |index| index as u64));
    }
}

fn sum<C: Collector>(arena: &Arena<Numbers, C>) -> Estimate {
    let profile = arena.allocation_profile().expect("it was asked for");
    profile.sites().iter().fold(Estimate::default(), |sum, site| sum + site.live)
}

/// Wherever it has moved.
pub fn a_live_object_says_where_it_was_made<C: Collector + Default>() {
    Setting::each(|setting| {
        let witness = Witness::default();
        let mut arena: Arena<AnyNode, C> = setting.arena(|_| None);
        arena.profile_allocations(Some(Sampling::exact()));
        arena.mutate_root(|mc, root| {
            *root = Node::list(mc, &witness, 0..100);
            set_b(mc, root.unwrap(), *root);
        });
        age(&mut arena);
        arena.inspect(|heap, _| {
            let nodes: Vec<_> = heap.objects_of_type::<Node<'_>>().collect();
            assert_eq!(nodes.len(), 100);
            for &node in &nodes {
                let site = heap.allocation_site(node).expect("every object is noted");
                assert!(site.location().file().ends_with("node.rs"), "{site:?}");
                assert_eq!(site.type_name(), node.type_name());
                assert!(site.stack().is_empty());
            }
            let profile = heap.allocation_profile().unwrap();
            let site =
                profile.sites().iter().find(|site| site.site.type_name() == nodes[0].type_name());
            assert_eq!(site.unwrap().live.objects, 100.0);
        });
    });
}

/// Whatever there is between that line and the allocation.
pub fn a_site_is_the_line_that_calls_the_library<C: Collector + Default>() {
    Setting::each(|setting| {
        let mut arena: Arena<Numbers, C> = setting.arena(|mc| GcVec::new(mc));
        arena.profile_allocations(Some(Sampling::exact()));
        let first = line!() + 2;
        arena.mutate(|mc, root| {
            root.reserve(mc, 10);
            root.push(mc, Gc::new_slice(mc, [1]));
            _ = Gc::new_str(mc, "text");
            _ = Gc::try_new(mc, 1.5);
            _ = root.try_push(mc, Gc::slice_from_fn(mc, 3, |index| index as u64));
            (0..100).for_each(|_| root.push(mc, root.get(0).unwrap()));
        });
        let profile = arena.allocation_profile().unwrap();
        for site in profile.sites() {
            let location = site.site.location();
            assert!(location.file().ends_with("profiles.rs"), "{location}");
            assert!((first..first + 6).contains(&location.line()), "{location}");
        }
        let mut lines: Vec<u32> =
            profile.sites().iter().map(|site| site.site.location().line()).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 6, "each line allocates");
    });
}

/// All that lives is known, and nothing else.
pub fn what_is_reclaimed_is_live_no_more<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let mut arena: Arena<Numbers, C> = setting.arena(|mc| GcVec::new(mc));
        arena.collect();
        let own = arena.stats();
        arena.profile_allocations(Some(Sampling::exact()));
        for (count, kept) in [(50, 20), (300, 300), (0, 7), (2000, 100), (0, 0)] {
            arena.mutate(|mc, root| push_numbers(mc, root, count));
            age(&mut arena);
            arena.mutate(|mc, root| root.truncate(mc, kept));
            arena.collect();
            // What the last mutate has littered is gone, too.
            let stats = arena.stats();
            let live = sum(&arena);
            assert_eq!(live.objects as usize, stats.live_objects - own.live_objects);
            assert_eq!(live.bytes as usize, stats.live_bytes - own.live_bytes);
        }
    });
}

/// And not what is live now.
pub fn the_peak_is_when_most_was_live<C: Collector + Default>() {
    if !reclaims::<C>() {
        return;
    }
    Setting::each(|setting| {
        let mut arena: Arena<Numbers, C> = setting.arena(|mc| GcVec::new(mc));
        arena.profile_allocations(Some(Sampling::exact()));
        arena.mutate(|mc, root| push_numbers(mc, root, 3000));
        arena.collect();
        let most = sum(&arena);
        arena.mutate(|mc, root| root.clear(mc));
        arena.mutate(|mc, root| push_numbers(mc, root, 10));
        arena.collect();
        // The storage of the vector stays.
        assert!(sum(&arena).bytes < most.bytes / 2.0);
        let profile = arena.allocation_profile().unwrap();
        let peak = profile.sites().iter().fold(Estimate::default(), |sum, site| sum + site.peak);
        assert!(peak.bytes >= most.bytes * 0.95, "{peak:?} of {most:?}");
    });
}

/// Sampling changes neither where objects are nor when anything happens.
pub fn a_profiled_program_runs_as_it_would<C: Collector + Default>() {
    Setting::each(|setting| {
        let run = |sampling: Option<Sampling>| {
            let mut arena: Arena<Numbers, C> = setting.arena(|mc| GcVec::new(mc));
            arena.profile_allocations(sampling);
            let mut all = Vec::new();
            for round in 0..30 {
                arena.mutate(|mc, root| push_numbers(mc, root, 40 * round));
                arena.mutate(|mc, root| root.truncate(mc, 30 * round));
                let stats = arena.stats();
                all.push((stats.allocated_bytes, stats.live_bytes, stats.used_bytes));
                all.push((stats.allocated_objects, stats.live_objects, stats.reserved_bytes));
            }
            age(&mut arena);
            let mut lengths = Vec::new();
            arena.enter(|_, root| root.iter().for_each(|numbers| lengths.push(numbers.len())));
            let collections = arena.stats().collections;
            (all, lengths, collections)
        };
        let plain = run(None);
        for interval_bytes in [1, 100, 10_000] {
            assert!(plain == run(Some(Sampling::every_bytes(interval_bytes))), "{interval_bytes}");
        }
    });
}
