//! Starts processes that measure.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, thread};

use super::{Cause, Measurement, Order, Outcome, Setting, at_hand};

/// The hidden subcommand that measures in its own process.
pub(crate) const SUBCOMMAND: &str = "measure-here";

/// Keeps mimalloc from huge pages, and has it tell the kernel so for all of the process. The system's
/// allocator asks for none, but has them where the kernel gives them unasked.
const SMALL_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// How `gc_core::HeapFull` begins, with which an arena panics that has no memory.
const HEAP_FULL: &str = "the heap is full";

/// Knows how to start this program again.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    setting: Setting,
    time_limit: Option<Duration>,
    /// Memory that each process finds at hand.
    at_hand_bytes: usize,
}

impl Launcher {
    /// A launcher of the program that is running.
    ///
    /// # Errors
    ///
    /// If the system does not say which program that is.
    pub fn new() -> io::Result<Self> {
        Ok(Launcher::of(env::current_exe()?))
    }

    /// A launcher of some other program.
    pub(crate) fn of(program: PathBuf) -> Self {
        Launcher { program, setting: Setting::default(), time_limit: None, at_hand_bytes: 0 }
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

    /// Has a process that touches so much memory run before each one.
    #[must_use]
    pub(crate) fn at_hand_bytes(mut self, bytes: usize) -> Self {
        self.at_hand_bytes = bytes;
        self
    }

    /// Brings the memory that the next process is to find at hand. If there is not that much, what there
    /// is has to do: that such a process fails does not matter.
    pub(crate) fn bring_memory(&self) -> io::Result<()> {
        if self.at_hand_bytes > 0 {
            Command::new(&self.program)
                .arg(at_hand::SUBCOMMAND)
                .arg(format!("--bytes={}", self.at_hand_bytes))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
        }
        Ok(())
    }

    /// Measures in a new process and waits for it.
    #[must_use]
    pub fn measure(&self, order: &Order) -> Outcome {
        self.measure_with(order, self.setting)
    }

    /// Measures with a setting other than the launcher's.
    #[must_use]
    pub fn measure_with(&self, order: &Order, setting: Setting) -> Outcome {
        match self.try_measure(order, setting) {
            Ok(measurement) => Outcome::Measured(measurement),
            Err((cause, error)) => Outcome::Failed(order.failure(cause, error)),
        }
    }

    fn try_measure(&self, order: &Order, setting: Setting) -> Result<Measurement, (Cause, String)> {
        let mut arguments = vec![
            SUBCOMMAND.to_owned(),
            format!("--workload={}", order.workload.name),
            format!("--backend={}", order.contender),
            format!("--scale={}", order.parameters.scale),
            format!("--seed={}", order.parameters.seed),
        ];
        arguments.extend(setting.stress.then(|| "--stress".to_owned()));
        arguments.extend(setting.no_pauses.then(|| "--no-pauses".to_owned()));
        arguments.extend(setting.small_pages.then(|| "--small-pages".to_owned()));
        arguments.extend(setting.limit_bytes.map(|bytes| format!("--limit-bytes={bytes}")));
        arguments.extend(setting.pacing_percent.map(|percent| format!("--pacing={percent}")));
        let other = |error| (Cause::Other, error);
        let finished = self
            .run_with(&arguments, setting)
            .map_err(|error| other(format!("could not be started: {error}")))?;
        if !finished.status.success() {
            return Err((finished.cause(), finished.complaint()));
        }
        serde_json::from_str(&finished.output)
            .map_err(|error| other(format!("did not answer with a measurement: {error}")))
    }

    /// Runs this program with other arguments and waits for its end.
    pub(crate) fn run(&self, arguments: &[String]) -> io::Result<Finished> {
        self.run_with(arguments, self.setting)
    }

    fn run_with(&self, arguments: &[String], setting: Setting) -> io::Result<Finished> {
        self.bring_memory()?;
        let mut child = Command::new(&self.program)
            .args(arguments)
            .envs(setting.small_pages.then_some(SMALL_PAGES))
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
    /// Why the process did not succeed.
    pub(crate) fn cause(&self) -> Cause {
        if let Some(limit) = self.time_limit {
            Cause::TimeLimit(limit.as_secs())
        } else if self.errors.contains(HEAP_FULL) {
            Cause::HeapFull
        } else {
            Cause::Other
        }
    }

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
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn finished(script: &str) -> Finished {
        let launcher = Launcher::of("/bin/sh".into()).time_limit(Duration::from_secs(1));
        launcher.run(&["-c".to_owned(), script.to_owned()]).expect("there is a shell")
    }

    fn complaint(script: &str) -> String {
        finished(script).complaint()
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
    fn a_process_without_huge_pages_finds_that_in_its_environment() {
        let [with, without] = [false, true].map(|small_pages| {
            let setting = Setting { small_pages, ..Setting::default() };
            let launcher = Launcher::of("/bin/sh".into()).setting(setting);
            let script = "echo ${MIMALLOC_ALLOW_THP-unset}";
            launcher.run(&["-c".to_owned(), script.to_owned()]).expect("there is a shell").output
        });
        let inherited = env::var(SMALL_PAGES.0).unwrap_or_else(|_| "unset".to_owned());
        assert_eq!((with.trim(), without.trim()), (inherited.trim(), "0"));
    }

    #[test]
    fn memory_is_touched_before_each_process_if_that_is_asked_for() {
        let log = env::temp_dir().join(format!("harness-{}-at-hand", std::process::id()));
        let script = log.with_extension("sh");
        let text = format!("#!/bin/sh\necho \"$*\" >> {}\n", log.display());
        fs::write(&script, text).expect("the folder can be written to");
        fs::set_permissions(&script, Permissions::from_mode(0o700)).expect("it is ours");
        let launcher = Launcher::of(script.clone());
        let arguments = ["measure".to_owned()];
        // A process that another test starts just now may have the script open until it is another program.
        while let Err(error) = launcher.run(&arguments) {
            assert_eq!(error.kind(), io::ErrorKind::ExecutableFileBusy);
        }
        launcher.at_hand_bytes(4096).run(&arguments).expect("there is a shell");
        let written = fs::read_to_string(&log).expect("the script wrote");
        assert_eq!(written, "measure\ntouch-memory --bytes=4096\nmeasure\n");
        for file in [log, script] {
            fs::remove_file(file).expect("it is ours");
        }
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        let finished = finished("exec sleep 60");
        assert_eq!(finished.complaint(), "took longer than 1 s");
        assert_eq!(finished.cause(), Cause::TimeLimit(1));
    }

    #[test]
    fn a_full_heap_is_told_from_other_failures() {
        let arena = gc_core::Arena::<gc_core::Rootable![()], gc_core::NullCollector>::builder()
            .limit_bytes(64 << 10)
            .build(|_| ());
        let full =
            arena.enter(|mc, ()| mc.metrics().add_external(1 << 20)).expect_err("this is too much");
        assert_eq!(finished(&format!("echo '{full}' >&2; exit 1")).cause(), Cause::HeapFull);
        assert_eq!(finished("echo 'the tank is full' >&2; exit 1").cause(), Cause::Other);
    }
}
