//! A part of the heap as a graph, and its strongly connected components.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use hashbrown::HashMap;

use crate::heap::{AddressHash, Ephemeron, ObjectRef, WeakTable, for_each_edge};

/// A node of a graph, by its number.
pub(super) type Node = usize;

/// Objects, and which of them refer to which.
pub(super) struct Graph {
    pub(super) objects: Vec<ObjectRef>,
    /// The references of a node are those from its entry here to that of the next.
    first_edges: Vec<usize>,
    targets: Vec<Node>,
}

/// The strongly connected components of a graph. They are numbered so that what a component leads to
/// has a smaller number than itself.
pub(super) struct Components {
    /// The component of each node.
    pub(super) of: Vec<usize>,
    pub(super) len: usize,
}

const NONE: usize = usize::MAX;

impl Graph {
    /// The graph of these objects; references to others are no part of it. The key of an ephemeron leads
    /// to the value, for it keeps that.
    ///
    /// # Safety
    ///
    /// The objects were not reclaimed, there is no `&mut` into any of them, and the table is of their
    /// heap.
    pub(super) unsafe fn of(objects: Vec<ObjectRef>, weak: &WeakTable) -> Graph {
        let nodes: HashMap<ObjectRef, Node, AddressHash> =
            objects.iter().copied().zip(0..).collect();
        let mut first_edges = Vec::with_capacity(objects.len() + 1);
        let mut targets = Vec::new();
        for &object in &objects {
            first_edges.push(targets.len());
            // SAFETY: the caller's promises.
            unsafe { for_each_edge(object, |target| targets.extend(nodes.get(&target))) }
            let lead_to_value = |ephemeron: Ephemeron| targets.extend(nodes.get(&ephemeron.value));
            // SAFETY: as above.
            unsafe { weak.for_each_ephemeron_of(object, lead_to_value) }
        }
        first_edges.push(targets.len());
        Graph { objects, first_edges, targets }
    }

    fn edges(&self, node: Node) -> Range<usize> {
        self.first_edges[node]..self.first_edges[node + 1]
    }

    /// The nodes that a node refers to.
    pub(super) fn targets(&self, node: Node) -> &[Node] {
        &self.targets[self.edges(node)]
    }

    /// The components, by the algorithm of Tarjan ("Depth-first search and linear graph algorithms",
    /// 1972), from a list instead of the stack.
    ///
    /// # Complexity
    ///
    /// O(nodes and references). No recursion.
    pub(super) fn components(&self) -> Components {
        let len = self.objects.len();
        let mut components = Components { of: vec![NONE; len], len: 0 };
        // When a node was met, and the earliest node that it leads back to.
        let (mut met, mut lowest) = (vec![NONE; len], vec![NONE; len]);
        let mut met_len = 0;
        // The nodes that are in no component yet, in the order in which they were met, and the way to
        // the one that is looked at, with the references that are yet to be followed.
        let (mut open, mut way) = (Vec::new(), Vec::new());
        for start in 0..len {
            if met[start] == NONE {
                way.push((start, self.edges(start)));
            }
            while let Some((node, edges)) = way.last_mut() {
                let node = *node;
                if met[node] == NONE {
                    (met[node], lowest[node]) = (met_len, met_len);
                    met_len += 1;
                    open.push(node);
                }
                if let Some(edge) = edges.next() {
                    let target = self.targets[edge];
                    if met[target] == NONE {
                        way.push((target, self.edges(target)));
                    } else if components.of[target] == NONE {
                        lowest[node] = lowest[node].min(met[target]);
                    }
                    continue;
                }
                way.pop();
                if let Some(&(before, _)) = way.last() {
                    lowest[before] = lowest[before].min(lowest[node]);
                }
                if lowest[node] == met[node] {
                    while let Some(member) = open.pop() {
                        components.of[member] = components.len;
                        if member == node {
                            break;
                        }
                    }
                    components.len += 1;
                }
            }
        }
        components
    }

    /// A shortest way from a node back to itself, if there is one; `before` is memory for a node each,
    /// all of it none, before and after.
    ///
    /// # Complexity
    ///
    /// O(nodes and references of its component).
    pub(super) fn way_around(
        &self,
        start: Node,
        components: &Components,
        before: &mut [Option<Node>],
    ) -> Option<Vec<Node>> {
        let mut reached = vec![start];
        let mut next = 0;
        let mut last = None;
        'search: while let Some(&node) = reached.get(next) {
            next += 1;
            for &target in self.targets(node) {
                if target == start {
                    last = Some(node);
                    break 'search;
                }
                if components.of[target] == components.of[start] && before[target].is_none() {
                    before[target] = Some(node);
                    reached.push(target);
                }
            }
        }
        let mut way: Vec<Node> = core::iter::successors(last, |&node| before[node]).collect();
        way.reverse();
        reached.into_iter().for_each(|node| before[node] = None);
        (!way.is_empty()).then_some(way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph without objects; each node refers to those in its list.
    fn graph(lists: &[&[Node]]) -> Graph {
        let mut graph = Graph { objects: Vec::new(), first_edges: vec![0], targets: Vec::new() };
        let mut memory = [0u8; 1];
        for list in lists {
            graph.objects.extend(ObjectRef::from_ptr(memory.as_mut_ptr()));
            graph.targets.extend_from_slice(list);
            graph.first_edges.push(graph.targets.len());
        }
        graph
    }

    fn component_of(lists: &[&[Node]]) -> Vec<usize> {
        graph(lists).components().of
    }

    #[test]
    fn what_leads_back_to_itself_is_one_component() {
        assert_eq!(component_of(&[]), []);
        assert_eq!(component_of(&[&[], &[1]]), [0, 1]);
        assert_eq!(component_of(&[&[1], &[2], &[0]]), [0, 0, 0]);
        // Two rings, and one leads to the other.
        assert_eq!(component_of(&[&[1], &[0, 2], &[3], &[2]]), [1, 1, 0, 0]);
        // A figure of eight.
        assert_eq!(component_of(&[&[1, 2], &[0], &[0]]), [0, 0, 0]);
    }

    #[test]
    fn what_a_component_leads_to_has_a_smaller_number() {
        let mut state = 1_usize;
        let mut random = |below: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) % below
        };
        for len in 1..60 {
            let lists: Vec<Vec<Node>> =
                (0..len).map(|_| (0..random(3)).map(|_| random(len)).collect()).collect();
            let slices: Vec<&[Node]> = lists.iter().map(Vec::as_slice).collect();
            let graph = graph(&slices);
            let components = graph.components();
            // Which node reaches which, by brute force.
            let mut reaches = vec![vec![false; len]; len];
            for (start, reached) in reaches.iter_mut().enumerate() {
                let mut pending = vec![start];
                while let Some(node) = pending.pop() {
                    if !core::mem::replace(&mut reached[node], true) {
                        pending.extend(&lists[node]);
                    }
                }
            }
            for (a, b) in (0..len).flat_map(|a| (0..len).map(move |b| (a, b))) {
                let is_same = components.of[a] == components.of[b];
                assert_eq!(is_same, reaches[a][b] && reaches[b][a]);
                assert!(!reaches[a][b] || components.of[b] <= components.of[a]);
            }
        }
    }

    #[test]
    fn the_way_around_is_a_shortest_one() {
        let graph = graph(&[&[1, 3], &[2], &[0], &[0], &[0, 4]]);
        let components = graph.components();
        let mut before = vec![None; 5];
        let mut around = |node| graph.way_around(node, &components, &mut before);
        assert_eq!(around(0), Some(vec![0, 3]));
        assert_eq!(around(1), Some(vec![1, 2, 0]));
        assert_eq!(around(4), Some(vec![4]));
        assert!(before.iter().all(Option::is_none));
    }

    #[test]
    fn a_long_ring_needs_no_stack() {
        const LEN: usize = 100_000;
        let targets: Vec<[Node; 1]> = (0..LEN).map(|node| [(node + 1) % LEN]).collect();
        let lists: Vec<&[Node]> = targets.iter().map(|target| &target[..]).collect();
        assert_eq!(graph(&lists).components().len, 1);
    }
}
