//! The fields of one JSON object of a heap program, taken out one by one and none left over.
//!
//! Reading is strict: a misspelt optional field would otherwise change what a program means without
//! a word.

use serde_json::{Map, Value};

use super::name::{Name, Names};
use super::op::{Generation, SLOTS, Slot};

/// Most objects that one operation may make. The longest chain of any published program has 200
/// 000.
const LENGTH_MAX: u64 = 100_000_000;

/// What was expected and what was there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) expected: String,
    pub(super) found: String,
}

impl Mismatch {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Mismatch { expected: expected.into(), found: found.into() }
    }

    /// The value of the field `key` is not an `expected`.
    fn of(key: &str, expected: &str, found: Option<&Value>) -> Self {
        let found = found.map_or_else(|| "nothing".to_owned(), excerpt);
        Mismatch::new(format!("{expected} in `{key}`"), found)
    }
}

/// A value as an error message shows it: its JSON, shortened.
pub(super) fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The fields that are left.
pub(super) struct Fields {
    object: Map<String, Value>,
    /// The names of the fields that were asked for, to tell which there are.
    known: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(value: Value, what: &str) -> Result<Self, Mismatch> {
        match value {
            Value::Object(object) => Ok(Fields { object, known: Vec::new() }),
            other => Err(Mismatch::new(what, excerpt(&other))),
        }
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.object.remove(key)
    }

    /// Fails if there are fields that nobody asked for.
    pub(super) fn finish(self, word: &str) -> Result<(), Mismatch> {
        match self.object.keys().next() {
            None => Ok(()),
            Some(key) => {
                let known: Vec<String> = self.known.iter().map(|key| format!("`{key}`")).collect();
                Err(Mismatch::new(
                    format!("only {} in `{word}`", known.join(", ")),
                    format!("the field `{key}`"),
                ))
            }
        }
    }

    pub(super) fn name(&mut self, key: &'static str, names: &mut Names) -> Result<Name, Mismatch> {
        match self.take(key) {
            Some(Value::String(string)) => Ok(names.intern(&string)),
            other => Err(Mismatch::of(key, "a string", other.as_ref())),
        }
    }

    pub(super) fn optional_name(
        &mut self,
        key: &'static str,
        names: &mut Names,
    ) -> Result<Option<Name>, Mismatch> {
        self.optional(key, |fields| fields.name(key, names))
    }

    pub(super) fn name_list(
        &mut self,
        key: &'static str,
        names: &mut Names,
    ) -> Result<Vec<Name>, Mismatch> {
        let value = self.take(key);
        let strings: Option<Vec<&str>> = value
            .as_ref()
            .and_then(Value::as_array)
            .and_then(|items| items.iter().map(Value::as_str).collect());
        match strings {
            Some(strings) => Ok(strings.iter().map(|string| names.intern(string)).collect()),
            None => Err(Mismatch::of(key, "a list of strings", value.as_ref())),
        }
    }

    pub(super) fn word(&mut self, key: &'static str, expected: &str) -> Result<String, Mismatch> {
        match self.take(key) {
            Some(Value::String(string)) => Ok(string),
            other => Err(Mismatch::of(key, expected, other.as_ref())),
        }
    }

    pub(super) fn slot(&mut self, key: &'static str) -> Result<Slot, Mismatch> {
        let expected = format!("a slot from 0 to {}", SLOTS - 1);
        self.number(key, &expected, |number| Slot::new(usize::try_from(number).ok()?))
    }

    pub(super) fn optional_slot(&mut self, key: &'static str) -> Result<Option<Slot>, Mismatch> {
        self.optional(key, |fields| fields.slot(key))
    }

    pub(super) fn generation(&mut self, key: &'static str) -> Result<Generation, Mismatch> {
        self.number(key, "a generation from 0 to 2", |number| {
            Generation::new(usize::try_from(number).ok()?)
        })
    }

    pub(super) fn length(&mut self, key: &'static str, min: u64) -> Result<usize, Mismatch> {
        let expected = format!("a number of objects from {min} to {LENGTH_MAX}");
        self.number(key, &expected, |number| {
            (min..=LENGTH_MAX).contains(&number).then_some(usize::try_from(number).ok()?)
        })
    }

    pub(super) fn optional_bool(
        &mut self,
        key: &'static str,
        default: bool,
    ) -> Result<bool, Mismatch> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(Mismatch::of(key, "true or false", Some(&other))),
        }
    }

    pub(super) fn optional_thresholds(
        &mut self,
        key: &'static str,
    ) -> Result<Option<[u32; 3]>, Mismatch> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match serde_json::from_value(value.clone()) {
            Ok(thresholds) => Ok(Some(thresholds)),
            Err(_) => Err(Mismatch::of(key, "a list of three thresholds", Some(&value))),
        }
    }

    /// Reads a field with `read` if it is there.
    fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Mismatch>,
    ) -> Result<Option<T>, Mismatch> {
        if self.object.contains_key(key) {
            return read(self).map(Some);
        }
        self.known.push(key);
        Ok(None)
    }

    fn number<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        check: impl FnOnce(u64) -> Option<T>,
    ) -> Result<T, Mismatch> {
        let value = self.take(key);
        let number = value.as_ref().and_then(Value::as_u64).and_then(check);
        number.ok_or_else(|| Mismatch::of(key, expected, value.as_ref()))
    }
}
