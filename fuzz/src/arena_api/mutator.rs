//! What a program does inside of an arena.

use std::rc::Rc;

use gc_core::{Gc, Lock, Mutation, field};

use super::heap::{Book, Element, Event, Handle, Id, LINKS, Link, Node, NodeRoot, TABLE, World};
use super::model::Model;
use crate::choices::Choices;

/// A large object is longer than this.
const LARGE_LEN: usize = 9000;

/// The arena, open, and what the program knows of it.
pub(super) struct Mutator<'a, 'bytes, 'gc> {
    pub(super) mc: &'gc Mutation<'gc>,
    pub(super) table: Gc<'gc, [Lock<Link<'gc>>]>,
    pub(super) book: &'a Rc<Book>,
    pub(super) model: &'a mut Model,
    pub(super) choices: &'a mut Choices<'bytes>,
}

impl<'gc> Mutator<'_, '_, 'gc> {
    /// A new node, which nothing refers to.
    pub(super) fn make(&mut self) -> Gc<'gc, Node<'gc>> {
        let node = Gc::new(self.mc, Node::new(self.book.token()));
        self.model.grow(self.book.tokens());
        node
    }

    /// A node that something leads to: over a few references from the table.
    pub(super) fn pick(&mut self) -> Link<'gc> {
        let mut node = self.table[self.choices.below(TABLE)].get()?;
        let hops = self.choices.below(4);
        for _ in 0..hops {
            node = node.links[self.choices.below(LINKS)].get().unwrap_or(node);
        }
        Some(node)
    }

    fn set(&mut self, slot: usize, link: Link<'gc>) {
        let place = Gc::write_at(self.mc, self.table, slot).expect("the table has this slot");
        place.unlock().set(link);
        self.model.table[slot] = link.map(|node| node.id());
    }

    fn pick_slot(&mut self) -> usize {
        self.choices.below(TABLE)
    }

    fn link(&mut self, from: Gc<'gc, Node<'gc>>, slot: usize, to: Link<'gc>) {
        let links = field!(Gc::write(self.mc, from), Node, links);
        links.as_slice().get(slot).expect("a node has this link").unlock().set(to);
        self.model.objects[from.id()].links[slot] = to.map(|node| node.id());
    }

    /// Does one thing.
    pub(super) fn step(&mut self) {
        match self.choices.below(20) {
            0..3 => {
                let (slot, node) = (self.pick_slot(), self.make());
                self.set(slot, Some(node));
            }
            3..6 => {
                if let Some(from) = self.pick() {
                    let (slot, to) = (self.choices.below(LINKS), self.pick());
                    self.link(from, slot, to);
                }
            }
            6 => {
                if let Some(from) = self.pick() {
                    let slot = self.choices.below(LINKS);
                    self.link(from, slot, None);
                }
            }
            7 => {
                let slot = self.pick_slot();
                self.set(slot, None);
            }
            8 => {
                let (slot, link) = (self.pick_slot(), self.pick());
                self.set(slot, link);
            }
            9 => self.change_list(),
            10 => self.make_array(),
            11 => self.change_array(),
            12 => self.make_weak(),
            13 => self.upgrade(),
            14 => self.use_handle(),
            15 => self.give_finalizer(),
            16 => {
                if let Some(node) = self.pick() {
                    let (book, id) = (Rc::clone(self.book), node.id());
                    let panics = self.choices.below(4) == 1;
                    let _ = self.mc.on_death(node, move |mc| end(mc, &book, id, panics));
                }
            }
            17 => {
                let len = LARGE_LEN + self.choices.below(3) * 4096;
                let bytes = Gc::slice_from_fn(self.mc, len, |index| index as u8);
                assert_eq!(bytes[len - 1], (len - 1) as u8);
            }
            18 => {
                if let Some(node) = self.pick() {
                    let handle = self.pick().map(|held| self.stash(held));
                    self.model.objects[node.id()].held = handle.as_ref().map(|&(id, _)| id);
                    // What it held before goes here.
                    *node.token.0.held.borrow_mut() = handle.map(|(_, handle)| handle);
                }
            }
            _ => {
                if self.choices.below(4) == 1 {
                    self.book.panic();
                }
            }
        }
    }

    fn change_list(&mut self) {
        let Some(node) = self.pick() else { return };
        let list = field!(Gc::write(self.mc, node), Node, list);
        // Somebody may have forgotten to give it back.
        let Ok(mut borrowed) = list.unlock().try_borrow_mut() else { return };
        match self.choices.below(6) {
            0..3 => {
                let Some(other) = self.pick() else { return };
                borrowed.push(other);
                self.model.objects[node.id()].list.push(other.id());
            }
            3 => {
                borrowed.pop();
                self.model.objects[node.id()].list.pop();
            }
            4 => {
                borrowed.clear();
                self.model.objects[node.id()].list.clear();
            }
            _ => std::mem::forget(borrowed),
        }
    }

    /// Makes an array whose elements have drop glue; the closure makes objects, and may panic.
    fn make_array(&mut self) {
        let Some(node) = self.pick() else { return };
        let (len, panics) = (self.choices.below(12), self.choices.below(4) == 1);
        let last = if panics { self.choices.below(len.max(1)) } else { len };
        let mut elements = Vec::new();
        let array = Gc::slice_from_fn(self.mc, len, |index| {
            if index == last {
                self.book.panic();
            }
            let link = if self.choices.flag() { Some(self.make()) } else { self.pick() };
            let token = self.book.token();
            self.model.grow(self.book.tokens());
            elements.push((token.id, link.map(|node| node.id())));
            Element { token: gc_core::Static(token), link: Lock::new(link) }
        });
        self.set_array(node, Some(array), elements);
    }

    fn set_array(
        &mut self,
        node: Gc<'gc, Node<'gc>>,
        array: Option<Gc<'gc, [Element<'gc>]>>,
        elements: Vec<(Id, Option<Id>)>,
    ) {
        field!(Gc::write(self.mc, node), Node, array).unlock().set(array);
        self.model.arrays.push(elements);
        self.model.objects[node.id()].array = Some(self.model.arrays.len() - 1);
    }

    /// Writes to an element, or has another node refer to the array, or this one no more.
    fn change_array(&mut self) {
        let Some(node) = self.pick() else { return };
        let Some(array) = node.array.get() else { return };
        let number = self.model.objects[node.id()].array.expect("the model has an array, too");
        match self.choices.below(3) {
            0 => {
                let (index, link) = (self.choices.below(array.len().max(1)), self.pick());
                let Some(element) = Gc::write_at(self.mc, array, index) else { return };
                field!(element, Element, link).unlock().set(link);
                self.model.arrays[number][index].1 = link.map(|node| node.id());
            }
            1 => {
                let Some(other) = self.pick() else { return };
                field!(Gc::write(self.mc, other), Node, array).unlock().set(Some(array));
                self.model.objects[other.id()].array = Some(number);
            }
            _ => {
                field!(Gc::write(self.mc, node), Node, array).unlock().set(None);
                self.model.objects[node.id()].array = None;
            }
        }
    }

    fn make_weak(&mut self) {
        let (Some(node), Some(target)) = (self.pick(), self.pick()) else { return };
        let weak = match self.choices.below(4) {
            0 | 1 => Gc::downgrade(self.mc, target),
            2 => Gc::downgrade_tracking(self.mc, target),
            _ => {
                let (book, id) = (Rc::clone(self.book), target.id());
                let panics = self.choices.below(4) == 1;
                Gc::downgrade_with_callback(self.mc, target, move |mc| end(mc, &book, id, panics))
            }
        };
        field!(Gc::write(self.mc, node), Node, weak).unlock().set(Some(weak));
        self.model.objects[node.id()].weak = Some(target.id());
    }

    fn upgrade(&mut self) {
        let (slot, node) = (self.pick_slot(), self.pick());
        let Some(weak) = node.and_then(|node| node.weak.get()) else { return };
        if let Some(target) = weak.upgrade(self.mc) {
            assert!(!self.book.is_dropped(target.id()), "{} is dead and not weakly", target.id());
            self.set(slot, Some(target));
        }
    }

    fn stash(&mut self, node: Gc<'gc, Node<'gc>>) -> (Id, Handle) {
        (node.id(), self.mc.stash::<NodeRoot>(node))
    }

    fn use_handle(&mut self) {
        let handles = self.book.handles.borrow().len();
        match self.choices.below(4) {
            0 | 1 => {
                if let Some(node) = self.pick() {
                    let handle = self.stash(node);
                    self.book.handles.borrow_mut().push(handle);
                }
            }
            2 if handles > 0 => {
                let number = self.choices.below(handles.min(256));
                let (id, handle) = self.book.handles.borrow()[number].clone();
                let node = self.mc.fetch(&handle);
                assert_eq!(node.id(), id, "a handle leads to another object");
                let slot = self.pick_slot();
                self.set(slot, Some(node));
            }
            _ if handles > 0 => {
                let number = self.choices.below(handles.min(256));
                let handle = self.book.handles.borrow_mut().swap_remove(number);
                drop(handle);
            }
            _ => {}
        }
    }

    fn give_finalizer(&mut self) {
        let Some(node) = self.pick() else { return };
        let (book, id) = (Rc::clone(self.book), node.id());
        let (does, slot) = (self.choices.below(8), self.choices.below(LINKS));
        // It may have had its turn and live all the same.
        let _ = self.mc.on_unreachable::<NodeRoot, _>(node, move |mc, node| {
            assert_eq!(node.id(), id, "the finalizer of another object");
            book.note(Event::Called(id));
            finalize(mc, &book, node, does, slot)
        });
    }
}

/// What a finalizer does with its object.
fn finalize<'gc>(
    mc: &'gc Mutation<'gc>,
    book: &Rc<Book>,
    node: Gc<'gc, Node<'gc>>,
    does: usize,
    slot: usize,
) -> Result<(), &'static str> {
    let links = field!(Gc::write(mc, node), Node, links);
    let place = links.as_slice().get(slot).expect("a node has this link").unlock();
    match does {
        0 => book.rescued.borrow_mut().push((node.id(), mc.stash::<NodeRoot>(node))),
        1 => {
            place.set(None);
            book.note(Event::Unlinked(node.id(), slot));
        }
        2 => {
            place.set(Some(node));
            book.note(Event::Linked(node.id(), slot, node.id()));
        }
        3 => {
            let made = Gc::new(mc, Node::new(book.token()));
            place.set(Some(made));
            book.note(Event::Linked(node.id(), slot, made.id()));
        }
        4 => book.panic(),
        5 => return Err("on purpose"),
        6 => {
            // Something that it refers to, which was as unreachable, or was not.
            if let Some(next) = place.get() {
                book.rescued.borrow_mut().push((next.id(), mc.stash::<NodeRoot>(next)));
            }
        }
        _ => {}
    }
    Ok(())
}

/// What a callback does, and a function for an object's death.
fn end(mc: &Mutation<'_>, book: &Rc<Book>, id: Id, panics: bool) {
    book.note(Event::Called(id));
    // Garbage.
    let _ = Gc::new(mc, Node::new(book.token()));
    if panics {
        book.panic();
    }
}

/// Changes the root.
pub(super) fn change_root<'gc>(mutator: &mut Mutator<'_, '_, 'gc>, roots: &mut Vec<Link<'gc>>) {
    match mutator.choices.below(5) {
        0 | 1 => {
            let link = if mutator.choices.flag() { Some(mutator.make()) } else { mutator.pick() };
            roots.push(link);
            mutator.model.roots.push(link.map(|node| node.id()));
        }
        2 => {
            roots.pop();
            mutator.model.roots.pop();
        }
        3 => {
            roots.reverse();
            mutator.model.roots.reverse();
        }
        _ => {
            if let Some(last) = roots.last_mut() {
                *last = None;
                *mutator.model.roots.last_mut().expect("the model has as many") = None;
            }
        }
    }
}

/// The root of a new arena.
pub(super) fn new_world<'gc>(mc: &'gc Mutation<'gc>) -> World<'gc> {
    World { table: Gc::slice_from_fn(mc, TABLE, |_| Lock::new(None)), roots: Vec::new() }
}
