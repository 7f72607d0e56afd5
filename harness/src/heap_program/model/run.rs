//! Runs operations on the model's heap, one after the other.

use super::super::answer::{Answer, Refusal, Returned};
use super::super::name::Name;
use super::super::op::{Generation, Op};
use super::super::program::{Program, Unsupported};
use super::collection;
use super::mode::Mode;
use super::object::Serial;
use super::state::State;

/// The answers that a backend of this mode must give to a program.
///
/// # Errors
///
/// Returns an error if the program has an operation that the model cannot do.
pub fn answers(program: &Program, mode: Mode) -> Result<Vec<Answer>, Unsupported> {
    program.check_supported()?;
    let mut model = Model::new(mode);
    Ok(program.ops.iter().map(|op| model.step(op)).collect())
}

/// A heap as the model sees it, between two operations.
#[derive(Clone, Debug)]
pub struct Model {
    mode: Mode,
    /// How many operations ran.
    index: usize,
    state: State,
}

impl Model {
    /// An empty heap.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Model { mode, index: 0, state: State::default() }
    }

    /// The same heap, with drop glue that runs when a collector is done: see
    /// [`Graph::opaque_links_last`](super::graph::Graph::opaque_links_last).
    #[must_use]
    pub fn with_opaque_links_last(mut self) -> Self {
        self.state.graph.opaque_links_last = true;
        self
    }

    /// Runs one operation.
    pub fn step(&mut self, op: &Op) -> Answer {
        let index = self.index;
        let outcome = self.start(op);
        if self.mode == Mode::Settled {
            self.state.walk();
            // Without this test most of the model's time would go into collections that find nothing.
            while self.state.graph.floating().next().is_some()
                && collection::collect(&mut self.state.graph, Generation::OLD, Generation::OLD) > 0
            {
            }
        }
        self.finish(index, op, outcome)
    }

    /// Runs one operation of a collector that decides itself when objects die: these died.
    ///
    /// # Errors
    ///
    /// Returns the number of an object that was reachable, dead already, or still referred to by
    /// one that lives on.
    pub fn step_told(&mut self, op: &Op, died: &[u32]) -> Result<Answer, Serial> {
        let index = self.index;
        let outcome = self.start(op);
        self.state.walk();
        self.bury(died)?;
        Ok(self.finish(index, op, outcome))
    }

    /// Makes objects die that a collector says it has freed.
    fn bury(&mut self, died: &[u32]) -> Result<(), Serial> {
        let graph = &mut self.state.graph;
        let died = died.iter().map(|&number| Serial::new(number));
        for serial in died.clone() {
            if serial >= graph.objects.next()
                || graph.is_reached(serial)
                || !graph.objects[serial].is_alive
            {
                return Err(serial);
            }
            graph.kill(serial, false);
        }
        // An object that lives on unreachable still may be asked for through a weak reference, and
        // then so may what it refers to.
        let mut died = died;
        died.find(|&serial| graph.objects[serial].count > 0).map_or(Ok(()), Err)
    }

    /// The objects that died in the last operation, in order.
    #[must_use]
    pub fn died(&self) -> &[Serial] {
        &self.state.graph.died
    }

    /// What operations call an object; `None` for a member of a chain.
    #[must_use]
    pub fn id(&self, serial: Serial) -> Option<Name> {
        self.state.graph.objects.get(serial)?.id
    }

    /// How many objects a collector has left that collects until nothing more dies.
    #[must_use]
    pub fn settled_alive(&self) -> usize {
        let mut graph = self.state.graph.clone();
        let uncounted: Vec<Serial> = graph
            .living()
            .filter(|(_, object)| object.count == 0)
            .map(|(serial, _)| serial)
            .collect();
        for serial in uncounted {
            if graph.objects[serial].is_alive {
                graph.kill(serial, true);
            }
        }
        while collection::collect(&mut graph, Generation::OLD, Generation::OLD) > 0 {}
        graph.alive
    }

    /// Whether an operation may name the object with this id.
    #[must_use]
    pub fn is_reachable(&self, id: Name) -> bool {
        self.state.resolve(id).is_ok()
    }

    /// The names of the roots.
    pub fn roots(&self) -> impl Iterator<Item = Name> {
        self.state.roots.iter().map(|(name, _)| name)
    }

    /// Checks that every count is the number of references.
    ///
    /// # Panics
    ///
    /// Panics if one is not.
    pub fn check_counts(&self) {
        self.state.graph.check_counts(self.state.roots.iter().map(|(_, &serial)| serial));
    }

    fn start(&mut self, op: &Op) -> Result<Option<Returned>, Refusal> {
        self.index += 1;
        self.state.graph.died.clear();
        self.state.run(op, self.mode)
    }

    fn finish(
        &mut self,
        index: usize,
        op: &Op,
        outcome: Result<Option<Returned>, Refusal>,
    ) -> Answer {
        let state = &mut self.state;
        state.walk();
        state.graph.tidy();
        let (ret, error) = match outcome {
            Ok(ret) => (ret, None),
            Err(refusal) => (None, Some(refusal)),
        };
        Answer {
            index,
            op: op.word(),
            ret,
            error,
            events: std::mem::take(&mut state.graph.events),
            cleared: std::mem::take(&mut state.graph.cleared),
            finalized_unnamed: 0,
            died_unnamed: state.graph.died_unnamed(),
            floating: state.graph.floating().filter_map(|object| object.id).collect(),
            floating_unnamed: state.graph.floating().filter(|object| object.id.is_none()).count(),
            alive: state.graph.alive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::generate::generate;
    use super::*;

    #[test]
    fn counts_are_the_numbers_of_references_after_every_operation() {
        for mode in [Mode::Refcount, Mode::RefcountCycles, Mode::Generations, Mode::Settled] {
            for seed in 0..20 {
                let mut model = Model::new(mode);
                for op in &generate(seed, 100).ops {
                    model.step(op);
                    model.check_counts();
                }
            }
        }
    }
}
