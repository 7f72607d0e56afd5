//! Rows of text that are printed as a table or as Markdown.

use std::fmt::Write;
use std::ops::Range;

use super::table::{finish, new_table};

/// A header and rows of as many cells.
#[derive(Clone, Debug)]
pub struct Sheet {
    header: Vec<String>,
    /// The columns that are aligned to the right.
    numbers: Range<usize>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// A sheet without rows, whose columns `numbers` are aligned to the right.
    #[must_use]
    pub fn new(header: &[&str], numbers: Range<usize>) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Sheet { header, numbers, rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it has not as many cells as the header.
    pub fn add(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.header.len(), "a row has a cell for each column");
        self.rows.push(row);
    }

    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let header: Vec<_> = self.header.iter().map(String::as_str).collect();
        let mut table = new_table(&header, self.numbers.clone());
        for row in &self.rows {
            table.add_row(row);
        }
        finish(&table)
    }

    /// For a document.
    #[must_use]
    pub fn markdown(&self) -> String {
        let rulers = (0..self.header.len())
            .map(|place| if self.numbers.contains(&place) { "--:" } else { "---" }.to_owned())
            .collect();
        let mut text = String::new();
        for row in [&self.header, &rulers].into_iter().chain(&self.rows) {
            for cell in row {
                // A string takes everything.
                let _ = write!(text, "| {} ", cell.replace('|', "\\|"));
            }
            text.push_str("|\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_aligns_numbers_and_escapes_bars() {
        let mut sheet = Sheet::new(&["who", "time"], 1..2);
        sheet.add(vec!["a|b".to_owned(), "1 s".to_owned()]);
        assert_eq!(sheet.markdown(), "| who | time |\n| --- | --: |\n| a\\|b | 1 s |\n");
    }
}
