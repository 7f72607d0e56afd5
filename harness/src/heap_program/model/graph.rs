//! The model's heap: what refers to what, how often, and what follows when it no longer does.
//!
//! The invariant: an object's count is the number of roots and of slots of objects that are alive
//! which refer to it. It is suspended only while a death runs its course.

use std::collections::VecDeque;

use super::super::answer::Event;
use super::super::name::Name;
use super::super::op::{Generation, Kind};
use super::object::{Object, Objects, Serial, Standing};

/// Objects, alive and dead, and what happened to them.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// All objects since the last reset, alive and dead.
    pub objects: Objects,
    /// Those of them that are alive, in order, and some that died since [`Graph::tidy`].
    living: Vec<Serial>,
    /// How many of them are alive.
    pub alive: usize,
    /// Deaths and callbacks of this operation.
    pub events: Vec<Event>,
    /// Weak references cleared by this operation.
    pub cleared: Vec<Name>,
    /// The objects that died in this operation, in order.
    pub died: Vec<Serial>,
    /// Whether what a dead leaf linked to is released after everything else that died with it. In
    /// CPython it is released in its turn. A collector whose drop glue runs when it is done learns
    /// only then which handles went.
    pub opaque_links_last: bool,
    /// The number of the last walk from the roots.
    walk: u64,
}

impl Graph {
    /// Makes an object that nothing refers to yet.
    pub fn make(&mut self, id: Option<Name>, kind: Kind, slots: Vec<Option<Serial>>) -> Serial {
        let object = Object {
            id,
            kind,
            slots,
            count: 0,
            weaks: Vec::new(),
            generation: Generation::YOUNG,
            is_alive: true,
            standing: Standing::Outside,
            reached: self.walk,
        };
        let serial = self.objects.next();
        for target in object.slots.iter().flatten() {
            self.objects[*target].count += 1;
        }
        self.objects.push(object);
        self.living.push(serial);
        self.alive += 1;
        serial
    }

    /// Counts one more reference to an object.
    pub fn hold(&mut self, serial: Serial) {
        self.objects[serial].count += 1;
    }

    /// Counts one reference less; at zero the object dies if `dies_at_zero`.
    pub fn release(&mut self, serial: Serial, dies_at_zero: bool) {
        self.objects[serial].count -= 1;
        if dies_at_zero && self.objects[serial].count == 0 && self.objects[serial].is_alive {
            self.kill(serial, true);
        }
    }

    /// Stores in a slot, and releases what was there.
    pub fn store(&mut self, from: Serial, slot: usize, to: Option<Serial>, dies_at_zero: bool) {
        if let Some(to) = to {
            self.hold(to);
        }
        if let Some(old) = std::mem::replace(&mut self.objects[from].slots[slot], to) {
            self.release(old, dies_at_zero);
        }
    }

    /// The death of an object: its weak references are cleared, newest first, it dies, and what its
    /// slots held is released in slot order, each with all that follows from it before the next
    /// slot. An explicit stack, for chains of any length.
    pub fn kill(&mut self, serial: Serial, dies_at_zero: bool) {
        self.die(serial);
        let mut dying = vec![(serial, 0)];
        let mut later = VecDeque::new();
        loop {
            while let Some((parent, slot)) = dying.pop() {
                let object = &mut self.objects[parent];
                if slot == object.slots.len() {
                    continue;
                }
                dying.push((parent, slot + 1));
                if let Some(child) = object.slots[slot].take() {
                    if self.opaque_links_last && object.kind == Kind::Leaf {
                        later.push_back(child);
                    } else {
                        self.lose(child, dies_at_zero, &mut dying);
                    }
                }
            }
            match later.pop_front() {
                Some(child) => self.lose(child, dies_at_zero, &mut dying),
                None => return,
            }
        }
    }

    /// Counts one reference less to a child of an object that died.
    fn lose(&mut self, child: Serial, dies_at_zero: bool, dying: &mut Vec<(Serial, usize)>) {
        let object = &mut self.objects[child];
        object.count -= 1;
        if dies_at_zero && object.count == 0 && object.is_alive {
            self.die(child);
            dying.push((child, 0));
        }
    }

    fn die(&mut self, serial: Serial) {
        self.clear_weaks(serial);
        let object = &mut self.objects[serial];
        debug_assert!(object.is_alive, "an object dies once");
        object.is_alive = false;
        self.alive -= 1;
        self.events.extend(object.id.map(Event::Died));
        self.died.push(serial);
    }

    /// Clears the weak references to an object and runs their callbacks, newest first.
    pub fn clear_weaks(&mut self, serial: Serial) {
        for weak in std::mem::take(&mut self.objects[serial].weaks).into_iter().rev() {
            self.cleared.push(weak.w);
            if weak.has_callback {
                self.events.push(Event::Callback { w: weak.w, was_cleared: true });
            }
        }
    }

    /// Marks what can be reached from `roots`, through the links of leaves too.
    pub fn walk(&mut self, roots: impl Iterator<Item = Serial>) {
        self.walk += 1;
        let mut pending: Vec<Serial> = roots.collect();
        while let Some(serial) = pending.pop() {
            let object = &mut self.objects[serial];
            if object.reached != self.walk {
                object.reached = self.walk;
                pending.extend(object.slots.iter().flatten());
            }
        }
    }

    /// How many objects without an id died in this operation.
    #[must_use]
    pub fn died_unnamed(&self) -> usize {
        self.died.iter().filter(|&&serial| self.objects[serial].id.is_none()).count()
    }

    /// Whether the last walk met an object, or it was made since.
    #[must_use]
    pub fn is_reached(&self, serial: Serial) -> bool {
        self.objects[serial].reached == self.walk
    }

    /// The objects that are alive though the last walk did not meet them.
    pub fn floating(&self) -> impl Iterator<Item = &Object> {
        self.living().map(|(_, object)| object).filter(|object| object.reached != self.walk)
    }

    /// The objects that are alive.
    pub fn living(&self) -> impl Iterator<Item = (Serial, &Object)> {
        let living = self.living.iter().map(|&serial| (serial, &self.objects[serial]));
        living.filter(|(_, object)| object.is_alive)
    }

    /// Takes the dead off the list of the living, where they cost time.
    pub fn tidy(&mut self) {
        if self.living.len() > self.alive {
            self.living.retain(|&serial| self.objects[serial].is_alive);
        }
    }

    /// Checks the invariant against `roots`.
    ///
    /// # Panics
    ///
    /// Panics if a count is not the number of references.
    pub fn check_counts(&self, roots: impl Iterator<Item = Serial>) {
        let mut counts = vec![0; self.objects.next().number() as usize];
        for target in roots
            .chain(self.living().flat_map(|(_, object)| object.slots.iter().flatten().copied()))
        {
            counts[target.number() as usize] += 1;
        }
        for (serial, object) in self.living() {
            assert_eq!(
                object.count,
                counts[serial.number() as usize],
                "the count of object {serial}"
            );
        }
    }
}
