//! User code does not name a collector: a small library of nodes is written once against gc-core,
//! and one program uses it on arenas of all collectors.

use gc_core::{Arena, Collector, Gc, Mutation, NullCollector, Rootable};
use gc_generational::Generational;
use gc_marksweep::MarkSweep;
use gc_refcount::Refcount;

/// A library that a user would publish: it depends on gc-core alone.
mod deque {
    use gc_core::{Gc, Lock, Mutation, Trace, unlock};

    #[derive(Trace)]
    struct Node<'gc, T> {
        value: T,
        previous: Lock<Link<'gc, T>>,
        next: Lock<Link<'gc, T>>,
    }

    type Link<'gc, T> = Option<Gc<'gc, Node<'gc, T>>>;

    /// A doubly linked list: all of its nodes lie on cycles.
    #[derive(Trace)]
    pub(crate) struct Deque<'gc, T> {
        first: Lock<Link<'gc, T>>,
        last: Lock<Link<'gc, T>>,
    }

    impl<'gc, T: Trace + Copy + 'gc> Deque<'gc, T> {
        pub(crate) fn new(mc: &Mutation<'gc>) -> Gc<'gc, Deque<'gc, T>> {
            Gc::new(mc, Deque { first: Lock::new(None), last: Lock::new(None) })
        }

        pub(crate) fn push_back(this: Gc<'gc, Self>, mc: &Mutation<'gc>, value: T) {
            let previous = this.last.get();
            let node =
                Gc::new(mc, Node { value, previous: Lock::new(previous), next: Lock::new(None) });
            match previous {
                Some(previous) => unlock!(Gc::write(mc, previous), Node, next).set(Some(node)),
                None => unlock!(Gc::write(mc, this), Deque, first).set(Some(node)),
            }
            unlock!(Gc::write(mc, this), Deque, last).set(Some(node));
        }

        pub(crate) fn pop_front(this: Gc<'gc, Self>, mc: &Mutation<'gc>) -> Option<T> {
            let node = this.first.get()?;
            let next = node.next.get();
            unlock!(Gc::write(mc, this), Deque, first).set(next);
            match next {
                Some(next) => unlock!(Gc::write(mc, next), Node, previous).set(None),
                None => unlock!(Gc::write(mc, this), Deque, last).set(None),
            }
            Some(node.value)
        }
    }
}

use deque::Deque;

/// A function of a user's, which does not know on which collector it runs either.
fn rotate<'gc>(mc: &Mutation<'gc>, deque: Gc<'gc, Deque<'gc, u64>>, times: usize) {
    for _ in 0..times {
        if let Some(value) = Deque::pop_front(deque, mc) {
            Deque::push_back(deque, mc, value);
        }
    }
}

type Numbers<C> = Arena<Rootable!['gc => Gc<'gc, Deque<'gc, u64>>], C>;

fn fill<C: Collector + Default>() -> Numbers<C> {
    let mut arena = Numbers::<C>::builder().stress(true).build(|mc| Deque::new(mc));
    for value in 0..100 {
        arena.mutate(|mc, &deque| Deque::push_back(deque, mc, value));
    }
    arena
}

fn drain<C: Collector + Default>(arena: &mut Numbers<C>) -> Vec<u64> {
    std::iter::from_fn(|| arena.mutate(|mc, &deque| Deque::pop_front(deque, mc))).collect()
}

#[test]
fn one_library_runs_on_all_collectors_side_by_side() {
    let mut null = fill::<NullCollector>();
    let mut refcount = fill::<Refcount>();
    let mut marksweep = fill::<MarkSweep>();
    let mut generational = fill::<Generational>();
    null.mutate(|mc, &deque| rotate(mc, deque, 37));
    refcount.mutate(|mc, &deque| rotate(mc, deque, 37));
    marksweep.mutate(|mc, &deque| rotate(mc, deque, 37));
    generational.mutate(|mc, &deque| rotate(mc, deque, 37));

    let expected: Vec<u64> = (37..100).chain(0..37).collect();
    assert_eq!(drain(&mut null), expected);
    assert_eq!(drain(&mut refcount), expected);
    assert_eq!(drain(&mut marksweep), expected);
    assert_eq!(drain(&mut generational), expected);
}
