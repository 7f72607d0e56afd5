//! The heap of a program as it is, with what the program calls the objects and the roots.

use std::fmt::Write;

use gc_core::{AnyGc, HeapView, Holding, Step};

use super::super::name::{Name, Names};
use super::book::Book;

/// The heap of a program, to be looked at: see [`Session::inspect`](super::Session::inspect).
#[derive(Debug)]
pub struct LaidOpen<'a, 'gc> {
    /// The heap itself.
    pub heap: &'gc HeapView<'gc>,
    book: &'a Book,
    names: &'a Names,
}

/// What has become of an object.
#[derive(Clone, Copy, Debug)]
pub enum Fate<'gc> {
    /// No operation that has run has made it.
    Unmade,
    /// It was dropped.
    Dead,
    /// It is in the heap.
    Present(AnyGc<'gc>),
}

impl<'a, 'gc> LaidOpen<'a, 'gc> {
    pub(super) fn new(heap: &'gc HeapView<'gc>, book: &'a Book, names: &'a Names) -> Self {
        LaidOpen { heap, book, names }
    }

    /// What operations call an object, if they can.
    #[must_use]
    pub fn label(&self, object: AnyGc<'gc>) -> Option<&'a str> {
        self.book.named(object.id()).map(|(_, name)| self.names.string(name))
    }

    /// What operations call an object, or else its type.
    #[must_use]
    pub fn call(&self, object: AnyGc<'gc>) -> String {
        let label = self.label(object).map(str::to_owned);
        label.unwrap_or_else(|| object.short_type_name().to_string())
    }

    /// The newest object with this id.
    ///
    /// O(objects).
    #[must_use]
    pub fn find(&self, id: Name) -> Fate<'gc> {
        let Some(&serial) = self.book.serials.get(id) else { return Fate::Unmade };
        let is_it = |object: &AnyGc<'gc>| {
            self.book.named(object.id()).is_some_and(|(other, _)| other == serial)
        };
        self.heap.objects().find(is_it).map_or(Fate::Dead, Fate::Present)
    }

    /// What keeps an object from outside: `root a` for the root that the program calls `a`.
    #[must_use]
    pub fn holder(&self, holding: &Holding<'_>) -> String {
        if let Holding::Root(place) = holding
            && let [Step::Field("roots"), Step::Element(index), ..] = place.steps()
            && let Some(name) = self.names.nth(*index)
        {
            return format!("root {}", self.names.string(name));
        }
        holding.to_string()
    }

    /// Where in an object the first reference to another is, behind what the object is called:
    /// `a.slots[3]`.
    #[must_use]
    pub fn link(&self, from: AnyGc<'gc>, to: AnyGc<'gc>) -> String {
        let mut text = self.call(from);
        let mut is_found = false;
        self.heap.for_each_reference(from, |place, target| {
            if target == to && !std::mem::replace(&mut is_found, true) {
                push_slot(&mut text, place.steps());
            }
        });
        text
    }

    /// A way from object to object: `a.slots[3] -> b.slots[0] -> c`. Of a long one the middle is only
    /// counted.
    #[must_use]
    pub fn way(&self, objects: &[AnyGc<'gc>]) -> String {
        const SHOWN: usize = 8;
        let mut text = String::new();
        for (place, pair) in objects.windows(2).enumerate() {
            let left = objects.len() - place;
            if objects.len() <= 2 * SHOWN || place < SHOWN || left <= SHOWN {
                _ = write!(text, "{} -> ", self.link(pair[0], pair[1]));
            } else if place == SHOWN {
                _ = write!(text, "... {} objects ... -> ", objects.len() - 2 * SHOWN);
            }
        }
        text.extend(objects.last().map(|&last| self.call(last)));
        text
    }
}

/// Appends the way to a slot: not what is in the slot, whose parts have no names.
fn push_slot(text: &mut String, steps: &[Step]) {
    let is_number = |step: &Step| matches!(step, Step::Field(name) if name.bytes().all(|byte| byte.is_ascii_digit()));
    let last = steps.iter().rposition(|step| !is_number(step)).map_or(0, |last| last + 1);
    for step in &steps[..last] {
        // Writing to a string cannot fail.
        _ = match step {
            Step::Field(name) => write!(text, ".{name}"),
            Step::Element(index) => write!(text, "[{index}]"),
        };
    }
}
