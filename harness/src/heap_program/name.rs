//! Names of objects, roots and weak references, as small numbers.
//!
//! A heap program calls everything by a string. The model and the replay answer millions of
//! operations, so a program's strings are numbered once, when it is read or generated, and
//! everything else works with the numbers.

use std::collections::HashMap;

/// A string of a heap program, as its number in that program's [`Names`].
///
/// The order of two names is the order in which the program first used them, not the order of their
/// strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

impl Name {
    /// The number, for tables that are indexed by name.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The strings of one heap program and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    strings: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Names {
    /// The name for a string, numbered now if it is new.
    ///
    /// # Panics
    ///
    /// Panics if a program has more than `u32::MAX` different names.
    pub fn intern(&mut self, string: &str) -> Name {
        if let Some(&number) = self.numbers.get(string) {
            return Name(number);
        }
        let number =
            u32::try_from(self.strings.len()).expect("a program has fewer than 2^32 names");
        self.strings.push(string.into());
        self.numbers.insert(string.into(), number);
        Name(number)
    }

    /// The name for a string, if it has one.
    #[must_use]
    pub fn get(&self, string: &str) -> Option<Name> {
        self.numbers.get(string).copied().map(Name)
    }

    /// The string behind a name.
    ///
    /// # Panics
    ///
    /// Panics if the name belongs to another program that has more names than this one.
    #[must_use]
    pub fn string(&self, name: Name) -> &str {
        &self.strings[name.index()]
    }

    /// The name with this [`index`](Name::index), if there are so many.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Name> {
        (index < self.strings.len()).then_some(Name(index as u32))
    }

    /// How many names there are: every [`Name::index`] is below it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.strings.len()
    }

    /// Whether no string was interned yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.strings.is_empty()
    }

    /// The strings of `names` in the order of the file format: by code points.
    #[must_use]
    pub fn sorted(&self, names: &[Name]) -> Vec<&str> {
        let mut strings: Vec<&str> = names.iter().map(|&name| self.string(name)).collect();
        strings.sort_unstable();
        strings
    }
}

/// A map from names, as a table: names are small numbers.
#[derive(Clone, Debug)]
pub struct NameMap<T>(Vec<Option<T>>);

impl<T> Default for NameMap<T> {
    fn default() -> Self {
        NameMap(Vec::new())
    }
}

impl<T> NameMap<T> {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&T> {
        self.0.get(name.index())?.as_ref()
    }

    /// Gives a name a value, or takes it away, and returns the one it had.
    pub fn set(&mut self, name: Name, value: Option<T>) -> Option<T> {
        if self.0.len() <= name.index() {
            self.0.resize_with(name.index() + 1, || None);
        }
        std::mem::replace(&mut self.0[name.index()], value)
    }

    /// The names that have a value, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Name, &T)> {
        self.0.iter().zip(0..).filter_map(|(value, number)| Some((Name(number), value.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_string_has_the_same_name() {
        let mut names = Names::default();
        let a = names.intern("a");
        let b = names.intern("b");
        assert_ne!(a, b);
        assert_eq!(names.intern("a"), a);
        assert_eq!(names.string(b), "b");
        assert_eq!(names.len(), 2);
    }

    #[test]
    fn names_sort_by_their_strings() {
        let mut names = Names::default();
        let list = ["n2", "n10", "a"].map(|string| names.intern(string));
        assert_eq!(names.sorted(&list), ["a", "n10", "n2"]);
    }
}
