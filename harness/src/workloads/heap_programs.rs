//! Heap programs as a workload: a few recorded ones and a new random one in every round.
//!
//! Collectors differ in *when* an object dies. So the answer has what does not differ: after every
//! operation, how many objects are reachable, and how many are not, be they dead or waiting for a
//! collection. Operations by which a program notices deaths are left out.

use std::fs;
use std::path::{Path, PathBuf};

use gc_core::Collector;

use super::{Checksum, Parameters};
use crate::heap_program::answer::Answer;
use crate::heap_program::generate::generate;
use crate::heap_program::op::Op;
use crate::heap_program::parse::{parse_program, read_program};
use crate::heap_program::program::Program;
use crate::heap_program::replay::{Session, Setup};
use crate::measure::Instruments;

/// The programs that come with the harness, with their names. The long chain is not among them: it
/// would be most of the work, and `list` is there for that.
const RECORDED: [(&str, &str); 5] = [
    ("cascade", include_str!("../../programs/cascade.jsonl")),
    ("generations", include_str!("../../programs/generations.jsonl")),
    ("opaque_link", include_str!("../../programs/opaque_link.jsonl")),
    ("tutorial_cycle", include_str!("../../programs/tutorial_cycle.jsonl")),
    ("weak", include_str!("../../programs/weak.jsonl")),
];

/// Where there may be more programs: beside the workspace. With them the answer is another one, for
/// every collector alike.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/heap-programs");

/// Operations of a random program.
const RANDOM_OPERATIONS: usize = 2000;

/// The programs that the replay can do, in the order of their names.
fn recorded() -> Vec<Program> {
    let own = RECORDED.map(|(name, text)| {
        parse_program(text, name).expect("the harness's own programs are well-formed")
    });
    let mut files = Vec::new();
    find_programs(Path::new(FOLDER), &mut files);
    files.sort();
    let others = files.iter().filter_map(|file| read_program(file).ok());
    own.into_iter().chain(others).filter(|program| program.check_supported().is_ok()).collect()
}

/// Adds the programs in a folder and its subfolders; what cannot be read has none.
fn find_programs(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_programs(&path, files);
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str())
            // Files of answers have one more dot: `name.rc.jsonl`.
            && name.strip_suffix(".jsonl").is_some_and(|stem| !stem.contains('.'))
        {
            files.push(path);
        }
    }
}

/// Whether an operation changes what is reachable depending on what has been collected.
fn notices_deaths(op: &Op) -> bool {
    matches!(op, Op::Deref { root: Some(_), .. })
}

/// What a program did, as far as all collectors agree.
#[derive(Debug, Default)]
struct Tally {
    died: usize,
}

impl Tally {
    fn add(&mut self, answer: &Answer, checksum: &mut Checksum) {
        self.died += answer.died().count() + answer.died_unnamed;
        let floating = answer.floating.len() + answer.floating_unnamed;
        checksum.add((answer.alive - floating) as u64);
        checksum.add((self.died + floating) as u64);
        checksum.add(u64::from(answer.error.is_some()));
    }
}

fn replay<C: Collector + Default>(
    program: &Program,
    setup: Setup,
    instruments: &mut Instruments,
    checksum: &mut Checksum,
) {
    let mut session = Session::<C>::new(setup);
    let mut tally = Tally::default();
    for op in program.ops.iter().filter(|op| !notices_deaths(op)) {
        if matches!(op, Op::Reset) {
            instruments.add_stats(&session.stats());
        }
        let answer = session.step(op);
        if matches!(op, Op::Reset) {
            // The old heap has gone with everything that was alive in it.
            tally = Tally::default();
        } else {
            tally.add(&answer, checksum);
        }
    }
    instruments.add_stats(&session.stats());
    session.close();
}

/// Runs the workload; the scale is the number of rounds.
pub fn run<C: Collector + Default>(
    parameters: &Parameters,
    instruments: &mut Instruments,
) -> Checksum {
    let recorded = recorded();
    let setup = Setup {
        automatic: true,
        stress: instruments.is_stressed(),
        nursery_bytes: instruments.fixed_nursery_bytes(),
        ..Setup::default()
    };
    let mut checksum = Checksum::default();
    for round in 0..parameters.scale as u64 {
        for program in &recorded {
            replay::<C>(program, setup, instruments, &mut checksum);
        }
        let random = generate(parameters.seed.wrapping_add(round), RANDOM_OPERATIONS);
        replay::<C>(&random, setup, instruments, &mut checksum);
    }
    checksum
}
