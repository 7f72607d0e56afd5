//! Collections in the model: what only itself keeps alive is found by subtracting the references
//! from inside.

use super::super::op::Generation;
use super::graph::Graph;
use super::object::{Serial, Standing};

/// Tears down the tracked objects up to a generation that nothing outside of them keeps alive, and
/// returns how many there were.
///
/// References from older objects, from leaves and from roots come from outside. What the torn down
/// objects alone held without the collector's knowledge dies with them, and is not counted.
/// Survivors move to `promote_to`.
pub(super) fn collect(graph: &mut Graph, oldest: Generation, promote_to: Generation) -> usize {
    let candidates: Vec<Serial> = graph
        .living()
        .filter(|(_, object)| object.kind.is_tracked() && object.generation <= oldest)
        .map(|(serial, _)| serial)
        .collect();

    // What is left of a candidate's count after subtracting the references that candidates hold, is
    // held from outside.
    for &serial in &candidates {
        graph.objects[serial].standing = Standing::Candidate(graph.objects[serial].count);
    }
    for &serial in &candidates {
        for slot in 0..graph.objects[serial].slots.len() {
            if let Some(target) = graph.objects[serial].slots[slot]
                && let Standing::Candidate(outside) = &mut graph.objects[target].standing
            {
                *outside -= 1;
            }
        }
    }

    // Whatever those hold, is held.
    let is_held_from_outside =
        |&serial: &Serial| !matches!(graph.objects[serial].standing, Standing::Candidate(0));
    let mut pending: Vec<Serial> =
        candidates.iter().copied().filter(is_held_from_outside).collect();
    while let Some(serial) = pending.pop() {
        let object = &mut graph.objects[serial];
        if let Standing::Candidate(_) = object.standing {
            object.standing = Standing::Held;
            pending.extend(object.slots.iter().flatten());
        }
    }

    let mut unreachable = Vec::new();
    for serial in candidates {
        let object = &mut graph.objects[serial];
        match std::mem::replace(&mut object.standing, Standing::Outside) {
            Standing::Held => object.generation = promote_to,
            _ => unreachable.push(serial),
        }
    }

    // All weak references to the garbage are cleared before any of it dies, so that no callback
    // sees a part of it.
    for &serial in &unreachable {
        graph.clear_weaks(serial);
    }
    for &serial in &unreachable {
        if graph.objects[serial].is_alive {
            graph.kill(serial, true);
        }
    }
    unreachable.len()
}
