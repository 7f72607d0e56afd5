//! What becomes of a heap that was full.

use gc_core::heap::BLOCK_BYTES;
use gc_core::{Arena, Gc, Lock, Rootable, Trace};
use gc_refcount::Refcount;

#[derive(Trace)]
struct Node<'gc> {
    next: Option<Gc<'gc, Node<'gc>>>,
    name: [usize; 3],
}

type List<'gc> = Gc<'gc, Lock<Option<Gc<'gc, Node<'gc>>>>>;
type ListArena = Arena<Rootable!['gc => List<'gc>], Refcount>;

/// An arena of one block, in which the root lies, too.
fn arena() -> ListArena {
    ListArena::builder().limit_bytes(BLOCK_BYTES).build(|mc| Gc::new(mc, Lock::new(None)))
}

/// Puts nodes in front of the list, up to `end` or until the heap is full; how many.
fn fill(arena: &mut ListArena, end: usize) -> usize {
    arena.mutate(|mc, list| {
        let is_put = |&name: &usize| {
            let node = Gc::try_new(mc, Node { next: list.get(), name: [name; 3] });
            node.map(|node| list.set(mc, Some(node))).is_ok()
        };
        (0..end).take_while(is_put).count()
    })
}

fn clear(arena: &mut ListArena) {
    arena.mutate(|mc, list| list.set(mc, None));
}

/// The rest of the only block is too small for a node, and no reason to leave the room in front of it alone.
#[test]
fn what_died_in_front_of_the_rest_is_used() {
    let mut arena = arena();
    let first = fill(&mut arena, usize::MAX);
    assert!(first > 500, "{first}");
    for _ in 0..5 {
        clear(&mut arena);
        assert_eq!(fill(&mut arena, usize::MAX), first);
    }
    let names = arena.mutate(|_, list| {
        let nodes = std::iter::successors(list.get(), |node| node.next);
        nodes.map(|node| node.name[0]).collect::<Vec<_>>()
    });
    assert!(names.into_iter().eq((0..first).rev()));
}

/// That something large does not fit is no reason to leave the rest of the block for small objects.
#[test]
fn the_rest_of_a_full_heap_is_used_for_what_fits() {
    const LARGE_BYTES: usize = BLOCK_BYTES / 5;
    let mut whole = arena();
    let all = fill(&mut whole, usize::MAX);
    let most = all * 7 / 8;
    let mut arena = arena();
    assert_eq!(fill(&mut arena, most), most);
    for _ in 0..3 {
        arena.mutate(|mc, list| {
            assert!(Gc::try_new(mc, [0_u8; LARGE_BYTES]).is_err());
            // So that there is something to settle.
            list.set(mc, list.get());
        });
    }
    assert_eq!(fill(&mut arena, usize::MAX), all - most);
}
