//! `--format` of the commands that print at their end.

use clap::ValueEnum;
use serde::Serialize;

use super::Trouble;
use crate::report::Sheet;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a terminal
    Table,
    /// For a document
    Markdown,
    /// For programs: one line
    Json,
}

impl Format {
    /// Writes a sheet with a sentence about it, or the data it was made of.
    pub(super) fn write(
        self,
        sheet: &Sheet,
        sentence: &str,
        data: &impl Serialize,
    ) -> Result<String, Trouble> {
        match self {
            Format::Table => Ok(format!("{}\n{sentence}\n", sheet.table())),
            Format::Markdown => Ok(format!("{}\n{sentence}\n", sheet.markdown())),
            Format::Json => serde_json::to_string(data)
                .map(|line| line + "\n")
                .map_err(|error| Trouble::Failure(error.to_string())),
        }
    }
}
