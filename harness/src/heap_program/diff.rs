//! Runs random programs on every backend and compares each answer with the right one.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use gc_core::collector::{Attributes, Collector};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::answer::Answer;
use super::catch::catch_quietly;
use super::cpython::{CPython, OracleError};
use super::generate::{Vocabulary, generate_with};
use super::judge::{Mismatch, Setting, judge, judge_by};
use super::model::Mode;
use super::program::Program;
use super::replay::{Session, Setup};
use super::shrink::shrink;
use super::zealous::{self, Judged};
use crate::backend::Backend;

/// Who knows the right answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// The model, which knows neither finalizers nor callbacks that do something.
    Model,
    /// CPython itself.
    CPython,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// By whose answers to judge.
    pub oracle: Oracle,
    /// How many programs.
    pub programs: u64,
    /// How many operations each has.
    pub operations: usize,
    /// The seed of the first; the next ones follow.
    pub seed: u64,
    /// On which backends.
    pub backends: Vec<Backend>,
    /// In which settings: in one that is drawn by the program's seed, or else in each of the fixed ones.
    pub is_zealous: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct DiffReport {
    /// How many programs ran, each on every backend in each of its settings.
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

/// A backend's answer that the oracle contradicts.
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

impl Oracle {
    /// The settings in which to judge a backend, found from what it says about itself.
    #[must_use]
    pub fn settings(self, attributes: &Attributes) -> Vec<Setting> {
        match self {
            Oracle::Model => settings(attributes),
            Oracle::CPython => settings_by_cpython(attributes),
        }
    }

    /// The setting in which to judge a backend for the program with this seed: drawn, with zeal. `None` if
    /// it cannot be judged.
    #[must_use]
    pub fn zealous_setting(self, backend: Backend, seed: u64) -> Option<Setting> {
        let attributes = backend.attributes();
        let judged = match self {
            Oracle::Model => Judged::ByModel,
            Oracle::CPython => Judged::ByAnswers,
        };
        let is_judged = !self.settings(attributes).is_empty();
        // No two backends are set up alike because of the seed.
        let seed = seed.wrapping_mul(Backend::ALL.len() as u64).wrapping_add(backend as u64);
        is_judged.then(|| zealous::draw(attributes, judged, seed))
    }

    /// What the programs of one seed are made of: there is one for each.
    fn vocabularies(self) -> &'static [Vocabulary] {
        match self {
            Oracle::Model => &[Vocabulary::Modelled],
            Oracle::CPython => &[Vocabulary::Ordered, Vocabulary::Unordered],
        }
    }

    /// What the programs are made of that judge a backend in whose setting objects die like this.
    fn vocabulary(self, mode: Mode) -> Vocabulary {
        match (self, mode) {
            (Oracle::Model, _) => Vocabulary::Modelled,
            (Oracle::CPython, Mode::Refcount) => Vocabulary::Ordered,
            (Oracle::CPython, _) => Vocabulary::Unordered,
        }
    }
}

/// Collections at every safepoint, as far as the collector starts any.
fn eager() -> Setup {
    Setup {
        automatic: true,
        stress: true,
        nursery_bytes: Some(TINY_NURSERY_BYTES),
        roots_in_handles: true,
        ..Setup::default()
    }
}

/// The settings in which to judge a backend by the model.
#[must_use]
pub fn settings(attributes: &Attributes) -> Vec<Setting> {
    let ends_settled = attributes.reclaims_cycles;
    let of = |setup, mode| Setting { setup, mode, ends_settled };
    let plain = Setup::default();
    let eager = eager();
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

/// The settings in which to judge a backend by CPython. One that frees nothing cannot be judged so.
fn settings_by_cpython(attributes: &Attributes) -> Vec<Setting> {
    let (setup, mode) = match (attributes.prompt, attributes.reclaims_cycles) {
        (true, false) => (Setup::default(), Mode::Refcount),
        (true, true) => (Setup::default(), Mode::RefcountCycles),
        (false, true) => (Setup { settle: true, ..Setup::default() }, Mode::Settled),
        (false, false) => return Vec::new(),
    };
    let in_handles = Setup { roots_in_handles: true, ..setup };
    let mut setups = vec![setup, in_handles];
    // A collection that starts by itself finds cycles which CPython does not yet look for, unless
    // the heap is settled.
    if mode != Mode::RefcountCycles {
        setups.push(Setup { settle: setup.settle, ..eager() });
    }
    setups.into_iter().map(|setup| Setting { setup, mode, ends_settled: false }).collect()
}

/// An oracle that can be asked.
enum Judge {
    Model,
    CPython(CPython),
}

impl Judge {
    fn find(oracle: Oracle) -> Result<Judge, OracleError> {
        match oracle {
            Oracle::Model => Ok(Judge::Model),
            Oracle::CPython => CPython::find().map(Judge::CPython),
        }
    }

    /// Those of the settings in which a backend gives a wrong answer.
    fn wrong(
        &self,
        backend: Backend,
        program: &Program,
        settings: &[Setting],
    ) -> Result<Vec<Setting>, OracleError> {
        let mut wrong = Vec::new();
        for settings in settings.chunk_by(|left, right| left.mode == right.mode) {
            let answers = self.answers(program, settings[0].mode)?;
            let is_wrong = |setting: &&Setting| {
                check_on(backend, program, **setting, answers.as_deref()).is_some()
            };
            wrong.extend(settings.iter().filter(is_wrong));
        }
        Ok(wrong)
    }

    /// The first wrong answer, if there is one.
    fn check(
        &self,
        backend: Backend,
        program: &Program,
        setting: Setting,
    ) -> Result<Option<Mismatch>, OracleError> {
        let answers = self.answers(program, setting.mode)?;
        Ok(check_on(backend, program, setting, answers.as_deref()))
    }

    /// The right answers, unless the model gives them one by one.
    fn answers(&self, program: &Program, mode: Mode) -> Result<Option<Vec<Answer>>, OracleError> {
        match self {
            Judge::Model => Ok(None),
            Judge::CPython(cpython) => cpython.answers(program, mode).map(Some),
        }
    }
}

/// A program that diverges on a backend in a setting.
#[derive(Clone, Copy, Debug)]
struct Found {
    number: u64,
    vocabulary: Vocabulary,
    backend: Backend,
    setting: Setting,
}

/// What was found in some of the programs.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    divergences: u64,
    /// Of the program with the smallest seed.
    first: Option<Found>,
}

impl Tally {
    fn and(self, other: Tally) -> Tally {
        let both = self.first.into_iter().chain(other.first);
        Tally {
            divergences: self.divergences + other.divergences,
            first: both.min_by_key(|found| found.number),
        }
    }
}

/// Runs the programs, in parallel; `progress` is told how many are done.
///
/// The first divergence, if there is one, is shrunk before this returns.
///
/// # Errors
///
/// Returns an error if the oracle cannot be asked.
pub fn run(
    options: &DiffOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<DiffReport, OracleError> {
    let judge = Judge::find(options.oracle)?;
    let done = AtomicU64::new(0);
    let tally = (0..options.programs)
        .into_par_iter()
        .map(|number| {
            let found = run_one(options, &judge, number)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            let divergences = found.len() as u64;
            Ok::<_, OracleError>(Tally { divergences, first: found.into_iter().next() })
        })
        .try_reduce(Tally::default, |left, right| Ok(left.and(right)))?;
    Ok(DiffReport {
        programs: options.programs,
        operations: options.programs * options.operations as u64,
        divergences: tally.divergences,
        first: tally.first.map(|found| diverge(options, &judge, found)).transpose()?,
    })
}

/// Runs the programs of one seed.
fn run_one(options: &DiffOptions, judge: &Judge, number: u64) -> Result<Vec<Found>, OracleError> {
    let (oracle, seed) = (options.oracle, options.seed.wrapping_add(number));
    let mut found = Vec::new();
    for &vocabulary in oracle.vocabularies() {
        let program = generate_with(seed, options.operations, vocabulary);
        for &backend in &options.backends {
            let mut settings = if options.is_zealous {
                Vec::from_iter(oracle.zealous_setting(backend, seed))
            } else {
                oracle.settings(backend.attributes())
            };
            settings.retain(|setting| oracle.vocabulary(setting.mode) == vocabulary);
            let wrong = judge.wrong(backend, &program, &settings)?;
            found.extend(wrong.into_iter().map(|setting| Found {
                number,
                vocabulary,
                backend,
                setting,
            }));
        }
    }
    Ok(found)
}

/// Shrinks a program that diverges, and says how it does.
fn diverge(options: &DiffOptions, judge: &Judge, found: Found) -> Result<Divergence, OracleError> {
    let Found { number, vocabulary, backend, setting } = found;
    let seed = options.seed.wrapping_add(number);
    let program = generate_with(seed, options.operations, vocabulary);
    let program = shrink(&program, &mut |candidate| {
        judge.check(backend, candidate, setting).is_ok_and(|mismatch| mismatch.is_some())
    });
    let mismatch = judge.check(backend, &program, setting)?.unwrap_or_else(|| Mismatch {
        expected: "the same answers every time".to_owned(),
        found: "a program that diverges at times only".to_owned(),
    });
    Ok(Divergence { backend, setting, seed, program, mismatch })
}

fn check_on(
    backend: Backend,
    program: &Program,
    setting: Setting,
    answers: Option<&[Answer]>,
) -> Option<Mismatch> {
    crate::with_collector!(backend, C => match answers {
        Some(answers) => check_by::<C>(program, setting, answers),
        None => check::<C>(program, setting),
    })
}

/// Runs a program on a collector and returns the first answer that the model contradicts. A panic
/// is an answer too, and always a wrong one.
#[must_use]
pub fn check<C: Collector + Default>(program: &Program, setting: Setting) -> Option<Mismatch> {
    check_session::<C>(setting, |session| judge(session, program, setting))
}

/// Runs a program on a collector and returns the first answer that is none of `answers`, which are
/// right; as [`check`].
#[must_use]
pub fn check_by<C: Collector + Default>(
    program: &Program,
    setting: Setting,
    answers: &[Answer],
) -> Option<Mismatch> {
    check_session::<C>(setting, |session| judge_by(session, program, setting, answers))
}

fn check_session<C: Collector + Default>(
    setting: Setting,
    judge: impl FnOnce(&mut Session<C>) -> Option<Mismatch>,
) -> Option<Mismatch> {
    let panicked =
        |message: String| Some(Mismatch::new("no panic", format!("the panic `{message}`")));
    let judged = catch_quietly(|| {
        let mut session = Session::<C>::new(setting.setup);
        let mismatch = judge(&mut session);
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
