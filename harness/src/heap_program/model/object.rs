//! The objects of the model.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

use super::super::name::Name;
use super::super::op::{Generation, Kind};

/// An object of the model, as its number: objects are numbered in the order in which the program
/// makes them, as by a replay.
///
/// Four bytes also where there may be none: the model's time goes into walking slots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial(NonZeroU32);

impl Serial {
    /// The serial with this number, counted from 0.
    ///
    /// # Panics
    ///
    /// Panics on the number 2^32 - 1.
    #[must_use]
    pub fn new(number: u32) -> Serial {
        let successor = number.checked_add(1).and_then(NonZeroU32::new);
        Serial(successor.expect("a program makes fewer than 2^32 objects"))
    }

    /// The number, counted from 0.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.get() - 1
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Serial({})", self.number())
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(formatter)
    }
}

/// All objects since the last reset, alive and dead, by their serials.
#[derive(Clone, Debug, Default)]
pub struct Objects(Vec<Object>);

impl Objects {
    /// The serial of the object that is pushed next.
    ///
    /// # Panics
    ///
    /// Panics if there are 2^32 - 1 objects.
    #[must_use]
    pub fn next(&self) -> Serial {
        Serial::new(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    /// The object with this serial, if it was made.
    #[must_use]
    pub fn get(&self, serial: Serial) -> Option<&Object> {
        self.0.get(serial.number() as usize)
    }

    /// Adds an object.
    pub fn push(&mut self, object: Object) {
        self.0.push(object);
    }
}

impl Index<Serial> for Objects {
    type Output = Object;

    fn index(&self, serial: Serial) -> &Object {
        &self.0[serial.number() as usize]
    }
}

impl IndexMut<Serial> for Objects {
    fn index_mut(&mut self, serial: Serial) -> &mut Object {
        &mut self.0[serial.number() as usize]
    }
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// What operations call it; `None` for a member of a chain.
    pub id: Option<Name>,
    /// Its kind.
    pub kind: Kind,
    /// What its slots, or a tuple's elements, refer to.
    pub slots: Vec<Option<Serial>>,
    /// How many references to it there are.
    pub count: usize,
    /// The weak references to it, oldest first.
    pub weaks: Vec<WeakReference>,
    /// Where the collections it survived have put it.
    pub generation: Generation,
    /// Whether it has not died.
    pub is_alive: bool,
    /// What a collection that is running knows of it.
    pub standing: Standing,
    /// The walk from the roots that last met it.
    pub(super) reached: u64,
}

/// What a collection knows of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not looked at, or no collection runs.
    Outside,
    /// It dies unless something turns up that holds it; so many references to it are not from
    /// candidates.
    Candidate(usize),
    /// Something holds it.
    Held,
}

/// A weak reference, on the list of the object it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeakReference {
    /// Its name.
    pub w: Name,
    /// Whether something is called when the object dies.
    pub has_callback: bool,
}
