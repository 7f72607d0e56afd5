//! Makes a program that fails smaller, as long as it still fails: delta debugging (Zeller and
//! Hildebrandt, 2002).
//!
//! Any sequence of operations is a valid program, so whatever is left after a removal can be tried
//! as it is.

use super::op::{Action, Generation, New, Op, Slot};
use super::program::Program;

/// The smallest program that `fails` says still fails, found by removing operations and making the
/// others plainer.
///
/// No single removal makes it smaller. `program` itself must fail.
///
/// # Complexity
///
/// Runs `fails` O(n log n) times for most programs of n operations, O(n²) times for the worst.
pub fn shrink(program: &Program, fails: &mut dyn FnMut(&Program) -> bool) -> Program {
    let mut smallest =
        Program { names: program.names.clone(), ops: program.ops.clone(), lines: Vec::new() };
    loop {
        let before = smallest.ops.clone();
        remove(&mut smallest, fails);
        plain(&mut smallest, fails);
        if smallest.ops == before {
            return smallest;
        }
    }
}

/// Removes runs of operations, long ones first.
fn remove(program: &mut Program, fails: &mut dyn FnMut(&Program) -> bool) {
    let mut length = program.ops.len();
    while length > 0 {
        // From the end, where removing changes nothing for the operations before it.
        let mut end = program.ops.len();
        while end > 0 {
            let start = end.saturating_sub(length);
            let mut candidate = program.clone();
            candidate.ops.drain(start..end);
            if fails(&candidate) {
                *program = candidate;
            }
            end = start;
        }
        length /= 2;
    }
}

/// Replaces operations by plainer ones.
fn plain(program: &mut Program, fails: &mut dyn FnMut(&Program) -> bool) {
    for index in 0..program.ops.len() {
        for op in plainer(&program.ops[index]) {
            let mut candidate = program.clone();
            candidate.ops[index] = op;
            if fails(&candidate) {
                *program = candidate;
                break;
            }
        }
    }
}

/// What might do instead of an operation, the plainest first.
fn plainer(op: &Op) -> Vec<Op> {
    let mut candidates = Vec::new();
    match op {
        Op::New(new) => {
            for index in 0..new.of.len() {
                let mut shorter = new.clone();
                shorter.of.remove(index);
                candidates.push(Op::New(shorter));
            }
            if new.root != new.id {
                candidates.push(Op::New(New { root: new.id, ..new.clone() }));
            }
            let plainer = plainer_actions(&new.finalizer);
            candidates.extend(plainer.map(|finalizer| Op::New(New { finalizer, ..new.clone() })));
        }
        Op::Link { from, slot, to } => {
            // A loop on one object instead of a ring of several.
            if from != to {
                candidates.push(Op::Link { from: *from, slot: *slot, to: *from });
            }
            candidates.extend((0..slot.index()).filter_map(Slot::new).map(|slot| Op::Link {
                from: *from,
                slot,
                to: *to,
            }));
        }
        Op::Weakref { w, to, callback, held_by } => {
            let with = |callback, held_by| Op::Weakref { w: *w, to: *to, callback, held_by };
            if held_by.is_some() {
                candidates.push(with(callback.clone(), None));
            }
            candidates.extend(plainer_actions(callback).map(|callback| with(callback, *held_by)));
        }
        Op::Deref { w, root: Some(_) } => candidates.push(Op::Deref { w: *w, root: None }),
        Op::Collect { generation } if *generation != Generation::OLD => {
            candidates.push(Op::Collect { generation: Generation::OLD })
        }
        Op::Chain { id, length, close, finalizer, root } => {
            let with = |length, finalizer| Op::Chain {
                id: *id,
                length,
                close: *close,
                finalizer,
                root: *root,
            };
            if *length > 1 {
                let shorter = |length| with(length, finalizer.clone());
                candidates.extend([1, length / 2, length - 1].map(shorter));
            }
            let plainer = plainer_actions(finalizer);
            candidates.extend(plainer.map(|finalizer| with(*length, finalizer)));
        }
        Op::Churn { id, length } if *length > 0 => candidates
            .extend([0, length / 2, length - 1].map(|length| Op::Churn { id: *id, length })),
        _ => {}
    }
    candidates
}

/// What might do instead of a finalizer or a callback: none, or one that does less.
fn plainer_actions(actions: &Option<Vec<Action>>) -> impl Iterator<Item = Option<Vec<Action>>> {
    let actions = actions.as_ref();
    let shorter = actions.into_iter().flat_map(|actions| {
        (0..actions.len()).map(|index| {
            let mut shorter = actions.clone();
            shorter.remove(index);
            Some(shorter)
        })
    });
    actions.map(|_| None).into_iter().chain(shorter)
}

#[cfg(test)]
mod tests {
    use super::super::generate::generate;
    use super::super::model::{Mode, answers};
    use super::*;

    #[test]
    fn a_program_shrinks_to_what_matters() {
        // Fails: something dies in a collection, which needs an object, a cycle, a drop and a
        // collection.
        let mut fails = |program: &Program| {
            let answers = answers(program, Mode::RefcountCycles).unwrap();
            answers.iter().any(|answer| answer.op == "collect" && answer.died().count() > 0)
        };
        let program = generate(1, 200);
        assert!(fails(&program));
        let smallest = shrink(&program, &mut fails);
        assert!(fails(&smallest));
        let words: Vec<&str> = smallest.ops.iter().map(Op::word).collect();
        assert_eq!(words, ["new", "link", "drop", "collect"]);
    }

    #[test]
    fn a_program_that_always_fails_shrinks_to_nothing() {
        assert!(shrink(&generate(2, 50), &mut |_| true).ops.is_empty());
    }
}
