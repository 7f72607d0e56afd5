//! What reads files: programs, answers to them, baselines, and names on the command line.

use std::str::FromStr;

use harness::backend::Backend;
use harness::heap_program::parse::{ProgramError, parse_program};
use harness::heap_program::read_answer::read_answers;
use harness::measure::Contender;

use crate::choices::Choices;

/// Reads the bytes as one of the files.
///
/// # Panics
///
/// If a reader panics, if an error does not say where it is, or if what was read is read differently
/// when it was written again.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let reader = choices.below(3);
    let text = String::from_utf8_lossy(choices.rest());
    match reader {
        0 => read_program(&text),
        1 => {
            // A program, and then the answers, which are one line.
            let (program, answers) = text.rsplit_once('\n').unwrap_or(("", &text));
            if let Ok(program) = parse_program(program, "program.jsonl") {
                let error = read_answers(answers, &program).err();
                assert!(error.is_none_or(|error| !error.to_string().is_empty()));
            }
        }
        _ => {
            if let Ok(backend) = Backend::from_str(&text) {
                assert_eq!(backend.name(), text);
            }
            let _ = Contender::from_str(&text);
        }
    }
}

fn read_program(text: &str) {
    match parse_program(text, "program.jsonl") {
        Ok(program) => {
            let mut written = Vec::new();
            program.write(&mut written).expect("a vector takes everything");
            let written = String::from_utf8(written).expect("JSON is UTF-8");
            let again = parse_program(&written, "again.jsonl").expect("what was read is a program");
            let mut rewritten = Vec::new();
            again.write(&mut rewritten).expect("as above");
            assert_eq!(
                written.as_bytes(),
                rewritten,
                "it is another program when it is read again"
            );
            assert_eq!(program.ops.len(), program.lines.len());
        }
        Err(ProgramError::Malformed { line, .. }) => {
            assert!((1..=text.lines().count()).contains(&line), "line {line} is none of the text");
        }
        Err(error) => panic!("this was no file: {error}"),
    }
}
