//! Compares the graph in the arena with the model.

use std::collections::HashMap;

use gc_core::{Collector, Gc, GcId};

use super::ApiArena;
use super::heap::{Book, Id, Link, Node};
use super::model::Model;

/// The identities that objects were found to have.
#[derive(Default)]
pub(super) struct Identities(HashMap<Id, GcId>);

/// Walks over all that can be reached and compares it with the model.
///
/// # Panics
///
/// If an object is dead or is another one, if a reference is lost or stale, if a weak one does not lead
/// where it should, or an identity has changed.
pub(super) fn look<C: Collector>(
    arena: &ApiArena<C>,
    book: &Book,
    model: &Model,
    identities: &mut Identities,
) {
    arena.enter(|mc, world| {
        let mut walk = Walk { book, seen: vec![false; model.objects.len()], pending: vec![] };
        for (lock, &expected) in world.table.iter().zip(&model.table) {
            walk.reach(lock.get(), expected);
        }
        assert_eq!(world.roots.len(), model.roots.len(), "roots");
        for (&link, &expected) in world.roots.iter().zip(&model.roots) {
            walk.reach(link, expected);
        }
        for (id, handle) in &*book.handles.borrow() {
            walk.reach(mc.try_fetch(handle), Some(*id));
        }
        while let Some(node) = walk.pending.pop() {
            let id = node.id();
            let expected = &model.objects[id];
            for (link, &to) in node.links.iter().zip(&expected.links) {
                walk.reach(link.get(), to);
            }
            // Who has forgotten a guard cannot read it any more.
            if let Ok(list) = node.list.try_borrow() {
                assert_eq!(list.len(), expected.list.len(), "the list of {id}");
                for (&link, &to) in list.iter().zip(&expected.list) {
                    walk.reach(Some(link), Some(to));
                }
            }
            let array = node.array.get();
            assert_eq!(array.is_some(), expected.array.is_some(), "the array of {id}");
            if let (Some(array), Some(number)) = (array, expected.array) {
                let elements = &model.arrays[number];
                assert_eq!(array.len(), elements.len(), "the array of {id}");
                for (element, &(token, link)) in array.iter().zip(elements) {
                    assert_eq!(element.token.0.id, token, "an element of {id}");
                    assert!(!book.is_dropped(token), "element {token} of {id} was dropped");
                    walk.reach(element.link.get(), link);
                }
            }
            if let Some(handle) = &*node.token.0.held.borrow() {
                walk.reach(mc.try_fetch(handle), expected.held);
            }
            if id % 4 == 0 {
                let now = Gc::id(node);
                let before = *identities.0.entry(id).or_insert(now);
                assert_eq!(before, now, "the identity of {id}");
            }
            let weak = node.weak.get();
            assert_eq!(weak.is_some(), expected.weak.is_some(), "the weak reference of {id}");
            if let (Some(weak), Some(target)) = (weak, expected.weak) {
                match weak.upgrade(mc) {
                    Some(found) => {
                        assert_eq!(found.id(), target, "the weak reference of {id}");
                        assert!(!book.is_dropped(target), "{target} is dead and not weakly");
                    }
                    // A collection clears the weak references to what it finds, and those in it.
                    None => assert!(
                        model.objects[target].was_unreachable || expected.was_unreachable,
                        "the weak reference of {id} to {target} was cleared too early"
                    ),
                }
            }
        }
    });
}

struct Walk<'a, 'gc> {
    book: &'a Book,
    seen: Vec<bool>,
    pending: Vec<Gc<'gc, Node<'gc>>>,
}

impl<'gc> Walk<'_, 'gc> {
    fn reach(&mut self, link: Link<'gc>, expected: Option<Id>) {
        let (Some(node), Some(expected)) = (link, expected) else {
            assert_eq!(link.map(|node| node.id()), expected, "a reference");
            return;
        };
        // Before it is read.
        assert!(!self.book.is_dropped(expected), "{expected} is reachable and was dropped");
        assert_eq!(node.id(), expected, "a reference");
        if !std::mem::replace(&mut self.seen[expected], true) {
            self.pending.push(node);
        }
    }
}
