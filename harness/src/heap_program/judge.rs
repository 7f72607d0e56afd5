//! Judges whoever answers operations by the model's answers, or by answers that are known before.

use std::fmt;

use gc_core::Zeal;

use super::answer::{Answer, Event};
use super::compare::{Firm, agree};
use super::model::object::Serial;
use super::model::{Mode, Model};
use super::name::{Name, NameMap};
use super::op::{Kind, New, Op};
use super::program::Program;
use super::replay::Setup;

/// Somebody who runs a heap program: a real collector behind a [`Session`](super::replay::Session),
/// or, to test the judge, something that only pretends.
pub trait Subject {
    /// What is known of an operation that has run before the heap is looked at.
    type Performed;

    /// Runs one operation. The heap is not looked at afterwards: it may be broken.
    fn perform(&mut self, op: &Op) -> Self::Performed;

    /// The answer to the operation that was performed last.
    fn answer(&mut self, performed: Self::Performed) -> Answer;

    /// The serial numbers of the objects that the last operation killed.
    fn died(&self) -> &[u32];

    /// What operations call the object with this number; `None` for a member of a chain.
    fn id(&self, serial: u32) -> Option<Name>;

    /// Collects until nothing more dies, and returns how many objects are alive then.
    fn settle(&mut self) -> usize;
}

/// One way to run a program on a backend, and which of the model's answers are right then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// How the arena is set up.
    pub setup: Setup,
    /// How objects die in the model.
    pub mode: Mode,
    /// Whether the backend frees everything unreachable when it is told to at the end of the
    /// program.
    pub ends_settled: bool,
}

impl Setting {
    fn firm(self) -> Firm {
        let counts_and_obeys =
            matches!(self.mode, Mode::Refcount | Mode::RefcountCycles | Mode::Generations);
        Firm {
            order: counts_and_obeys,
            seen: counts_and_obeys,
            callbacks: self.mode != Mode::Told,
            returned: counts_and_obeys,
            leaves: NameMap::default(),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup {
            settle,
            automatic,
            stress,
            nursery_bytes,
            in_epochs,
            roots_in_handles,
            zeal,
            verify,
        } = self.setup;
        let words = [
            settle.then(|| "settled".to_owned()),
            automatic.then(|| "automatic".to_owned()),
            stress.then(|| "stressed".to_owned()),
            nursery_bytes.map(|bytes| format!("a nursery of {bytes} bytes")),
            in_epochs.then(|| "in epochs".to_owned()),
            roots_in_handles.then(|| "roots in handles".to_owned()),
            verify.then(|| "verified".to_owned()),
            (zeal != Zeal::OFF).then(|| format!("zeal: {zeal}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        if words.is_empty() {
            formatter.write_str("plain")
        } else {
            formatter.write_str(&words.join(", "))
        }
    }
}

/// A wrong answer and the right one, as lines of the file format or in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The right answer.
    pub expected: String,
    /// The subject's.
    pub found: String,
}

impl Mismatch {
    /// A mismatch in words.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Mismatch { expected: expected.into(), found: found.into() }
    }
}

/// Runs a program and returns the first answer of `subject` that the model contradicts.
///
/// Deaths are compared before the heap is looked at: after a wrong one it holds references to what
/// is gone.
///
/// Where a leaf dies and callbacks run in the same operation, the order is firm up to its death: drop glue
/// of what is dead runs before a callback, and what it releases may die before, too. In the model that dies
/// last. (In CPython it dies in its turn, before the callback.)
pub fn judge<S: Subject>(subject: &mut S, program: &Program, setting: Setting) -> Option<Mismatch> {
    let mut model = Model::new(setting.mode).with_opaque_links_last();
    let firm = setting.firm();
    let firm_with_leaves = Firm { leaves: leaves(program), ..setting.firm() };
    for (index, op) in program.ops.iter().enumerate() {
        let performed = subject.perform(op);
        let expected = match setting.mode {
            Mode::Told => match model.step_told(op, subject.died()) {
                Ok(expected) => expected,
                Err(serial) => {
                    let id = display(&model, program, serial);
                    return Some(Mismatch::new(
                        format!("{id} alive after operation {index}, for it is in use"),
                        format!("{id} dead"),
                    ));
                }
            },
            _ => model.step(op),
        };
        let expected_line = || expected.line(&program.names);
        if let Some(serial) = wrongly_dead(model.died(), subject.died()) {
            let id = display(&model, program, serial);
            return Some(Mismatch::new(expected_line(), format!("{id} dead, too")));
        }
        let found = subject.answer(performed);
        let is_loose = depends_on_leaves(&expected, &found, &firm_with_leaves);
        if !agree(&expected, &found, if is_loose { &firm_with_leaves } else { &firm }) {
            return Some(Mismatch::new(expected_line(), found.line(&program.names)));
        }
    }
    if setting.ends_settled {
        let (expected, found) = (model.settled_alive(), subject.settle());
        if expected != found {
            return Some(Mismatch::new(
                format!("{expected} objects alive at the end, collected until nothing more dies"),
                format!("{found} objects alive"),
            ));
        }
    }
    None
}

/// Runs a program and returns the first answer of `subject` that is none of `answers`, which are right.
///
/// As in [`judge`], deaths are compared before the heap is looked at.
///
/// What a leaf links to is released in its turn in the right answers, and by a replay when the
/// safepoint is over. What finalizers and callbacks do may depend on that. So where a leaf has died in
/// an operation in which some ran, a wrong answer says nothing: the rest of the program is not judged.
pub fn judge_by<S: Subject>(
    subject: &mut S,
    program: &Program,
    setting: Setting,
    answers: &[Answer],
) -> Option<Mismatch> {
    let firm = Firm { leaves: leaves(program), ..setting.firm() };
    for (op, expected) in program.ops.iter().zip(answers) {
        let performed = subject.perform(op);
        let expected_line = || expected.line(&program.names);
        if let Some(id) = died_unexpectedly(expected, subject) {
            if depends_on_leaves(expected, expected, &firm) {
                return None;
            }
            let id = id.map_or("a member of a chain", |id| program.names.string(id));
            return Some(Mismatch::new(expected_line(), format!("{id} dead, too")));
        }
        let found = subject.answer(performed);
        if !agree(expected, &found, &firm) {
            let is_judged = !depends_on_leaves(expected, &found, &firm);
            return is_judged.then(|| Mismatch::new(expected_line(), found.line(&program.names)));
        }
    }
    None
}

/// Whether a leaf has died in an operation in which, by either answer, finalizers or callbacks ran.
fn depends_on_leaves(expected: &Answer, found: &Answer, firm: &Firm) -> bool {
    let calls = |answer: &Answer| {
        let named = answer.events.iter().any(|event| !matches!(event, Event::Died(_)));
        named || answer.finalized_unnamed > 0
    };
    let has_dead_leaf = expected.died().any(|id| firm.leaves.get(id).is_some());
    has_dead_leaf && (calls(expected) || calls(found))
}

/// The ids that leaves have, some of which may be other objects' as well.
fn leaves(program: &Program) -> NameMap<()> {
    let mut leaves = NameMap::default();
    let made = program.ops.iter().flat_map(Op::made);
    for &New { id, kind, .. } in made {
        if kind == Kind::Leaf {
            leaves.set(id, Some(()));
        }
    }
    leaves
}

/// An object that died in the last operation and should not have.
fn died_unexpectedly<S: Subject>(expected: &Answer, subject: &S) -> Option<Option<Name>> {
    let named = expected.died().map(Some);
    let unnamed = std::iter::repeat_n(None, expected.died_unnamed);
    let mut expected: Vec<Option<Name>> = named.chain(unnamed).collect();
    expected.sort_unstable();
    let mut found: Vec<_> = subject.died().iter().map(|&serial| subject.id(serial)).collect();
    found.sort_unstable();
    // Both are sorted: what is in both comes in the same order.
    let mut expected = expected.into_iter();
    found.into_iter().find(|id| !expected.any(|other| other == *id))
}

/// What to call an object in a report.
fn display(model: &Model, program: &Program, serial: Serial) -> String {
    match model.id(serial) {
        Some(id) => program.names.string(id).to_owned(),
        None => format!("object {serial}"),
    }
}

/// An object that died and should not have.
fn wrongly_dead(expected: &[Serial], found: &[u32]) -> Option<Serial> {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let found = found.iter().map(|&number| Serial::new(number));
    found.into_iter().find(|serial| expected.binary_search(serial).is_err())
}

#[cfg(test)]
mod tests {
    use super::super::answer::Returned;
    use super::super::generate::generate;
    use super::super::parse::parse_program;
    use super::super::shrink::shrink;
    use super::*;

    /// The model as a subject, perhaps with a defect.
    struct Pretender {
        model: Model,
        died: Vec<u32>,
        spoil: fn(&mut Answer),
    }

    impl Pretender {
        fn new(mode: Mode, spoil: fn(&mut Answer)) -> Self {
            let model = Model::new(mode).with_opaque_links_last();
            Pretender { model, died: Vec::new(), spoil }
        }
    }

    impl Subject for Pretender {
        type Performed = Answer;

        fn perform(&mut self, op: &Op) -> Answer {
            let answer = self.model.step(op);
            self.died = self.model.died().iter().map(|serial| serial.number()).collect();
            answer
        }

        fn answer(&mut self, mut answer: Answer) -> Answer {
            (self.spoil)(&mut answer);
            answer
        }

        fn died(&self) -> &[u32] {
            &self.died
        }

        fn id(&self, serial: u32) -> Option<Name> {
            self.model.id(Serial::new(serial))
        }

        fn settle(&mut self) -> usize {
            self.model.settled_alive()
        }
    }

    fn judge_pretender(
        program: &Program,
        plays: Mode,
        is_judged_as: Mode,
        spoil: fn(&mut Answer),
    ) -> Option<Mismatch> {
        let setting =
            Setting { setup: Setup::default(), mode: is_judged_as, ends_settled: plays.collects() };
        judge(&mut Pretender::new(plays, spoil), program, setting)
    }

    /// How many of 80 random programs are answered wrongly, and how many operations the first of
    /// them shrinks to.
    fn wrong(plays: Mode, is_judged_as: Mode, spoil: fn(&mut Answer)) -> (usize, usize) {
        let fails =
            |program: &Program| judge_pretender(program, plays, is_judged_as, spoil).is_some();
        let mut failing: Vec<Program> =
            (0..80).map(|seed| generate(seed, 100)).filter(fails).collect();
        let count = failing.len();
        let shrunk = failing
            .drain(..)
            .next()
            .map_or(0, |program| shrink(&program, &mut |program| fails(program)).ops.len());
        (count, shrunk)
    }

    #[test]
    fn an_honest_subject_is_right() {
        for mode in [Mode::Refcount, Mode::RefcountCycles, Mode::Generations, Mode::Settled] {
            assert_eq!(wrong(mode, mode, |_| {}), (0, 0), "{mode:?}");
        }
    }

    #[test]
    fn a_subject_that_leaks_cycles_is_caught() {
        let (count, shrunk) = wrong(Mode::Refcount, Mode::RefcountCycles, |_| {});
        assert!(count > 60 && shrunk <= 4, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_that_frees_late_is_caught() {
        let (count, shrunk) = wrong(Mode::RefcountCycles, Mode::Settled, |_| {});
        assert!(count > 60 && shrunk <= 3, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_that_forgets_the_young_is_caught() {
        let (count, shrunk) = wrong(Mode::Generations, Mode::RefcountCycles, |_| {});
        assert!(count > 10 && shrunk <= 5, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_that_counts_one_too_many_is_caught() {
        let (count, shrunk) = wrong(Mode::RefcountCycles, Mode::RefcountCycles, |answer| {
            if let Some(Returned::Collected(collected @ 3..)) = &mut answer.ret {
                *collected += 1;
            }
        });
        assert!(count > 20 && shrunk <= 8, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_that_frees_children_first_is_caught() {
        let (count, shrunk) = wrong(Mode::Refcount, Mode::Refcount, |answer| {
            if answer.events.iter().all(|event| matches!(event, Event::Died(_))) {
                answer.events.reverse();
            }
        });
        assert!(count > 20 && shrunk <= 6, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_that_keeps_a_weak_reference_is_caught() {
        let (count, shrunk) = wrong(Mode::Settled, Mode::Settled, |answer| {
            answer.cleared.pop();
        });
        assert!(count > 20 && shrunk <= 3, "{count} programs, shrunk to {shrunk}");
    }

    #[test]
    fn a_subject_may_choose_the_moment() {
        for mode in [Mode::Refcount, Mode::RefcountCycles, Mode::Generations, Mode::Settled] {
            assert_eq!(wrong(mode, Mode::Told, |_| {}), (0, 0), "{mode:?}");
        }
    }

    /// A collector that may choose the moment, and chooses an object that is in use.
    struct Careless(Pretender);

    impl Subject for Careless {
        type Performed = Answer;

        fn perform(&mut self, op: &Op) -> Answer {
            self.0.perform(op)
        }

        fn answer(&mut self, answer: Answer) -> Answer {
            self.0.answer(answer)
        }

        fn died(&self) -> &[u32] {
            &[0]
        }

        fn id(&self, serial: u32) -> Option<Name> {
            self.0.id(serial)
        }

        fn settle(&mut self) -> usize {
            self.0.settle()
        }
    }

    #[test]
    fn a_subject_is_judged_by_known_answers_as_by_the_model() {
        let setting =
            Setting { setup: Setup::default(), mode: Mode::Refcount, ends_settled: false };
        let judge_by_known = |program: &Program, spoil| {
            let known = Pretender::new(Mode::Refcount, |_| {});
            let answers: Vec<Answer> = {
                let mut known = known;
                program.ops.iter().map(|op| known.perform(op)).collect()
            };
            judge_by(&mut Pretender::new(Mode::Refcount, spoil), program, setting, &answers)
        };
        for seed in 0..20 {
            let program = generate(seed, 100);
            assert_eq!(judge_by_known(&program, |_| {}), None);
            assert!(judge_by_known(&program, |answer| answer.alive += 1).is_some());
        }
    }

    #[test]
    fn a_subject_that_frees_too_much_is_caught_before_it_answers() {
        let text = r#"{"op": "new", "id": "a"}"#;
        let program = parse_program(text, "one").unwrap();
        let setting =
            Setting { setup: Setup::default(), mode: Mode::Refcount, ends_settled: false };
        let answers = super::super::model::answers(&program, Mode::Refcount).unwrap();
        let mut careless = Careless(Pretender::new(Mode::Refcount, |_| {}));
        let mismatch = judge_by(&mut careless, &program, setting, &answers).unwrap();
        assert_eq!(mismatch.found, "a dead, too");
    }

    #[test]
    fn a_subject_that_frees_what_is_reachable_is_caught() {
        let program = parse_program(r#"{"op": "new", "id": "a"}"#, "one").unwrap();
        let setting = Setting { setup: Setup::default(), mode: Mode::Told, ends_settled: false };
        let mut careless = Careless(Pretender::new(Mode::Refcount, |_| {}));
        let mismatch = judge(&mut careless, &program, setting);
        let expected = "a alive after operation 0, for it is in use";
        assert_eq!(mismatch, Some(Mismatch::new(expected, "a dead")));
    }
}
