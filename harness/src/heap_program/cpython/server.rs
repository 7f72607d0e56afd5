//! A process that answers programs, one after the other: a line in, a line out.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::OracleError;
use super::script::Script;
use crate::heap_program::program::Program;

/// A running process. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// Open until the process is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a process; `mode` is the script's word for how objects die there.
    pub(super) fn start(script: &Script, mode: &str) -> Result<Server, OracleError> {
        let mut child = Command::new("python3")
            // Isolated: no variable and no file of the user changes what it answers.
            .arg("-I")
            // The script's folder is removed soon.
            .arg("-B")
            .arg(script.folder())
            .arg(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(OracleError::NoPython)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(OracleError::Silent("it has no pipes".to_owned()));
        };
        Ok(Server { child, input: Some(input), output: BufReader::new(output) })
    }

    /// Asks for the answers to a program: a JSON array on one line.
    ///
    /// The process reads all of a line before it writes: neither waits for the other to make room.
    pub(super) fn ask(&mut self, program: &Program) -> Result<String, OracleError> {
        let mut answers = String::new();
        let asked = self.write(program).and_then(|()| self.output.read_line(&mut answers));
        match asked {
            Ok(1..) => Ok(answers),
            // It has ended, and closed its output, or its input before.
            Ok(0) | Err(_) => Err(OracleError::Silent(self.last_words())),
        }
    }

    fn write(&mut self, program: &Program) -> std::io::Result<()> {
        let mut line = Vec::new();
        program.write_array(&mut line)?;
        line.push(b'\n');
        match &mut self.input {
            Some(input) => input.write_all(&line).and_then(|()| input.flush()),
            None => Ok(()),
        }
    }

    /// What the process has complained about last, once it has ended.
    fn last_words(&mut self) -> String {
        self.input = None;
        let mut complaints = Vec::new();
        if let Some(stderr) = &mut self.child.stderr {
            // What was read until an error is all there is to say.
            let _ = stderr.read_to_end(&mut complaints);
        }
        let complaints = String::from_utf8_lossy(&complaints);
        complaints.lines().last().unwrap_or("it ended without a word").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input. There is nobody to tell how.
        self.input = None;
        let _ = self.child.wait();
    }
}
