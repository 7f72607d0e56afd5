//! A graph without its objects: which node leads to which.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::Node;

/// The targets of each node, one behind the other ("compressed sparse row").
pub(in crate::inspect) struct Adjacency {
    /// The targets of a node are those from its entry here to that of the next.
    first: Vec<usize>,
    targets: Vec<Node>,
}

impl Adjacency {
    /// The graph in which `add` has pushed the targets of each node in turn.
    pub(super) fn of<N>(
        nodes: impl ExactSizeIterator<Item = N>,
        mut add: impl FnMut(N, &mut Vec<Node>),
    ) -> Adjacency {
        let mut first = Vec::with_capacity(nodes.len() + 1);
        let mut targets = Vec::new();
        for node in nodes {
            first.push(targets.len());
            add(node, &mut targets);
        }
        first.push(targets.len());
        targets.shrink_to_fit();
        Adjacency { first, targets }
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.first.len() - 1
    }

    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + use<> {
        (0..self.len() as u32).map(Node)
    }

    /// The number of edges.
    pub(super) fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// The places of a node's edges among all.
    pub(super) fn edges(&self, node: Node) -> Range<usize> {
        self.first[node.index()]..self.first[node.index() + 1]
    }

    /// Where an edge leads.
    pub(super) fn target(&self, edge: usize) -> Node {
        self.targets[edge]
    }

    pub(in crate::inspect) fn targets(&self, node: Node) -> &[Node] {
        &self.targets[self.edges(node)]
    }

    /// Breadth-first search: for each node the one before it on a shortest way from a root.
    /// That of a root is [`Node::OUTSIDE`], that of a node which is not reached
    /// [`Node::UNREACHED`]. No way leads through a node that `avoid` refuses.
    ///
    /// # Complexity
    ///
    /// O(nodes and edges). No recursion.
    pub(super) fn search(
        &self,
        roots: impl IntoIterator<Item = Node>,
        mut avoid: impl FnMut(Node) -> bool,
    ) -> Vec<Node> {
        let mut before = vec![Node::UNREACHED; self.len()];
        let mut reached = Vec::new();
        let mut reach = |node: Node, from: Node, reached: &mut Vec<Node>| {
            let before = &mut before[node.index()];
            if *before == Node::UNREACHED && !avoid(node) {
                *before = from;
                reached.push(node);
            }
        };
        for root in roots {
            reach(root, Node::OUTSIDE, &mut reached);
        }
        let mut next = 0;
        while let Some(&node) = reached.get(next) {
            next += 1;
            for &target in self.targets(node) {
                reach(target, node, &mut reached);
            }
        }
        before
    }
}

/// Graphs to try algorithms on, and what they are by brute force.
#[cfg(test)]
pub(super) mod testing {
    use fastrand::Rng;

    use super::*;

    /// Each node refers to those in its list.
    pub(in super::super) fn graph(lists: &[impl AsRef<[u32]>]) -> Adjacency {
        Adjacency::of(lists.iter(), |list, targets| {
            targets.extend(list.as_ref().iter().copied().map(Node));
        })
    }

    /// Random lists of up to `degree` targets for so many nodes.
    pub(in super::super) fn lists(random: &mut Rng, len: usize, degree: usize) -> Vec<Vec<u32>> {
        let mut list = || -> Vec<u32> {
            (0..random.usize(..=degree)).map(|_| random.usize(..len) as u32).collect()
        };
        (0..len).map(|_| list()).collect()
    }

    /// What is reached from some nodes without passing through one.
    pub(in super::super) fn reached(
        lists: &[Vec<u32>],
        from: impl IntoIterator<Item = u32>,
        without: Option<u32>,
    ) -> Vec<bool> {
        let mut reached = vec![false; lists.len()];
        let mut pending: Vec<u32> = from.into_iter().collect();
        while let Some(node) = pending.pop() {
            if Some(node) != without && !core::mem::replace(&mut reached[node as usize], true) {
                pending.extend(&lists[node as usize]);
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::testing::{graph, lists, reached};
    use super::*;

    #[test]
    fn a_search_finds_shortest_ways() {
        let mut random = Rng::with_seed(3);
        for len in 1..40 {
            let lists = lists(&mut random, len, 3);
            let roots = [random.usize(..len) as u32, random.usize(..len) as u32];
            let graph = graph(&lists);
            let before = graph.search(roots.map(Node), |_| false);
            // The distances from the roots, in as many rounds as it takes.
            let mut distances = vec![usize::MAX; len];
            roots.iter().for_each(|&root| distances[root as usize] = 0);
            for _ in 0..len {
                for (node, list) in lists.iter().enumerate() {
                    for &target in list {
                        let distance = distances[node].saturating_add(1);
                        distances[target as usize] = distances[target as usize].min(distance);
                    }
                }
            }
            for node in graph.nodes() {
                let distance = distances[node.index()];
                match before[node.index()] {
                    Node::UNREACHED => assert_eq!(distance, usize::MAX),
                    Node::OUTSIDE => assert_eq!(distance, 0),
                    before => {
                        assert!(graph.targets(before).contains(&node));
                        assert_eq!(distance, distances[before.index()] + 1);
                    }
                }
            }
        }
    }

    #[test]
    fn a_search_does_not_pass_through_what_is_avoided() {
        let mut random = Rng::with_seed(4);
        for len in 1..40 {
            let lists = lists(&mut random, len, 3);
            let (root, without) = (random.usize(..len) as u32, random.usize(..len) as u32);
            let before = graph(&lists).search([Node(root)], |node| node == Node(without));
            let expected = reached(&lists, [root], Some(without));
            assert!(before.iter().map(|&before| before != Node::UNREACHED).eq(expected));
        }
    }
}
