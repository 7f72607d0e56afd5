//! Reads heap programs: one JSON object a line, blank lines and lines that begin with `#` skipped.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::fields::{Fields, Mismatch, excerpt};
use super::name::Names;
use super::op::{Action, Holder, Kind, New, Op};
use super::program::Program;

/// Why a file is not a heap program.
#[derive(Debug)]
pub enum ProgramError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A line is not an operation.
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::Unreadable { file, error } => {
                write!(formatter, "{}: {error}", file.display())
            }
            ProgramError::Malformed { file, line, expected, found } => {
                write!(formatter, "{}:{line}: expected {expected}, found {found}", file.display())
            }
        }
    }
}

impl std::error::Error for ProgramError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProgramError::Unreadable { error, .. } => Some(error),
            ProgramError::Malformed { .. } => None,
        }
    }
}

/// Reads the heap program in a file.
///
/// # Errors
///
/// Returns an error if the file cannot be read or a line of it is not an operation of the format.
pub fn read_program(path: impl AsRef<Path>) -> Result<Program, ProgramError> {
    let path = path.as_ref();
    match fs::read_to_string(path) {
        Ok(text) => parse_program(&text, path),
        Err(error) => Err(ProgramError::Unreadable { file: path.to_owned(), error }),
    }
}

/// Reads a heap program from its text; `file` is what errors call it.
///
/// # Errors
///
/// Returns an error if a line is not an operation of the format.
pub fn parse_program(text: &str, file: impl AsRef<Path>) -> Result<Program, ProgramError> {
    let mut program = Program::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_op(line, &mut program.names) {
            Ok(op) => {
                program.ops.push(op);
                program.lines.push(index + 1);
            }
            Err(Mismatch { expected, found }) => {
                return Err(ProgramError::Malformed {
                    file: file.as_ref().to_owned(),
                    line: index + 1,
                    expected,
                    found,
                });
            }
        }
    }
    Ok(program)
}

const OPERATIONS: &str = "an operation (`new`, `link`, `unlink`, `root`, `drop`, `weakref`, \
     `drop_weakref`, `deref`, `collect`, `enable`, `disable`, `threshold`, `counts`, `stats`, \
     `freeze`, `unfreeze`, `debug`, `garbage`, `gc_callbacks`, `info`, `chain`, `churn` or `reset`)";

fn parse_op(line: &str, names: &mut Names) -> Result<Op, Mismatch> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        Mismatch::new("a JSON object on one line", format!("`{line}` ({error})"))
    })?;
    let mut fields = Fields::new(value, "a JSON object")?;
    let word = fields.word("op", OPERATIONS)?;
    let op = match word.as_str() {
        "new" => Op::New(parse_new(&mut fields, names)?),
        "link" => Op::Link {
            from: fields.name("from", names)?,
            slot: fields.slot("slot")?,
            to: fields.name("to", names)?,
        },
        "unlink" => Op::Unlink { from: fields.name("from", names)?, slot: fields.slot("slot")? },
        "root" => Op::Root { name: fields.name("name", names)?, to: fields.name("to", names)? },
        "drop" => Op::Drop { name: fields.name("name", names)? },
        "weakref" => Op::Weakref {
            w: fields.name("w", names)?,
            to: fields.name("to", names)?,
            callback: parse_actions(&mut fields, "cb", names)?,
            held_by: parse_holder(&mut fields, names)?,
        },
        "drop_weakref" => Op::DropWeakref { w: fields.name("w", names)? },
        "deref" => {
            Op::Deref { w: fields.name("w", names)?, root: fields.optional_name("name", names)? }
        }
        "collect" => Op::Collect { generation: fields.generation("gen")? },
        "enable" => Op::Enable,
        "disable" => Op::Disable,
        "threshold" => Op::Threshold { set: fields.optional_thresholds("set")? },
        "counts" => Op::Counts,
        "stats" => Op::Stats,
        "freeze" => Op::Freeze,
        "unfreeze" => Op::Unfreeze,
        "debug" => Op::Debug { save_all: parse_flags(&mut fields)? },
        "garbage" => Op::Garbage { clear: fields.optional_bool("clear", false)? },
        "gc_callbacks" => Op::GcCallbacks { on: fields.optional_bool("on", true)? },
        "info" => Op::Info { id: fields.name("id", names)? },
        "chain" => {
            let id = fields.name("id", names)?;
            Op::Chain {
                id,
                length: fields.length("n", 1)?,
                close: fields.optional_bool("close", false)?,
                finalizer: parse_actions(&mut fields, "fin", names)?,
                root: fields.optional_name("name", names)?.unwrap_or(id),
            }
        }
        "churn" => Op::Churn { id: fields.name("id", names)?, length: fields.length("n", 0)? },
        "reset" => Op::Reset,
        other => return Err(Mismatch::new(OPERATIONS, format!("`{other}`"))),
    };
    fields.finish(&word)?;
    Ok(op)
}

fn parse_new(fields: &mut Fields, names: &mut Names) -> Result<New, Mismatch> {
    let id = fields.name("id", names)?;
    let kind = match fields.take("kind") {
        None => Kind::Node,
        Some(value) => match value.as_str() {
            Some("node") => Kind::Node,
            Some("leaf") => Kind::Leaf,
            Some("tuple") => Kind::Tuple,
            _ => {
                return Err(Mismatch::new("`node`, `leaf` or `tuple` in `kind`", excerpt(&value)));
            }
        },
    };
    let of = if kind == Kind::Tuple { fields.name_list("of", names)? } else { Vec::new() };
    let root = fields.optional_name("name", names)?.unwrap_or(id);
    let finalizer = if kind == Kind::Node { parse_actions(fields, "fin", names)? } else { None };
    Ok(New { id, kind, of, root, finalizer })
}

fn parse_holder(fields: &mut Fields, names: &mut Names) -> Result<Option<Holder>, Mismatch> {
    let Some(value) = fields.take("held_by") else {
        return Ok(None);
    };
    let mut fields = Fields::new(value, "an object with `from` and `slot` in `held_by`")?;
    let holder = Holder { from: fields.name("from", names)?, slot: fields.slot("slot")? };
    fields.finish("held_by")?;
    Ok(Some(holder))
}

fn parse_flags(fields: &mut Fields) -> Result<bool, Mismatch> {
    let Some(value) = fields.take("flags") else {
        return Ok(false);
    };
    match value.as_array().map(Vec::as_slice) {
        Some([]) => Ok(false),
        Some([flag]) if flag == "saveall" => Ok(true),
        _ => Err(Mismatch::new("[\"saveall\"] or [] in `flags`", excerpt(&value))),
    }
}

/// The actions under `key`, or `None` if the field is absent: an empty list still is a finalizer or
/// a callback.
fn parse_actions(
    fields: &mut Fields,
    key: &'static str,
    names: &mut Names,
) -> Result<Option<Vec<Action>>, Mismatch> {
    match fields.take(key) {
        None => Ok(None),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| parse_action(item, names))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(other) => Err(Mismatch::new(format!("a list of actions in `{key}`"), excerpt(&other))),
    }
}

const ACTIONS: &str = "an action (`resurrect`, `root_slot`, `store_in`, `unlink`, `drop`, `see`, \
     `see_slot`, `weakref`, `new`, `collect` or `raise`)";

fn parse_action(value: Value, names: &mut Names) -> Result<Action, Mismatch> {
    let mut fields = Fields::new(value, ACTIONS)?;
    let word = fields.word("do", ACTIONS)?;
    let action = match word.as_str() {
        "resurrect" => Action::Resurrect { name: fields.name("name", names)? },
        "root_slot" => {
            Action::RootSlot { slot: fields.slot("slot")?, name: fields.name("name", names)? }
        }
        "store_in" => {
            Action::StoreIn { name: fields.name("name", names)?, slot: fields.slot("slot")? }
        }
        "unlink" => Action::Unlink { slot: fields.slot("slot")? },
        "drop" => Action::Drop { name: fields.name("name", names)? },
        "see" => {
            Action::See { w: fields.name("w", names)?, name: fields.optional_name("name", names)? }
        }
        "see_slot" => Action::SeeSlot { slot: fields.slot("slot")? },
        "weakref" => Action::Weakref {
            w: fields.name("w", names)?,
            slot: fields.optional_slot("slot")?,
            callback: parse_actions(&mut fields, "cb", names)?,
        },
        "new" => Action::New(parse_new(&mut fields, names)?),
        "collect" => Action::Collect { generation: fields.generation("gen")? },
        "raise" => Action::Raise,
        other => return Err(Mismatch::new(ACTIONS, format!("`{other}`"))),
    };
    fields.finish(&word)?;
    Ok(action)
}
