//! What cargo-mutants says about a change.

use serde::Deserialize;

/// One change.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    /// Where it is and what it does, for a person.
    pub(crate) name: String,
    /// The package that it is in.
    pub(crate) package: String,
    /// The source, from the top of the workspace.
    pub(crate) file: String,
    /// What kind of change it is.
    pub(crate) genre: Genre,
    /// What is there instead.
    pub(crate) replacement: String,
    /// What is replaced.
    pub(crate) span: Span,
    function: Option<serde::de::IgnoredAny>,
}

impl Change {
    /// Whether it changes a constant: what that is is known before anything can be switched.
    pub(crate) fn is_of_a_constant(&self) -> bool {
        self.function.is_none()
    }
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    /// A function returns at once.
    FnValue,
    /// Another operator.
    BinaryOperator,
    /// No operator.
    UnaryOperator,
    /// An arm of a `match` with another guard.
    MatchArmGuard,
    /// An arm that is not there.
    MatchArm,
    /// A field that is left to the base of a struct.
    StructField,
}

/// From the first character to behind the last.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// Both counted from one, in characters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// The byte of a text that this is.
    pub(crate) fn byte(self, text: &str) -> Option<usize> {
        let line = text.split_inclusive('\n').take(self.line.checked_sub(1)?).map(str::len).sum();
        let (column, _) = text.get(line..)?.char_indices().nth(self.column.checked_sub(1)?)?;
        Some(line + column)
    }
}
