//! What an operation asks about an object: answered by the heap itself, which also knows of what is
//! unreachable.

use gc_core::{AnyGc, GcId, HeapView};

use super::super::answer::Info;
use super::super::name::Name;
use super::book::Book;

/// Everything about an object but the weak references to it; nothing if there is no such object.
pub(super) fn look(heap: &HeapView<'_>, book: &Book, id: GcId) -> Option<Info> {
    let object = heap.object_with_id(id)?;
    let (serial, _) = book.named(id)?;
    let name = |other: AnyGc<'_>| book.named(other.id()).map(|(_, name)| name);
    // CPython looks for referrers where its collector does: a leaf refers by handles.
    let referrers = heap.referrers(object).filter(|holder| !holder.is_frozen());
    let others = heap.referents(object).filter(|&other| other != object);
    let mut referents: Vec<Name> = others.filter_map(name).collect();
    referents.sort_unstable();
    referents.dedup();
    let record = book.record(serial);
    Some(Info {
        strong: heap.ref_count(object).unwrap_or_else(|| count_references(heap, object)),
        weak: 0,
        tracked: object.is_tracked(),
        finalized: object.is_finalized(),
        generation: (object.is_tracked() && !record.is_frozen).then(|| record.generation.number()),
        referrers: referrers.filter_map(name).collect(),
        referents,
    })
}

/// The names of what collections have kept.
pub(super) fn saved(heap: &HeapView<'_>, book: &Book) -> Vec<Name> {
    heap.saved_garbage().filter_map(|object| Some(book.named(object.id())?.1)).collect()
}

/// The references to an object, where the collector does not count them.
fn count_references<'gc>(heap: &HeapView<'gc>, to: AnyGc<'gc>) -> usize {
    let outside = heap.count_in_root(to) + heap.count_handles(to);
    let count_in = |holder| heap.referents(holder).filter(|&object| object == to).count();
    outside + heap.referrers(to).map(count_in).sum::<usize>()
}
