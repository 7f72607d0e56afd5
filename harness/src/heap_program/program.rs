//! A heap program: its operations, and where in which file they were.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use super::name::Names;
use super::op::{Action, Op};
use super::print;

/// A heap program, read from a file or generated.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The strings behind the names in `ops`.
    pub names: Names,
    /// What the mutator does, in order.
    pub ops: Vec<Op>,
    /// For each operation the line it was on, counted from 1. Shorter than `ops`, or empty, for a
    /// program that no file holds yet.
    pub lines: Vec<usize>,
}

impl Program {
    /// Finds the first operation that the model does not know.
    ///
    /// # Errors
    ///
    /// Returns which operation that is.
    pub fn check_supported(&self) -> Result<(), Unsupported> {
        for (index, op) in self.ops.iter().enumerate() {
            if let Some(operation) = not_modelled(op) {
                return Err(Unsupported { index, line: self.lines.get(index).copied(), operation });
            }
        }
        Ok(())
    }

    /// Writes the program in the file format, one operation a line.
    ///
    /// # Errors
    ///
    /// Returns an error if `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for op in &self.ops {
            print::write_op(out, op, &self.names)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes the operations as one array of JSON, on one line without its end.
    ///
    /// # Errors
    ///
    /// Returns an error if `out` cannot be written to.
    pub fn write_array(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"[")?;
        for (index, op) in self.ops.iter().enumerate() {
            if index > 0 {
                out.write_all(b", ")?;
            }
            print::write_op(out, op, &self.names)?;
        }
        out.write_all(b"]")
    }

    /// Writes the program to a file that `read_program` reads back, below comment lines made of
    /// `comment`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn save(&self, path: &Path, comment: &str) -> io::Result<()> {
        let mut text = Vec::new();
        for line in comment.lines() {
            writeln!(text, "# {line}")?;
        }
        self.write(&mut text)?;
        std::fs::write(path, text)
    }
}

/// What about an operation the model does not know, if anything.
fn not_modelled(op: &Op) -> Option<&'static str> {
    let acts =
        |actions: &Option<Vec<Action>>| actions.as_ref().is_some_and(|actions| !actions.is_empty());
    match op {
        Op::New(new) if new.finalizer.is_some() => Some("`new` with a finalizer"),
        Op::Chain { finalizer: Some(_), .. } => Some("`chain` with finalizers"),
        Op::Weakref { callback, .. } if acts(callback) => {
            Some("`weakref` with a callback that does something")
        }
        Op::Freeze => Some("`freeze`"),
        Op::Unfreeze => Some("`unfreeze`"),
        Op::Weakref { held_by: Some(_), .. } => Some("`weakref` held by an object"),
        Op::Threshold { .. } => Some("`threshold`"),
        Op::Debug { save_all: true } => Some("`debug` with the flag `saveall`"),
        Op::GcCallbacks { on: true } => Some("`gc_callbacks`"),
        _ => None,
    }
}

/// An operation of the file format that the model does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The operation's number in the program, counted from 0.
    pub index: usize,
    /// The line it is on, counted from 1, if the program was read from a file.
    pub line: Option<usize>,
    /// What it is.
    pub operation: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => {
                write!(formatter, "line {line}: {} is not known to the model", self.operation)
            }
            None => write!(
                formatter,
                "operation {}: {} is not known to the model",
                self.index, self.operation
            ),
        }
    }
}

impl std::error::Error for Unsupported {}
