//! A plain copy of the graph, which says what must be alive.

use super::heap::{Id, LINKS, TABLE};

/// A node or an element of an array.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) links: [Option<Id>; LINKS],
    pub(super) list: Vec<Id>,
    /// The number of its array.
    pub(super) array: Option<usize>,
    pub(super) weak: Option<Id>,
    /// What its token holds by a handle.
    pub(super) held: Option<Id>,
    /// Nothing led to it once: its weak references may have been cleared, and it may be dead.
    pub(super) was_unreachable: bool,
}

/// An element of an array: its token, and what it refers to.
pub(super) type ElementModel = (Id, Option<Id>);

#[derive(Debug)]
pub(super) struct Model {
    /// By the number of their tokens.
    pub(super) objects: Vec<Object>,
    pub(super) arrays: Vec<Vec<ElementModel>>,
    pub(super) table: [Option<Id>; TABLE],
    pub(super) roots: Vec<Option<Id>>,
}

impl Model {
    pub(super) fn new() -> Model {
        Model { objects: Vec::new(), arrays: Vec::new(), table: [None; TABLE], roots: Vec::new() }
    }

    /// Knows of all tokens with smaller numbers.
    pub(super) fn grow(&mut self, tokens: usize) {
        self.objects.resize(tokens, Object::default());
    }

    /// Whether something leads to each object. `handles` are those of the program; a token that is not
    /// dropped has its own.
    pub(super) fn reachable(
        &self,
        handles: impl Iterator<Item = Id>,
        is_dropped: impl Fn(Id) -> bool,
    ) -> Vec<bool> {
        let held = self.objects.iter().enumerate().filter(|&(id, _)| !is_dropped(id));
        let held = held.filter_map(|(_, object)| object.held);
        let named = self.table.iter().chain(&self.roots).copied().flatten();
        let mut pending: Vec<Id> = named.chain(handles).chain(held).collect();
        let mut is_reached = vec![false; self.objects.len()];
        while let Some(id) = pending.pop() {
            if std::mem::replace(&mut is_reached[id], true) {
                continue;
            }
            let object = &self.objects[id];
            pending.extend(object.links.iter().flatten());
            pending.extend(&object.list);
            for &(element, link) in object.array.iter().flat_map(|&array| &self.arrays[array]) {
                is_reached[element] = true;
                pending.extend(link);
            }
        }
        is_reached
    }
}
