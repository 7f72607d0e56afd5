//! The list of operations: what each is, how much of it is done, and who can do it.

use std::fmt;

use gc_core::Attributes;

use super::{Beside, Meter, Runner, cpython, plain, rc};
use crate::backend::Backend;

/// What the answer of an operation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds of CPU time for one operation: less is better.
    Nanoseconds,
    /// A share of memory, in percent: more is better. Measured without huge pages.
    Percent,
    /// How many times faster something is than something else: more is better.
    Times,
}

/// A set-up and a body that is repeated.
#[derive(Debug)]
pub struct Operation {
    /// The name on the command line and in reports.
    pub name: &'static str,
    /// What it does, and what one operation is.
    pub sentence: &'static str,
    /// What is answered.
    pub unit: Unit,
    /// The objects of the set-up, or the edges where the sentence says so.
    pub objects: usize,
    /// How often the body is repeated, so that a measurement takes a tenth of a second or so.
    pub repetitions: u64,
    run: fn(Backend, usize, &mut Meter),
    /// Why a collector with these attributes cannot, in a few words.
    refusal: fn(&Attributes) -> Option<&'static str>,
    beside: &'static [(Beside, Foreign)],
}

/// How something that is no backend does the operation.
#[derive(Clone, Copy, Debug)]
enum Foreign {
    Here(fn(usize, &mut Meter)),
    /// The name of a shape in the script for CPython.
    Python(&'static str),
}

impl Operation {
    /// Looks an operation up.
    ///
    /// # Errors
    ///
    /// If there is none of this name; the error lists those that exist.
    pub fn find(name: &str) -> Result<&'static Operation, UnknownOperation> {
        OPERATIONS
            .iter()
            .find(|operation| operation.name == name)
            .ok_or_else(|| UnknownOperation { name: name.to_owned() })
    }

    /// Who takes part: all backends, and what stands beside them in this operation.
    pub fn runners(&self) -> impl Iterator<Item = Runner> {
        let beside = self.beside.iter().map(|&(beside, _)| Runner::Beside(beside));
        Backend::ALL.into_iter().map(Runner::Backend).chain(beside)
    }

    /// Why `runner` cannot do it, in a few words; `None` if it can, or might.
    #[must_use]
    pub fn refusal(&self, runner: Runner) -> Option<&'static str> {
        match runner {
            Runner::Backend(backend) => (self.refusal)(backend.attributes()),
            Runner::Beside(beside) => self.foreign(beside).is_none().then_some("not written"),
        }
    }

    /// Does it in this thread, on this many objects, this often; answers in the operation's unit.
    ///
    /// # Errors
    ///
    /// If `runner` cannot do it; the error says why in a few words.
    pub fn run(
        &self,
        runner: Runner,
        objects: usize,
        repetitions: u64,
    ) -> Result<(f64, u64), String> {
        if let Some(reason) = self.refusal(runner) {
            return Err(reason.to_owned());
        }
        let mut meter = Meter::new(repetitions);
        match runner {
            Runner::Backend(backend) => (self.run)(backend, objects, &mut meter),
            Runner::Beside(beside) => match self.foreign(beside) {
                Some(Foreign::Here(run)) => run(objects, &mut meter),
                Some(Foreign::Python(shape)) => return cpython::run(shape, objects, repetitions),
                None => return Err("not written".to_owned()),
            },
        }
        Ok((meter.value(), meter.operations()))
    }

    fn foreign(&self, beside: Beside) -> Option<Foreign> {
        self.beside.iter().find(|&&(name, _)| name == beside).map(|&(_, foreign)| foreign)
    }
}

/// Two references to the same operation.
impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A name that no operation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOperation {
    name: String,
}

impl fmt::Display for UnknownOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        write!(formatter, "there is no operation `{}`; there are: {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownOperation {}

fn anyone(_: &Attributes) -> Option<&'static str> {
    None
}

fn never_frees(attributes: &Attributes) -> Option<&'static str> {
    let null = Backend::Null.attributes();
    (attributes.name == null.name).then_some("never frees")
}

fn leaks_cycles(attributes: &Attributes) -> Option<&'static str> {
    never_frees(attributes).or_else(|| (!attributes.reclaims_cycles).then_some("leaks cycles"))
}

/// Whoever finds cycles marks what lives.
fn does_not_trace(attributes: &Attributes) -> Option<&'static str> {
    never_frees(attributes).or_else(|| (!attributes.reclaims_cycles).then_some("does not trace"))
}

fn has_one_generation(attributes: &Attributes) -> Option<&'static str> {
    (attributes.generations < 2).then_some("has one generation")
}

/// Compiles the generic function of an operation for every backend and picks one at run time.
macro_rules! on_every_backend {
    ($module:ident :: $function:ident) => {
        |backend, objects, meter| {
            $crate::with_collector!(backend, C => super::$module::$function::<C>(objects, meter))
        }
    };
}

/// An entry of the table.
macro_rules! operation {
    ($name:literal, $sentence:literal, $objects:literal x $repetitions:literal,
        $module:ident :: $function:ident, $refusal:ident, $beside:expr $(, $unit:ident)?) => {
        Operation {
            name: $name,
            sentence: $sentence,
            unit: operation!(@unit $($unit)?),
            objects: $objects,
            repetitions: $repetitions,
            run: on_every_backend!($module::$function),
            refusal: $refusal,
            beside: &$beside,
        }
    };
    (@unit) => { Unit::Nanoseconds };
    (@unit $unit:ident) => { Unit::$unit };
}

/// `Rc` does the same by this function.
macro_rules! by_rc {
    ($function:ident) => {
        (Beside::Rc, Foreign::Here(rc::$function))
    };
}

/// CPython does the same as this shape of the script.
macro_rules! by_cpython {
    ($shape:literal) => {
        (Beside::CPython, Foreign::Python($shape))
    };
}

/// Every operation, in the order of the reports.
#[rustfmt::skip]
pub static OPERATIONS: [Operation; 33] = [
    operation!("allocate", "Makes an object that is garbage at once.",
        1_000 x 20_000, allocation::allocate, anyone, [by_rc!(allocate)]),
    operation!("dereference", "Follows a reference along a chain that lies in a cache.",
        1_024 x 20_000, access::dereference, anyone, [by_rc!(dereference)]),
    operation!("barrier-first", "Stores into an old object that was not stored into since the last collection, which is part of it.",
        1_024 x 2_000, access::barrier_first, anyone, []),
    operation!("barrier-repeated", "Stores into an old object that was stored into already.",
        1_024 x 20_000, access::barrier_repeated, anyone, []),
    operation!("mutate-empty", "Does a mutate that does nothing.",
        1_024 x 20_000, safepoints::empty, anyone, []),
    operation!("mutate-temporary", "Does a mutate that makes one object and forgets it.",
        1_024 x 10_000, safepoints::temporary, anyone, [by_rc!(temporary)]),
    operation!("mutate-replacing", "Does a mutate that links a new object into an old one and frees another, in a cache.",
        1_024 x 5_000, safepoints::replacing, anyone, [by_rc!(replacing)]),
    operation!("mutate-replacing-far", "Does a mutate that links a new object into an old one and frees another, out of the cache.",
        262_144 x 10, safepoints::replacing, anyone, [by_rc!(replacing)]),
    operation!("root-stash", "Makes a root outside of the arena, and drops it.",
        1_024 x 5_000, handles::stash, anyone, []),
    operation!("root-clone", "Copies a root outside of the arena, and drops the copy.",
        1_024 x 5_000, handles::clone, anyone, [by_rc!(clone)]),
    operation!("weak-upgrade", "Upgrades a weak reference to an object that lives, and reads it.",
        1_024 x 10_000, weak::upgrade, anyone, [by_rc!(upgrade)]),
    operation!("minor-empty", "Collects an empty nursery beside a thousand old objects.",
        1_000 x 200, minor::empty, has_one_generation, []),
    operation!("minor-empty-far", "Collects an empty nursery beside a million old objects.",
        1_000_000 x 200, minor::empty, has_one_generation, []),
    operation!("minor-survivors", "Collects a nursery of which every fourth object survives; per survivor.",
        10_000 x 200, minor::survivors, has_one_generation, [(Beside::Plain, Foreign::Here(plain::copy))]),
    operation!("mark-sequential", "Collects a heap in which everything lives: a chain and array in the order of memory; per object.",
        1_000_000 x 5, marking::sequential, does_not_trace, [by_cpython!("sequential")]),
    operation!("mark-random", "Collects a heap in which everything lives: a chain through 128 MB in random order; per object.",
        2_000_000 x 2, marking::random, does_not_trace, []),
    operation!("chase-random", "Walks along the chain of mark-random; per object.",
        2_000_000 x 2, marking::chase_random, anyone, []),
    operation!("mark-wide", "Collects a heap in which everything lives: an array of objects without references; per object.",
        1_000_000 x 10, marking::wide, does_not_trace, []),
    operation!("mark-deep", "Collects a heap in which everything lives: a chain that is held at its beginning; per object.",
        1_000_000 x 5, marking::deep, does_not_trace, []),
    operation!("two-threads-wide", "Collects an array of objects without references, all alive, by two threads: how many times faster than by one.",
        2_000_000 x 10, threads::wide, does_not_trace, [], Times),
    operation!("two-threads-sequential", "The same for a chain and array in the order of memory.",
        2_000_000 x 10, threads::sequential, does_not_trace, [], Times),
    operation!("two-threads-tree", "The same for a balanced tree in the order of memory.",
        2_000_000 x 10, threads::tree, does_not_trace, [], Times),
    operation!("two-threads-random", "The same for a chain through 128 MB in random order, of which each object refers to one more.",
        2_000_000 x 3, threads::random, does_not_trace, [], Times),
    operation!("two-threads-deep", "The same for a chain that is held at its beginning, which cannot be shared.",
        2_000_000 x 10, threads::deep, does_not_trace, [], Times),
    operation!("two-threads-small", "The same for a small tree.",
        100_000 x 200, threads::tree, does_not_trace, [], Times),
    operation!("cascade", "Lets go of an old tree; per object that dies.",
        131_071 x 20, death::cascade, never_frees, [by_rc!(cascade)]),
    operation!("cyclic-death", "Collects 10000 old rings of 21 nodes that nothing holds; per node.",
        210_000 x 10, death::rings, leaks_cycles, [by_cpython!("rings")]),
    operation!("drop-droppable", "Lets go of old objects that each own a box; per object that dies.",
        100_000 x 20, death::droppables, never_frees, [by_rc!(droppables)]),
    operation!("pages-returned", "Frees two million objects of 64 bytes but one in a thousand: how much of their memory goes back to the system.",
        2_000_000 x 1, pages::returned, never_frees, [], Percent),
    operation!("rings-collected", "Collects 100 old rings of 21 nodes that nothing holds; per node.",
        2_100 x 500, death::rings, leaks_cycles, [by_cpython!("rings")]),
    operation!("edges-traversed", "Collects a heap in which everything lives: a thousand objects that refer to each other 500 times each; per edge.",
        500_000 x 20, construction::edges, does_not_trace, [by_cpython!("edges")]),
    operation!("build", "Makes four million objects that all live, with automatic collection; per object.",
        4_000_000 x 1, construction::build, anyone, [by_cpython!("build")]),
    operation!("build-disabled", "Makes four million objects that all live, with automatic collection disabled; per object.",
        4_000_000 x 1, construction::build_disabled, anyone, [by_cpython!("build-disabled")]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Amount;

    #[test]
    fn names_are_unique_and_found() {
        for operation in &OPERATIONS {
            assert!(std::ptr::eq(Operation::find(operation.name).unwrap(), operation));
        }
        let error = Operation::find("free").unwrap_err().to_string();
        assert!(error.starts_with("there is no operation `free`; there are: allocate,"), "{error}");
    }

    #[test]
    fn every_sentence_is_one() {
        for Operation { name, sentence, .. } in &OPERATIONS {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{name}");
        }
    }

    #[test]
    fn every_operation_runs_on_everybody_or_is_refused_in_words() {
        for operation in &OPERATIONS {
            let (objects, repetitions) = Amount::Tiny.of(operation);
            for runner in operation.runners() {
                let answer = operation.run(runner, objects, repetitions);
                match operation.refusal(runner) {
                    Some(reason) => assert_eq!(answer, Err(reason.to_owned())),
                    None if runner == Runner::Beside(Beside::CPython) => {}
                    None => {
                        let (value, operations) = answer.expect("it was not refused");
                        assert!(value.is_finite(), "{} on {runner}: {value}", operation.name);
                        let is_time = operation.unit == Unit::Nanoseconds;
                        assert!(value > 0.0 || !is_time, "{} on {runner}: {value}", operation.name);
                        assert!(operations > 0, "{} on {runner}", operation.name);
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_collector_cannot_do_is_refused() {
        let refusal = |operation, backend| {
            Operation::find(operation).unwrap().refusal(Runner::Backend(backend))
        };
        assert_eq!(refusal("cyclic-death", Backend::Refcount), Some("leaks cycles"));
        assert_eq!(refusal("cascade", Backend::Null), Some("never frees"));
        assert_eq!(refusal("mark-deep", Backend::Refcount), Some("does not trace"));
        assert_eq!(refusal("minor-empty", Backend::MarkSweep), Some("has one generation"));
        assert_eq!(refusal("minor-empty", Backend::Generational), None);
        assert_eq!(refusal("cascade", Backend::Refcount), None);
    }
}
