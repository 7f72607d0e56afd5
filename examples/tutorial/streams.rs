//! A list holds all of its elements at once, a stream one at a time.

use tenure::{Arena, Collector, Gc, Lock, Mutation, Rootable, Trace};

use crate::Chapter;

pub(crate) const CHAPTER: Chapter = Chapter {
    title: "A list and a stream",
    steps: &[
        ("print(sum([n * n for n in range(1_000_000)]))", "333332833333500000, peak 39 MiB"),
        ("print(sum(n * n for n in range(1_000_000)))", "333332833333500000, peak 0 MiB"),
    ],
    differences: "The peak is that of the heap. What died in a nursery, or in a `mutate` that has not\n  \
                  returned, is in it.",
};

const LEN: u64 = 1_000_000;

/// So many elements are made in one `mutate`.
const STEP: u64 = 1000;

/// A number that is an object, as numbers are in Python, and the one before it in the list.
#[derive(Trace)]
struct Square<'gc> {
    value: u64,
    previous: Lock<Option<Gc<'gc, Square<'gc>>>>,
}

/// The last element of the list; of the stream, the only one.
type Last = Rootable![Option<Gc<'_, Square<'_>>>];

pub(crate) fn run<C: Collector + Default>() -> Vec<String> {
    let mut arena: Arena<Last, C> = Arena::new(|_| None);
    let list_bytes = make(&mut arena, |mc, last, value| {
        *last = Some(Gc::new(mc, Square { value, previous: Lock::new(*last) }));
    });
    let list_sum = arena.mutate(|_, last| {
        let list = std::iter::successors(*last, |square| square.previous.get());
        list.map(|square| square.value).sum::<u64>()
    });

    let mut arena: Arena<Last, C> = Arena::new(|_| None);
    let mut stream_sum = 0;
    let stream_bytes = make(&mut arena, |mc, last, value| {
        let square = Gc::new(mc, Square { value, previous: Lock::new(None) });
        stream_sum += square.value;
        *last = Some(square);
    });
    let line = |sum, bytes| format!("{sum}, peak {} MiB", bytes >> 20);
    vec![line(list_sum, list_bytes), line(stream_sum, stream_bytes)]
}

/// Calls `add` with each square; returns the most bytes that the heap had at the end of a step.
fn make<C: Collector>(
    arena: &mut Arena<Last, C>,
    mut add: impl for<'gc> FnMut(&Mutation<'gc>, &mut Option<Gc<'gc, Square<'gc>>>, u64),
) -> usize {
    let mut bytes_max = 0;
    for step in 0..LEN / STEP {
        arena.mutate_root(|mc, last| {
            for number in step * STEP..(step + 1) * STEP {
                add(mc, last, number * number);
            }
        });
        bytes_max = bytes_max.max(arena.stats().used_bytes);
    }
    bytes_max
}
