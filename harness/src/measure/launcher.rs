//! Starts processes that measure.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, thread};

use super::{Measurement, Order, Outcome, Setting};

/// The hidden subcommand that measures in its own process.
pub(crate) const SUBCOMMAND: &str = "measure-here";

/// Knows how to start this program again.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    setting: Setting,
    time_limit: Option<Duration>,
}

impl Launcher {
    /// A launcher of the program that is running.
    ///
    /// # Errors
    ///
    /// If the system does not say which program that is.
    pub fn new() -> io::Result<Self> {
        Ok(Launcher { program: env::current_exe()?, setting: Setting::default(), time_limit: None })
    }

    /// Says how our backends run the workloads.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// Ends a process that takes longer, which counts as a failure.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Measures in a new process and waits for it.
    #[must_use]
    pub fn measure(&self, order: &Order) -> Outcome {
        match self.try_measure(order) {
            Ok(measurement) => Outcome::Measured(measurement),
            Err(error) => Outcome::Failed(order.failure(error)),
        }
    }

    fn try_measure(&self, order: &Order) -> Result<Measurement, String> {
        let mut arguments = vec![
            SUBCOMMAND.to_owned(),
            format!("--workload={}", order.workload.name),
            format!("--backend={}", order.contender),
            format!("--scale={}", order.parameters.scale),
            format!("--seed={}", order.parameters.seed),
        ];
        arguments.extend(self.setting.stress.then(|| "--stress".to_owned()));
        arguments.extend(self.setting.no_pauses.then(|| "--no-pauses".to_owned()));
        let finished =
            self.run(&arguments).map_err(|error| format!("could not be started: {error}"))?;
        if !finished.status.success() {
            return Err(finished.complaint());
        }
        serde_json::from_str(&finished.output)
            .map_err(|error| format!("did not answer with a measurement: {error}"))
    }

    /// Runs this program with other arguments and waits for its end.
    pub(crate) fn run(&self, arguments: &[String]) -> io::Result<Finished> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (is_done, done) = crossbeam_channel::bounded(1);
        let errors = child.stderr.take().map(|pipe| thread::spawn(move || read_all(pipe)));
        let output = child.stdout.take().map(|pipe| {
            thread::spawn(move || {
                let text = read_all(pipe);
                // The receiver is gone if the time is over; then nobody waits for this.
                let _ = is_done.send(());
                text
            })
        });
        let is_in_time = match self.time_limit {
            // The end of its output is the end of the process, or close to it.
            Some(limit) => !matches!(
                done.recv_timeout(limit),
                Err(crossbeam_channel::RecvTimeoutError::Timeout)
            ),
            None => true,
        };
        if !is_in_time {
            child.kill()?;
        }
        let status = wait(&mut child)?;
        let join = |reader: Option<thread::JoinHandle<String>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        Ok(Finished {
            status,
            output: join(output),
            errors: join(errors),
            time_limit: self.time_limit.filter(|_| !is_in_time),
        })
    }
}

/// A process that has ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    errors: String,
    /// The time limit, if it was exceeded.
    time_limit: Option<Duration>,
}

impl Finished {
    /// How the process ended, and the first line of what it complained about.
    pub(crate) fn complaint(&self) -> String {
        let end = match self.time_limit {
            Some(limit) => format!("took longer than {} s", limit.as_secs()),
            None => format!("ended with {}", self.status),
        };
        match self.errors.lines().map(str::trim).find(|line| !line.is_empty()) {
            Some(line) => format!("{end}: {line}"),
            None => end,
        }
    }
}

/// Everything a pipe says; an error ends it, as its process has ended then.
fn read_all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    loop {
        match child.wait() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn complaint(script: &str) -> String {
        let launcher =
            Launcher { program: "/bin/sh".into(), setting: Setting::default(), time_limit: None };
        let launcher = launcher.time_limit(Duration::from_secs(1));
        launcher.run(&["-c".to_owned(), script.to_owned()]).expect("there is a shell").complaint()
    }

    #[test]
    fn a_crash_is_told_with_what_the_process_said() {
        let crash = complaint("echo; echo 'heap corrupted' >&2; kill -SEGV $$");
        assert!(
            crash.starts_with("ended with signal: 11") && crash.ends_with(": heap corrupted"),
            "{crash}"
        );
    }

    #[test]
    fn an_exit_code_is_told() {
        assert_eq!(complaint("exit 3"), "ended with exit status: 3");
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        assert_eq!(complaint("exec sleep 60"), "took longer than 1 s");
    }
}
