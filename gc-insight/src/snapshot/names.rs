//! Names, each kept once.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use gc_core::AnyGc;
use indexmap::IndexSet;

/// Strings, numbered in the order in which they were first asked for.
#[derive(Default)]
pub(super) struct Strings {
    strings: IndexSet<Box<str>, RandomState>,
    /// Where a name is put together.
    text: String,
}

impl Strings {
    /// The number of a string.
    pub(super) fn number(&mut self, string: &str) -> usize {
        match self.strings.get_index_of(string) {
            Some(number) => number,
            None => self.strings.insert_full(string.into()).0,
        }
    }

    /// The number of a string that `write` puts together.
    pub(super) fn number_of(&mut self, write: impl FnOnce(&mut String)) -> usize {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        write(&mut text);
        let number = self.number(&text);
        self.text = text;
        number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.strings.iter().map(|string| &**string)
    }
}

/// The names by which the types of objects are called: without modules, where that is clear.
#[derive(Default)]
pub(super) struct TypeNames {
    /// By a full name the number of the name to call it by.
    names: HashMap<&'static str, usize, RandomState>,
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
                true => strings.number(&short),
                false => strings.number(full),
            }
        })
    }
}
