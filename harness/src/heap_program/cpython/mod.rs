//! CPython as an oracle: what it answers to heap programs, by a script of ours that `python3` runs.
//!
//! The script (`harness/cpython/oracle`) simulates nothing: nodes are Python objects, and what dies
//! when is CPython's doing.
//!
//! - `script`: the script's files, where `python3` finds them.
//! - `server`: a process that answers one program after the other.

mod script;
mod server;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use self::script::Script;
use self::server::Server;
use super::answer::Answer;
use super::model::Mode;
use super::program::Program;
use super::read_answer::{AnswerError, read_answers};

/// The oldest CPython that the script is written for: major and minor version.
const OLDEST: (u32, u32) = (3, 10);

/// Prints the implementation's name, the major and the minor version.
const ASK_VERSION: &str = "import sys; print(sys.implementation.name, *sys.version_info[:2])";

/// CPython, which answers heap programs in as many processes as there are threads that ask at once.
#[derive(Debug)]
pub struct CPython {
    /// The processes that have nothing to do, by the way in which objects die there.
    idle: Mutex<Vec<(&'static str, Server)>>,
    // Removed after the processes have ended: fields are dropped in this order.
    script: Script,
}

impl CPython {
    /// Finds CPython. No process that answers runs yet.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no `python3` on the path, if it is another implementation or too
    /// old, or if the script cannot be written to the folder for temporary files.
    pub fn find() -> Result<CPython, OracleError> {
        check_version()?;
        Ok(CPython { idle: Mutex::default(), script: Script::write()? })
    }

    /// What CPython answers to a program if objects die as in this mode of the model.
    ///
    /// # Errors
    ///
    /// Returns an error if CPython does not answer the program.
    pub fn answers(&self, program: &Program, mode: Mode) -> Result<Vec<Answer>, OracleError> {
        let word = word(mode).ok_or(OracleError::UnknownMode(mode))?;
        let mut server = match self.take_idle(word) {
            Some(server) => server,
            None => Server::start(&self.script, word)?,
        };
        // A process that did not answer is not asked again.
        let line = server.ask(program)?;
        let answers = read_answers(&line, program)?;
        self.lock_idle().push((word, server));
        Ok(answers)
    }

    fn take_idle(&self, word: &str) -> Option<Server> {
        let mut idle = self.lock_idle();
        let index = idle.iter().position(|(mode, _)| *mode == word)?;
        Some(idle.swap_remove(index).1)
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<(&'static str, Server)>> {
        // Nothing panics in between, and if it did: the list is whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the script calls a mode.
fn word(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Refcount => Some("rc"),
        Mode::RefcountCycles => Some("rccycle"),
        Mode::Generations => Some("gen"),
        Mode::Settled => Some("settled"),
        Mode::Told => None,
    }
}

fn check_version() -> Result<(), OracleError> {
    let output = Command::new("python3")
        .args(["-I", "-c", ASK_VERSION])
        .stdin(Stdio::null())
        .output()
        .map_err(OracleError::NoPython)?;
    let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_recent_cpython(&found) { Ok(()) } else { Err(OracleError::OtherPython(found)) }
}

/// Whether this is what a CPython prints that is recent enough.
fn is_recent_cpython(found: &str) -> bool {
    let words: Vec<&str> = found.split(' ').collect();
    let [implementation, major, minor] = words[..] else { return false };
    let version = major.parse().ok().zip(minor.parse().ok());
    implementation == "cpython" && version.is_some_and(|version| version >= OLDEST)
}

/// Why CPython does not answer.
#[derive(Debug)]
pub enum OracleError {
    /// `python3` cannot be started.
    NoPython(io::Error),
    /// `python3` is something else, or too old: what it says about itself.
    OtherPython(String),
    /// The script's files cannot be written.
    NoScript {
        /// Where they should be.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// CPython does not die in this mode.
    UnknownMode(Mode),
    /// The process has ended, or cannot be talked to: what it said last.
    Silent(String),
    /// What it answers, makes no sense.
    Malformed(AnswerError),
}

impl OracleError {
    /// Whether this machine cannot ask CPython at all.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, OracleError::NoPython(_) | OracleError::OtherPython(_))
    }
}

impl fmt::Display for OracleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = OLDEST;
        match self {
            OracleError::NoPython(error) => write!(
                formatter,
                "the oracle needs CPython {major}.{minor} or newer: `python3` cannot be started ({error})"
            ),
            OracleError::OtherPython(found) => write!(
                formatter,
                "the oracle needs CPython {major}.{minor} or newer: `python3` says that it is `{found}`"
            ),
            OracleError::NoScript { folder, error } => {
                write!(formatter, "the oracle's script: {}: {error}", folder.display())
            }
            OracleError::UnknownMode(mode) => write!(formatter, "CPython has no mode {mode:?}"),
            OracleError::Silent(message) => write!(formatter, "the oracle has failed: {message}"),
            OracleError::Malformed(error) => write!(formatter, "the oracle's answers: {error}"),
        }
    }
}

impl std::error::Error for OracleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OracleError::NoPython(error) | OracleError::NoScript { error, .. } => Some(error),
            OracleError::Malformed(error) => Some(error),
            _ => None,
        }
    }
}

impl From<AnswerError> for OracleError {
    fn from(error: AnswerError) -> Self {
        OracleError::Malformed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Event;
    use super::super::generate::{Vocabulary, generate_with};
    use super::super::model;
    use super::super::parse::parse_program;
    use super::*;

    #[test]
    fn only_a_cpython_that_is_recent_will_do() {
        assert!(is_recent_cpython("cpython 3 10"));
        assert!(is_recent_cpython("cpython 4 0"));
        assert!(!is_recent_cpython("cpython 3 9"));
        assert!(!is_recent_cpython("pypy 3 11"));
        assert!(!is_recent_cpython(""));
    }

    #[test]
    fn it_answers_what_the_model_does_where_there_is_one() {
        let Some(cpython) = find_or_skip() else { return };
        let text = r#"
            {"op": "new", "id": "a"}
            {"op": "link", "from": "a", "slot": 0, "to": "a"}
            {"op": "weakref", "w": "w", "to": "a"}
            {"op": "drop", "name": "a"}
            {"op": "collect", "gen": 2}
        "#;
        let program = parse_program(text, "ring").unwrap();
        for mode in [Mode::Refcount, Mode::RefcountCycles, Mode::Generations] {
            let expected = model::answers(&program, mode).unwrap();
            // The second time it is the same process.
            for _ in 0..2 {
                assert_eq!(cpython.answers(&program, mode).unwrap(), expected, "{mode:?}");
            }
        }
    }

    #[test]
    fn random_programs_finalize_resurrect_and_call_back() {
        let Some(cpython) = find_or_skip() else { return };
        let modes = [
            (Vocabulary::Ordered, Mode::Refcount),
            (Vocabulary::Unordered, Mode::RefcountCycles),
            (Vocabulary::Unordered, Mode::Settled),
        ];
        for (vocabulary, mode) in modes {
            let (mut finalized, mut callbacks, mut nested, mut saw) = (0, 0, 0, 0);
            for seed in 0..100 {
                let program = generate_with(seed, 80, vocabulary);
                for answer in cpython.answers(&program, mode).unwrap() {
                    finalized += answer.finalized().count();
                    callbacks += answer.callbacks().count();
                    let count = |is_such: fn(&Event) -> bool| {
                        answer.events.iter().filter(|event| is_such(event)).count()
                    };
                    nested += count(|event| matches!(event, Event::NestedCollect { .. }));
                    saw +=
                        count(|event| matches!(event, Event::Saw { .. } | Event::SawSlot { .. }));
                }
            }
            assert!(
                finalized > 300 && callbacks > 100 && nested > 30 && saw > 100,
                "{mode:?}: {finalized}, {callbacks}, {nested}, {saw}"
            );
        }
    }

    #[test]
    fn it_leaves_no_files_behind() {
        let Some(cpython) = find_or_skip() else { return };
        let folder = cpython.script.folder().to_owned();
        let program = Program::default();
        cpython.answers(&program, Mode::Refcount).unwrap();
        assert!(folder.is_dir());
        drop(cpython);
        assert!(!folder.exists());
    }

    #[test]
    fn a_process_that_cannot_answer_says_why() {
        let Some(cpython) = find_or_skip() else { return };
        std::fs::write(cpython.script.folder().join("__main__.py"), "raise SystemExit('no way')")
            .unwrap();
        let error = cpython.answers(&Program::default(), Mode::Refcount).unwrap_err();
        assert_eq!(error.to_string(), "the oracle has failed: no way");
    }

    fn find_or_skip() -> Option<CPython> {
        match CPython::find() {
            Err(error) if error.is_missing() => {
                println!("skipped: {error}");
                None
            }
            found => Some(found.unwrap()),
        }
    }
}
