//! Runs random programs on every backend and compares each answer with the model's.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use gc_core::collector::{Attributes, Collector};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::catch::catch_quietly;
use super::generate::generate;
use super::judge::{Mismatch, Setting, judge};
use super::model::Mode;
use super::program::Program;
use super::replay::{Session, Setup};
use super::shrink::shrink;
use crate::backend::Backend;

/// What to run.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// How many programs.
    pub programs: u64,
    /// How many operations each has.
    pub operations: usize,
    /// The seed of the first; the next ones follow.
    pub seed: u64,
    /// On which backends.
    pub backends: Vec<Backend>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct DiffReport {
    /// How many programs ran, each on every backend in every setting.
    pub programs: u64,
    /// How many operations they have together.
    pub operations: u64,
    /// How often a program's answers on one backend in one setting were wrong.
    pub divergences: u64,
    /// The divergence of the program with the smallest seed.
    pub first: Option<Divergence>,
}

impl fmt::Display for DiffReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DiffReport { programs, operations, divergences, .. } = self;
        write!(formatter, "{programs} programs, {operations} operations, {divergences} divergences")
    }
}

/// A backend's answer that the model contradicts.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The backend.
    pub backend: Backend,
    /// How the backend was set up.
    pub setting: Setting,
    /// The seed of the program, before it was shrunk.
    pub seed: u64,
    /// The shrunk program.
    pub program: Program,
    /// The first wrong answer to the shrunk program.
    pub mismatch: Mismatch,
}

impl Divergence {
    /// Writes the shrunk program to a file that `replay` takes, with a comment that says what is
    /// wrong.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        self.program.save(path, &self.to_string())
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Divergence { backend, setting, seed, program, mismatch } = self;
        writeln!(
            formatter,
            "{backend} ({setting}), program of seed {seed}, shrunk to {} operations.",
            program.ops.len()
        )?;
        writeln!(formatter, "expected: {}", mismatch.expected)?;
        write!(formatter, "found:    {}", mismatch.found)
    }
}

/// Room for a few objects of a program only, so that they age soon.
const TINY_NURSERY_BYTES: usize = 4096;

/// The settings in which to judge a backend, found from what it says about itself.
#[must_use]
pub fn settings(attributes: &Attributes) -> Vec<Setting> {
    let ends_settled = attributes.reclaims_cycles;
    let of = |setup, mode| Setting { setup, mode, ends_settled };
    let plain = Setup::default();
    let eager = Setup {
        automatic: true,
        stress: true,
        nursery_bytes: Some(TINY_NURSERY_BYTES),
        roots_in_handles: true,
        ..plain
    };
    let epochs = Setup { automatic: true, in_epochs: true, ..plain };
    match (attributes.prompt, attributes.reclaims_cycles) {
        // A count to zero kills at once, and nothing else does.
        (true, false) => {
            vec![of(plain, Mode::Refcount), of(eager, Mode::Refcount), of(epochs, Mode::Told)]
        }
        // So it does here; cycles die when the program or, if allowed, the collector says so.
        (true, true) => vec![
            of(plain, Mode::RefcountCycles),
            of(Setup { settle: true, ..eager }, Mode::Settled),
            of(eager, Mode::Told),
            of(epochs, Mode::Told),
        ],
        // Here everything dies when the collector says so, or when it is told to until nothing more
        // dies.
        (false, true) => {
            let quick = Setup { automatic: true, nursery_bytes: Some(TINY_NURSERY_BYTES), ..plain };
            vec![
                of(Setup { settle: true, ..plain }, Mode::Settled),
                of(plain, Mode::Told),
                of(quick, Mode::Told),
                of(eager, Mode::Told),
            ]
        }
        (false, false) => vec![of(plain, Mode::Told), of(eager, Mode::Told)],
    }
}

/// Runs the programs, in parallel; `progress` is told how many are done.
///
/// The first divergence, if there is one, is shrunk before this returns.
pub fn run(options: &DiffOptions, progress: &(dyn Fn(u64) + Sync)) -> DiffReport {
    let done = AtomicU64::new(0);
    let found: Vec<(u64, Backend, Setting)> = (0..options.programs)
        .into_par_iter()
        .flat_map_iter(|number| {
            let seed = options.seed.wrapping_add(number);
            let program = generate(seed, options.operations);
            let mut found = Vec::new();
            for &backend in &options.backends {
                for setting in settings(backend.attributes()) {
                    if check_on(backend, &program, setting).is_some() {
                        found.push((number, backend, setting));
                    }
                }
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            found
        })
        .collect();
    DiffReport {
        programs: options.programs,
        operations: options.programs * options.operations as u64,
        divergences: found.len() as u64,
        first: found.iter().min_by_key(|(number, ..)| number).map(|&(number, backend, setting)| {
            let seed = options.seed.wrapping_add(number);
            diverge(backend, setting, seed, &generate(seed, options.operations))
        }),
    }
}

/// Shrinks a program that diverges, and says how it does.
fn diverge(backend: Backend, setting: Setting, seed: u64, program: &Program) -> Divergence {
    let program = shrink(program, &mut |candidate| check_on(backend, candidate, setting).is_some());
    let mismatch = check_on(backend, &program, setting).unwrap_or_else(|| Mismatch {
        expected: "the same answers every time".to_owned(),
        found: "a program that diverges at times only".to_owned(),
    });
    Divergence { backend, setting, seed, program, mismatch }
}

fn check_on(backend: Backend, program: &Program, setting: Setting) -> Option<Mismatch> {
    crate::with_collector!(backend, C => check::<C>(program, setting))
}

/// Runs a program on a collector and returns the first answer that the model contradicts. A panic
/// is an answer too, and always a wrong one.
#[must_use]
pub fn check<C: Collector + Default>(program: &Program, setting: Setting) -> Option<Mismatch> {
    let panicked =
        |message: String| Some(Mismatch::new("no panic", format!("the panic `{message}`")));
    let judged = catch_quietly(|| {
        let mut session = Session::<C>::new(setting.setup);
        let mismatch = judge(&mut session, program, setting);
        (mismatch, session)
    });
    match judged {
        Ok((None, session)) => catch_quietly(|| session.close()).map_or_else(panicked, |()| None),
        Ok((mismatch, session)) => {
            // After a wrong answer the heap may hold references to what is dead: it must not be
            // torn down.
            std::mem::forget(session);
            mismatch
        }
        Err(message) => panicked(message),
    }
}
