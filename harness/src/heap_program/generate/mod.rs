//! Random heap programs.
//!
//! Uniformly random operations would mostly name objects that are dead. So the generator runs the
//! model beside the program it writes and picks mostly what can be reached, and it draws whole
//! figures (a ring with a tail, a graph without cycles, a chain) as often as single operations. The
//! rest is wild: any name, whether it means something or not.

mod calls;
mod choices;
mod control;
mod figure;

use choices::Choices;

use super::model::{Mode, Model};
use super::name::{Name, NameMap};
use super::op::{Generation, Kind, New, Op, SLOTS, Slot};
use super::program::Program;

/// How many root names there are beside the objects' own.
const ROOTS: usize = 6;
/// How many names of weak references there are: few, so that they are made again and again.
const WEAKS: usize = 8;
/// How far back in the list of objects the generator looks for one to name: what is older is mostly
/// dead.
const RECENT: usize = 32;
/// The longest of most chains, and the largest churn.
const LENGTH_MAX: usize = 24;
/// The longest chain of all. Its members fill a block of 32 KiB.
const LONG_MAX: usize = 120;

/// What random programs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// What the model knows: neither finalizers nor callbacks that do something.
    Modelled,
    /// Beside that finalizers, callbacks and weak references in slots, for those who run them in a
    /// firm order: by a count to zero. And what the collector is told: to freeze, to keep what it finds.
    Ordered,
    /// The same for those who do not: collections. What finalizers and callbacks do comes to the same
    /// in any order.
    Unordered,
}

/// The random program with this seed and this many operations that the model can answer. The same
/// arguments give the same program on every machine.
#[must_use]
pub fn generate(seed: u64, operations: usize) -> Program {
    generate_with(seed, operations, Vocabulary::Modelled)
}

/// [`generate`], with more to choose from.
#[must_use]
pub fn generate_with(seed: u64, operations: usize, vocabulary: Vocabulary) -> Program {
    let mut generator = Generator::new(Choices::seeded(seed), vocabulary);
    while generator.program.ops.len() < operations {
        generator.draw_figure();
    }
    generator.program.ops.truncate(operations);
    generator.program
}

/// The program that comes of these bytes, each of which decides one thing, or two of them: for
/// a fuzzer. A byte that is changed changes what it has decided, and little of the rest.
#[must_use]
pub fn generate_from(bytes: &[u8], vocabulary: Vocabulary) -> Program {
    let mut generator = Generator::new(Choices::given(bytes), vocabulary);
    while !generator.choices.is_exhausted() {
        generator.draw_figure();
    }
    generator.program
}

struct Generator<'a> {
    choices: Choices<'a>,
    program: Program,
    model: Model,
    vocabulary: Vocabulary,
    /// The objects since the last reset.
    objects: Vec<(Name, Kind)>,
    /// How many objects were given a name, ever.
    named: usize,
    /// How many names finalizers and callbacks were given for themselves.
    own: usize,
    /// Those of them that may be roots.
    own_roots: Vec<Name>,
    /// In how many slots of an object finalizers store.
    stored: NameMap<usize>,
}

impl<'a> Generator<'a> {
    fn new(choices: Choices<'a>, vocabulary: Vocabulary) -> Generator<'a> {
        Generator {
            choices,
            program: Program::default(),
            model: Model::new(Mode::RefcountCycles),
            vocabulary,
            objects: Vec::new(),
            named: 0,
            own: 0,
            own_roots: Vec::new(),
            stored: NameMap::default(),
        }
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.choices.below(bound)
    }

    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Whether there are finalizers, and callbacks that do something.
    fn has_calls(&self) -> bool {
        self.vocabulary != Vocabulary::Modelled
    }

    fn emit(&mut self, op: Op) {
        self.model.step(&op);
        self.program.ops.push(op);
    }

    fn name(&mut self, prefix: char, number: usize) -> Name {
        self.program.names.intern(&format!("{prefix}{number}"))
    }

    fn root_name(&mut self) -> Name {
        let number = self.below(ROOTS);
        self.name('r', number)
    }

    fn weak_name(&mut self) -> Name {
        let number = self.below(WEAKS);
        self.name('w', number)
    }

    /// A slot; the first ones more often, so that references are overwritten.
    fn slot(&mut self) -> Slot {
        let slots = match self.vocabulary {
            Vocabulary::Unordered => calls::STORED_FIRST,
            Vocabulary::Modelled | Vocabulary::Ordered => SLOTS,
        };
        let number = if self.once_in(8) { self.below(slots) } else { self.below(4) };
        Slot::new(number).expect("the number is below SLOTS")
    }

    fn generation(&mut self) -> Generation {
        Generation::new(self.below(3)).expect("there are three generations")
    }

    /// An object of the recent past: one that can be reached, if a few tries find one that
    /// `is_wanted`.
    fn object(&mut self, is_wanted: impl Fn(Kind) -> bool) -> Name {
        let first = self.objects.len().saturating_sub(RECENT);
        let mut chosen = None;
        for _ in 0..8 {
            if self.objects.is_empty() {
                break;
            }
            let index = first + self.below(self.objects.len() - first);
            let (id, kind) = self.objects[index];
            if is_wanted(kind) {
                chosen = Some(id);
                if self.model.is_reachable(id) {
                    break;
                }
            }
        }
        chosen.unwrap_or_else(|| self.program.names.intern("nobody"))
    }

    fn any(&mut self) -> Name {
        self.object(|_| true)
    }

    /// An object with slots to write.
    fn mutable(&mut self) -> Name {
        self.object(|kind| kind != Kind::Tuple)
    }

    fn make(&mut self, kind: Kind) -> Name {
        let id = self.name('n', self.named);
        self.named += 1;
        let of = match kind {
            Kind::Tuple => (0..self.below(5)).map(|_| self.any()).collect(),
            Kind::Node | Kind::Leaf => Vec::new(),
        };
        let root = if self.once_in(8) { self.root_name() } else { id };
        let finalizer = self.finalizer(kind);
        self.emit(Op::New(New { id, kind, of, root, finalizer }));
        self.objects.push((id, kind));
        if kind == Kind::Node && self.once_in(if self.has_calls() { 3 } else { 5 }) {
            self.weakref(id);
        }
        id
    }

    fn link(&mut self, from: Name, to: Name) {
        let slot = self.slot();
        self.emit(Op::Link { from, slot, to });
    }

    /// An operation, or several.
    fn draw_figure(&mut self) {
        if self.has_calls() && self.once_in(20) {
            self.draw_for_control();
        } else if self.has_calls() && self.once_in(3) {
            self.draw_for_calls();
        } else {
            self.draw();
        }
    }

    fn draw(&mut self) {
        match self.below(100) {
            kind @ 0..15 => {
                self.make(match kind {
                    0..9 => Kind::Node,
                    9..12 => Kind::Leaf,
                    _ => Kind::Tuple,
                });
            }
            15..33 => {
                let (from, to) = (self.mutable(), self.any());
                self.link(from, to);
            }
            33..38 => {
                let (from, slot) = (self.mutable(), self.slot());
                self.emit(Op::Unlink { from, slot });
            }
            38..43 => {
                let (name, to) = (self.root_name(), self.any());
                self.emit(Op::Root { name, to });
            }
            43..57 => self.drop_root(),
            57..63 => self.ring(),
            63..66 => self.acyclic(),
            66..68 => self.chain(),
            68..74 => {
                let to = self.object(|kind| kind == Kind::Node);
                self.weakref(to);
            }
            74..79 => {
                let w = self.weak_name();
                let root = if self.once_in(3) { Some(self.root_name()) } else { None };
                self.emit(Op::Deref { w, root });
            }
            79..80 => {
                let w = self.weak_name();
                self.emit(Op::DropWeakref { w });
            }
            80..88 => {
                let generation = self.generation();
                self.emit(Op::Collect { generation });
            }
            88..91 => self.aging(),
            91..94 => self.ask(),
            94..95 => {
                let (id, length) = (self.program.names.intern("k"), self.below(LENGTH_MAX));
                self.emit(Op::Churn { id, length });
            }
            95..99 => self.wild(),
            _ => {
                if self.once_in(4) {
                    self.emit(Op::Reset);
                    self.objects.clear();
                    self.own_roots.clear();
                }
            }
        }
    }

    fn drop_root(&mut self) {
        let roots: Vec<Name> = self.model.roots().collect();
        let name = if roots.is_empty() || self.once_in(12) {
            self.any()
        } else {
            roots[self.below(roots.len())]
        };
        self.emit(Op::Drop { name });
    }

    fn weakref(&mut self, to: Name) {
        let w = self.weak_name();
        let callback = if self.once_in(2) { Some(self.callback()) } else { None };
        self.emit(Op::Weakref { w, to, callback, held_by: None });
    }

    fn ask(&mut self) {
        match self.below(4) {
            0 => self.emit(Op::Counts),
            1 => self.emit(Op::Stats),
            _ => {
                let id = self.any();
                self.emit(Op::Info { id });
            }
        }
    }

    /// An operation on names that were not looked at.
    fn wild(&mut self) {
        let number = self.below(self.named + 2);
        let id = self.name('n', number);
        let other = self.any();
        let slot = self.slot();
        let name = self.root_name();
        let op = match self.below(8) {
            0 => Op::Link { from: id, slot, to: other },
            1 => Op::Link { from: other, slot, to: id },
            2 => Op::Unlink { from: id, slot },
            3 => Op::Root { name, to: id },
            4 => Op::Drop { name: id },
            5 => Op::Weakref { w: self.weak_name(), to: id, callback: None, held_by: None },
            6 => Op::Info { id },
            _ => Op::New(New { id, kind: Kind::Node, of: Vec::new(), root: id, finalizer: None }),
        };
        if let Op::New(new) = &op {
            self.objects.push((new.id, new.kind));
        }
        self.emit(op);
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::answers;
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_program() {
        let text = |seed| {
            let mut text = Vec::new();
            generate(seed, 200).write(&mut text).unwrap();
            text
        };
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn bytes_decide_what_a_program_does() {
        let text = |bytes: &[u8]| {
            let mut text = Vec::new();
            generate_from(bytes, Vocabulary::Modelled).write(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(text(&[]), "");
        let bytes: Vec<u8> = (0..=255).collect();
        let program = text(&bytes);
        assert_eq!(program, text(&bytes));
        assert!(program.lines().count() > 20, "{program}");
        assert_ne!(program, text(&bytes[1..]));
    }

    #[test]
    fn a_program_has_as_many_operations_as_asked_for() {
        for operations in [0, 1, 99] {
            assert_eq!(generate(3, operations).ops.len(), operations);
        }
    }

    #[test]
    fn programs_with_calls_do_everything_that_calls_can() {
        for vocabulary in [Vocabulary::Ordered, Vocabulary::Unordered] {
            let mut text = Vec::new();
            for seed in 0..200 {
                generate_with(seed, 100, vocabulary).write(&mut text).unwrap();
            }
            let text = String::from_utf8(text).unwrap();
            let actions = [
                "resurrect",
                "root_slot",
                "store_in",
                "unlink",
                "drop",
                "see",
                "see_slot",
                "weakref",
                "new",
                "collect",
                "raise",
            ];
            let words = actions.map(|action| format!(r#""do": "{action}""#));
            for word in words.iter().map(String::as_str).chain([r#""held_by": "#, r#""fin": "#]) {
                let count = text.matches(word).count();
                assert!(count > 100, "{word} {count} times, {vocabulary:?}");
            }
        }
    }

    #[test]
    fn the_model_s_programs_have_no_calls() {
        for seed in 0..100 {
            assert_eq!(generate(seed, 100).check_supported(), Ok(()));
        }
    }

    #[test]
    fn programs_make_garbage_of_every_sort_and_few_mistakes() {
        let (mut refused, mut leaked, mut collected, mut died, mut cleared, mut operations) =
            (0, 0, 0, 0, 0, 0);
        for seed in 0..100 {
            let program = generate(seed, 100);
            for answer in answers(&program, Mode::RefcountCycles).unwrap() {
                operations += 1;
                refused += usize::from(answer.error.is_some());
                cleared += answer.cleared.len();
                match answer.op {
                    "collect" => collected += answer.died().count(),
                    _ => died += answer.died().count(),
                }
            }
            let last = answers(&program, Mode::Refcount).unwrap().pop().unwrap();
            leaked += last.floating.len();
        }
        assert!(
            (operations / 50..operations / 8).contains(&refused),
            "{refused} of {operations} operations were refused"
        );
        assert!(
            leaked > 200 && collected > 200 && died > 400 && cleared > 80,
            "{leaked}, {collected}, {died}, {cleared}"
        );
    }
}
