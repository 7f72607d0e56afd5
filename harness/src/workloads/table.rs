//! The list of workloads: what each is, and how big it can be made.

use std::fmt;
use std::ops::RangeInclusive;

use super::{Checksum, Parameters};
use crate::backend::Backend;
use crate::measure::Instruments;

/// What the scale of a workload counts, and which ones make sense.
#[derive(Debug)]
pub struct Scale {
    /// What it counts.
    pub meaning: &'static str,
    /// The scale that results are reported at.
    pub default: usize,
    /// A scale at which every collector takes about a second or less.
    pub quick: usize,
    /// A scale at which even a collection at every safepoint takes about a second or less.
    pub tiny: usize,
    /// The scales that the workload accepts.
    pub range: RangeInclusive<usize>,
}

/// A program that every collector can run.
#[derive(Debug)]
pub struct Workload {
    /// The name on the command line and in reports.
    pub name: &'static str,
    /// What it does.
    pub sentence: &'static str,
    /// How big it can be made.
    pub scale: Scale,
    run: fn(Backend, &Parameters, &mut Instruments) -> Checksum,
}

impl Workload {
    /// Looks a workload up.
    ///
    /// # Errors
    ///
    /// If there is none of this name; the error lists those that exist.
    pub fn find(name: &str) -> Result<&'static Workload, UnknownWorkload> {
        WORKLOADS
            .iter()
            .find(|workload| workload.name == name)
            .ok_or_else(|| UnknownWorkload { name: name.to_owned() })
    }

    /// Answers `scale` if the workload accepts it.
    ///
    /// # Errors
    ///
    /// If the scale is too small or too large; the error tells the range.
    pub fn check_scale(&'static self, scale: usize) -> Result<usize, ScaleOutOfRange> {
        if self.scale.range.contains(&scale) {
            Ok(scale)
        } else {
            Err(ScaleOutOfRange { workload: self, scale })
        }
    }

    /// Runs the workload on one collector, in this thread.
    pub fn run(
        &self,
        backend: Backend,
        parameters: &Parameters,
        instruments: &mut Instruments,
    ) -> Checksum {
        (self.run)(backend, parameters, instruments)
    }
}

/// A name that no workload has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWorkload {
    name: String,
}

impl fmt::Display for UnknownWorkload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        write!(formatter, "there is no workload `{}`; there are: {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownWorkload {}

/// A scale that a workload does not accept.
#[derive(Clone, Copy, Debug)]
pub struct ScaleOutOfRange {
    workload: &'static Workload,
    scale: usize,
}

impl fmt::Display for ScaleOutOfRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workload { name, scale: Scale { meaning, range, .. }, .. } = self.workload;
        let (least, most, scale) = (range.start(), range.end(), self.scale);
        write!(formatter, "`{name}` takes a scale from {least} to {most} ({meaning}), not {scale}")
    }
}

impl std::error::Error for ScaleOutOfRange {}

/// Compiles the generic function of a workload for every backend and picks one at run time.
macro_rules! on_every_backend {
    ($module:ident) => {
        |backend, parameters, instruments| {
            $crate::with_collector!(backend, C => super::$module::run::<C>(parameters, instruments))
        }
    };
}

/// Every workload, in the order of the reports.
pub static WORKLOADS: [Workload; 15] = [
    Workload {
        name: "binary-trees",
        sentence: "Builds and counts many short-lived binary trees, each in one mutate, beside a \
            long-lived one.",
        scale: Scale {
            meaning: "the depth of the deepest trees",
            default: 18,
            quick: 16,
            tiny: 6,
            range: 4..=24,
        },
        run: on_every_backend!(binary_trees),
    },
    Workload {
        name: "binary-trees-rooted",
        sentence: "Builds the same trees with a possible collection after every single allocation.",
        scale: Scale {
            meaning: "the depth of the deepest trees",
            default: 18,
            quick: 15,
            tiny: 5,
            range: 4..=24,
        },
        run: on_every_backend!(binary_trees_rooted),
    },
    Workload {
        name: "gcbench",
        sentence: "Runs Boehm's GCBench: trees built bottom-up and top-down beside a long-lived \
            tree and array.",
        scale: Scale {
            meaning: "the depth of the deepest trees",
            default: 18,
            quick: 16,
            tiny: 5,
            range: 4..=22,
        },
        run: on_every_backend!(gcbench),
    },
    Workload {
        name: "quads",
        sentence: "Rebuilds a tenth of a long-lived quad tree of 40-byte nodes, a hundred times.",
        scale: Scale {
            meaning: "the depth of the tree",
            default: 10,
            quick: 8,
            tiny: 3,
            range: 1..=12,
        },
        run: on_every_backend!(quads),
    },
    Workload {
        name: "churn",
        sentence: "Stores new objects into random old cells; 16384 cells fit into a cache, \
            262144 do not.",
        scale: Scale {
            meaning: "the number of cells",
            default: 16_384,
            quick: 4_096,
            tiny: 16,
            range: 1..=1 << 24,
        },
        run: on_every_backend!(churn),
    },
    Workload {
        name: "lru",
        sentence: "Looks random keys up in a cache that forgets what was least recently used, 50 \
            times per entry.",
        scale: Scale {
            meaning: "the number of entries",
            default: 100_000,
            quick: 20_000,
            tiny: 200,
            range: 1..=10_000_000,
        },
        run: on_every_backend!(lru),
    },
    Workload {
        name: "rings",
        sentence: "Makes and drops rings of 2 to 64 nodes that point into a long-lived graph.",
        scale: Scale {
            meaning: "the number of rings",
            default: 500_000,
            quick: 100_000,
            tiny: 300,
            range: 1..=10_000_000,
        },
        run: on_every_backend!(rings),
    },
    Workload {
        name: "graph",
        sentence: "Rewrites random edges of a graph with 8 edges per node and replaces nodes, 50 \
            times per node.",
        scale: Scale {
            meaning: "the number of nodes",
            default: 200_000,
            quick: 20_000,
            tiny: 100,
            range: 1..=5_000_000,
        },
        run: on_every_backend!(graph),
    },
    Workload {
        name: "list",
        sentence: "Builds a singly linked list, walks it and drops it in two halves.",
        scale: Scale {
            meaning: "the length of the list",
            default: 10_000_000,
            quick: 3_000_000,
            tiny: 5_000,
            range: 1..=200_000_000,
        },
        run: on_every_backend!(list),
    },
    Workload {
        name: "interp",
        sentence: "Interprets n-queens in a small Lisp with boxed numbers, cons cells and frames \
            in the heap.",
        scale: Scale {
            meaning: "the size of the board",
            default: 9,
            quick: 8,
            tiny: 4,
            range: 1..=12,
        },
        run: on_every_backend!(interp),
    },
    Workload {
        name: "droppable",
        sentence: "Pushes to and pops from stacks of nodes that own a box, and counts that each \
            is dropped once.",
        scale: Scale {
            meaning: "the number of stacks",
            default: 20_000,
            quick: 5_000,
            tiny: 20,
            range: 1..=1_000_000,
        },
        run: on_every_backend!(droppable),
    },
    Workload {
        name: "large-arrays",
        sentence: "Writes scattered references into four large arrays, 64 in one mutate.",
        scale: Scale {
            meaning: "the length of each array",
            default: 1_000_000,
            quick: 200_000,
            tiny: 500,
            range: 1..=50_000_000,
        },
        run: on_every_backend!(large_arrays),
    },
    Workload {
        name: "weak-cache",
        sentence: "Finds pages through weak references and makes those again that were collected.",
        scale: Scale {
            meaning: "the number of pages",
            default: 100_000,
            quick: 20_000,
            tiny: 100,
            range: 1..=10_000_000,
        },
        run: on_every_backend!(weak_cache),
    },
    Workload {
        name: "strings",
        sentence: "Edits the lines of a text that is made of immutable strings.",
        scale: Scale {
            meaning: "the number of lines",
            default: 20_000,
            quick: 10_000,
            tiny: 50,
            range: 1..=1_000_000,
        },
        run: on_every_backend!(strings),
    },
    Workload {
        name: "heap-program",
        sentence: "Replays recorded and random heap programs and digests what is reachable and \
            what is not.",
        scale: Scale {
            meaning: "the number of rounds",
            default: 50,
            quick: 3,
            tiny: 1,
            range: 1..=10_000,
        },
        run: on_every_backend!(heap_programs),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for workload in &WORKLOADS {
            assert!(
                std::ptr::eq(Workload::find(workload.name).unwrap(), workload),
                "{}",
                workload.name
            );
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_exist() {
        let error = Workload::find("binary-tree").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no workload `binary-tree`; there are: binary-trees,"),
            "{error}"
        );
    }

    #[test]
    fn every_scale_of_the_table_is_in_its_range() {
        for Workload { name, scale, .. } in &WORKLOADS {
            for value in [scale.default, scale.quick, scale.tiny] {
                assert!(scale.range.contains(&value), "{name}: {value}");
            }
        }
    }

    #[test]
    fn a_scale_out_of_range_is_answered_with_the_range() {
        let error = Workload::find("quads").unwrap().check_scale(13).unwrap_err().to_string();
        assert_eq!(error, "`quads` takes a scale from 1 to 12 (the depth of the tree), not 13");
    }

    #[test]
    fn every_sentence_is_one() {
        for Workload { name, sentence, .. } in &WORKLOADS {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{name}");
        }
    }
}
