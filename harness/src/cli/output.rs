//! The standard output, which its reader may close at any time.

use std::io::{self, StdoutLock, Write};

/// The standard output. When its reader has gone, writing does nothing.
///
/// `harness run --format json | head -1` is no error, and a job whose table nobody reads still ends
/// with the right exit code.
#[derive(Debug)]
pub(super) struct Output {
    stdout: io::BufWriter<StdoutLock<'static>>,
    is_closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Output { stdout: io::BufWriter::new(io::stdout().lock()), is_closed: false }
    }

    /// Whether the reader has gone; then a job that only prints can end.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes a text and makes the reader see it now.
    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        self.write_all(text.as_bytes())?;
        self.flush()
    }

    fn ignore_closed<T: Default>(&mut self, result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(T::default())
            }
            result => result,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let result = self.stdout.write(bytes);
        match self.ignore_closed(result)? {
            _ if self.is_closed => Ok(bytes.len()),
            written => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let result = self.stdout.flush();
        self.ignore_closed(result)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // What an error here would say was said by the last `print`.
        let _ = self.flush();
    }
}

/// Writes a line to the standard error; there is nowhere to complain if that fails.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "harness: {text}");
}
