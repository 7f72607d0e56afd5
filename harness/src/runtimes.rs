//! Other languages' runtimes, where the machine has them: what the same workload costs there.
//!
//! The programs are in `harness/runtimes`. They do what the workloads of the same names do, answer
//! with the same checksum, and time themselves, so that neither the start of a runtime nor its
//! loading of code counts. Everything is compiled ahead of the first measurement; what a runtime
//! compiles while it runs is part of its time.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, process};

use crate::measure::{Cause, Failure, Launcher, Measurement, Outcome};
use crate::workloads::Parameters;

/// A runtime of another language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// A JVM with its serial collector.
    Java,
    /// OCaml's native compiler.
    OCaml,
}

/// A program in another language.
#[derive(Debug)]
struct Source {
    runtime: Runtime,
    workload: &'static str,
    file: &'static str,
    text: &'static str,
}

/// Every program in `harness/runtimes`.
static SOURCES: [Source; 4] = [
    Source {
        runtime: Runtime::Java,
        workload: "binary-trees",
        file: "BinaryTrees.java",
        text: include_str!("../runtimes/BinaryTrees.java"),
    },
    Source {
        runtime: Runtime::Java,
        workload: "gcbench",
        file: "Gcbench.java",
        text: include_str!("../runtimes/Gcbench.java"),
    },
    Source {
        runtime: Runtime::OCaml,
        workload: "binary-trees",
        file: "binary_trees.ml",
        text: include_str!("../runtimes/binary_trees.ml"),
    },
    Source {
        runtime: Runtime::OCaml,
        workload: "gcbench",
        file: "gcbench.ml",
        text: include_str!("../runtimes/gcbench.ml"),
    },
];

impl Runtime {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Java => "java",
            Runtime::OCaml => "ocaml",
        }
    }

    fn compiler(self) -> &'static str {
        match self {
            Runtime::Java => "javac",
            Runtime::OCaml => "ocamlopt",
        }
    }
}

/// A program that has been compiled. Its files go when it is dropped.
#[derive(Debug)]
pub struct Program {
    runtime: Runtime,
    workload: &'static str,
    folder: PathBuf,
    launcher: Launcher,
    /// What stands before the scale on the command line.
    arguments: Vec<String>,
}

impl Program {
    /// Compiles the program that does a workload. Its runs are ended at the time limit.
    ///
    /// # Errors
    ///
    /// If there is no such program, or the machine does not have the runtime; the error says which
    /// in a few words.
    pub fn compile(
        runtime: Runtime,
        workload: &'static str,
        time_limit: Duration,
    ) -> Result<Program, String> {
        let source = SOURCES
            .iter()
            .find(|source| (source.runtime, source.workload) == (runtime, workload))
            .ok_or_else(|| format!("not written in {}", runtime.name()))?;
        let folder = env::temp_dir().join(format!(
            "harness-{}-{}-{workload}",
            process::id(),
            runtime.name()
        ));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // From here on the folder is removed, whatever happens.
        let mut program = Program {
            runtime,
            workload,
            launcher: Launcher::of(folder.join("program")).time_limit(time_limit),
            folder,
            arguments: Vec::new(),
        };
        program.build(source, time_limit)?;
        Ok(program)
    }

    fn build(&mut self, source: &Source, time_limit: Duration) -> Result<(), String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let file = self.folder.join(source.file);
        fs::write(&file, source.text).map_err(|error| format!("{}: {error}", file.display()))?;
        let arguments = match self.runtime {
            Runtime::Java => vec!["-d".to_owned(), text(&self.folder), text(&file)],
            Runtime::OCaml => vec![
                "-O3".to_owned(),
                "unix.cmxa".to_owned(),
                text(&file),
                "-o".to_owned(),
                text(&self.folder.join("program")),
            ],
        };
        let compiler = self.runtime.compiler();
        let compiled = Launcher::of(compiler.into())
            .time_limit(time_limit)
            .run(&arguments)
            .map_err(|_| format!("{compiler} not found"))?;
        if !compiled.status.success() {
            return Err(format!("{compiler} {}", compiled.complaint()));
        }
        if self.runtime == Runtime::Java {
            let class = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            self.launcher = Launcher::of("java".into()).time_limit(time_limit);
            self.arguments =
                vec!["-XX:+UseSerialGC".to_owned(), "-cp".to_owned(), text(&self.folder), class];
        }
        Ok(())
    }

    /// Runs the program once. Of the figures there are only its answer and its elapsed time.
    #[must_use]
    pub fn measure(&self, parameters: &Parameters) -> Outcome {
        let (workload, backend) = (self.workload.to_owned(), self.runtime.name().to_owned());
        let Parameters { scale, seed } = *parameters;
        match self.try_measure(scale) {
            Ok((checksum, wall_ns)) => Outcome::Measured(Measurement {
                workload,
                backend,
                scale,
                seed,
                checksum,
                wall_ns,
                ..Measurement::default()
            }),
            Err((cause, error)) => {
                Outcome::Failed(Failure { workload, backend, scale, seed, cause, error })
            }
        }
    }

    /// The answer and the elapsed nanoseconds.
    fn try_measure(&self, scale: usize) -> Result<(String, u64), (Cause, String)> {
        let mut arguments = self.arguments.clone();
        arguments.push(scale.to_string());
        let finished = self
            .launcher
            .run(&arguments)
            .map_err(|error| (Cause::Other, format!("could not be started: {error}")))?;
        if !finished.status.success() {
            return Err((finished.cause(), finished.complaint()));
        }
        parse(&finished.output)
            .ok_or_else(|| (Cause::Other, format!("answered `{}`", finished.output.trim())))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for such files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A checksum and a number.
fn parse(output: &str) -> Option<(String, u64)> {
    let (checksum, wall_ns) = output.trim().split_once(' ')?;
    Some((checksum.to_owned(), wall_ns.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::measure::Instruments;
    use crate::workloads::Workload;

    #[test]
    fn an_answer_is_a_checksum_and_a_time() {
        assert_eq!(parse("00ff 12\n"), Some(("00ff".to_owned(), 12)));
        assert_eq!(parse("Killed"), None);
        assert_eq!(parse("00ff soon"), None);
    }

    #[test]
    fn the_runtimes_of_this_machine_answer_as_our_backends_do() {
        for source in &SOURCES {
            let limit = Duration::from_secs(120);
            let Ok(program) = Program::compile(source.runtime, source.workload, limit) else {
                continue;
            };
            let parameters = Parameters { scale: 6, seed: 0 };
            let workload = Workload::find(source.workload).expect("it is one of ours");
            let ours = workload.run(Backend::Refcount, &parameters, &mut Instruments::silent());
            match program.measure(&parameters) {
                Outcome::Measured(theirs) => assert_eq!(theirs.checksum, ours.to_string()),
                other => panic!("{}: {other:?}", source.file),
            }
        }
    }
}
