//! Names, each kept once.

use std::collections::HashMap;
use std::fmt::{self, Write};

use gc_core::AnyGc;
use indexmap::IndexSet;

/// Strings, numbered in the order in which they were first asked for.
#[derive(Default)]
pub(super) struct Strings {
    strings: IndexSet<Box<str>>,
    /// Where a name is put together.
    text: String,
}

impl Strings {
    /// The number of a string.
    pub(super) fn number(&mut self, string: impl fmt::Display) -> usize {
        self.text.clear();
        // Writing to a string fails only if the value's own `fmt` does.
        let _ = write!(self.text, "{string}");
        match self.strings.get_index_of(&*self.text) {
            Some(number) => number,
            None => self.strings.insert_full(self.text.as_str().into()).0,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.strings.iter().map(|string| &**string)
    }
}

/// The names by which the types of objects are called: without modules, where that is clear.
#[derive(Default)]
pub(super) struct TypeNames {
    /// By a full name the number of the name to call it by.
    names: HashMap<&'static str, usize>,
    /// By a short name the full name that it stands for.
    taken: HashMap<String, &'static str>,
}

impl TypeNames {
    /// The number of the name of an object's type.
    pub(super) fn number(&mut self, object: AnyGc<'_>, strings: &mut Strings) -> usize {
        let full = object.type_name();
        *self.names.entry(full).or_insert_with(|| {
            let short = object.short_type_name().to_string();
            match *self.taken.entry(short.clone()).or_insert(full) == full {
                true => strings.number(short),
                false => strings.number(full),
            }
        })
    }
}
