//! Immediate dominators by the algorithm of Lengauer and Tarjan: [`Tree`].

use alloc::vec;
use alloc::vec::Vec;

use super::{Adjacency, Node};

/// What is reachable, numbered by a depth-first search, and the immediate dominators.
pub(super) struct Tree {
    /// By number. 0 is the one outside, which leads to the roots.
    pub(super) nodes: Vec<Node>,
    /// By number, and as numbers, which are smaller. That of 0 is 0.
    pub(super) immediate: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Tree {
    /// The dominators, by the simple version of the algorithm: Lengauer and Tarjan, "A fast algorithm for
    /// finding dominators in a flowgraph", 1979.
    ///
    /// # Complexity
    ///
    /// O(edges * log(nodes)) time at worst, in practice linear. No recursion.
    pub(super) fn of(graph: &Adjacency, roots: &[Node]) -> Tree {
        let search = Search::of(graph, roots);
        let predecessors = Predecessors::of(graph, roots, &search);
        let Search { nodes, parents, .. } = search;
        let len = nodes.len();
        let mut forest = Forest::of(&parents);
        let (mut semidominators, mut immediate) = (vec![0; len], vec![0; len]);
        // The nodes of each semidominator whose dominator is yet to be found, as lists.
        let (mut heads, mut next) = (vec![NONE; len], vec![NONE; len]);
        for number in (1..len as u32).rev() {
            let parent = forest.trees[number as usize].ancestor;
            let before = predecessors.of_number(number).iter();
            let semi = before.map(|&before| forest.best(before, number + 1).semi);
            let semi = semi.fold(parent, u32::min);
            forest.trees[number as usize].best = Best { number, semi };
            semidominators[number as usize] = semi;
            next[number as usize] = core::mem::replace(&mut heads[semi as usize], number);
            // From here on `number` is linked to its parent, and all that has the parent as its
            // semidominator and was met through `number` is in the list.
            let mut waiting = core::mem::replace(&mut heads[parent as usize], NONE);
            while waiting != NONE {
                let best = forest.best(waiting, number);
                immediate[waiting as usize] =
                    if best.semi == parent { parent } else { best.number };
                waiting = next[waiting as usize];
            }
        }
        for number in 1..len {
            if immediate[number] != semidominators[number] {
                immediate[number] = immediate[immediate[number] as usize];
            }
        }
        Tree { nodes, immediate }
    }
}

/// A depth-first search from the one outside.
struct Search {
    /// By number.
    nodes: Vec<Node>,
    parents: Vec<u32>,
    /// By node; that of what is unreachable is [`NONE`].
    numbers: Vec<u32>,
}

impl Search {
    fn of(graph: &Adjacency, roots: &[Node]) -> Search {
        let mut search = Search {
            nodes: vec![Node::OUTSIDE],
            parents: vec![0],
            numbers: vec![NONE; graph.len()],
        };
        // What is met again before its turn comes is a child of who met it last, as if each target
        // were followed before the next one is looked at.
        let mut pending: Vec<(Node, u32)> = roots.iter().rev().map(|&root| (root, 0)).collect();
        while let Some((node, parent)) = pending.pop() {
            if search.numbers[node.index()] != NONE {
                continue;
            }
            let number = search.nodes.len() as u32;
            search.numbers[node.index()] = number;
            search.nodes.push(node);
            search.parents.push(parent);
            let targets = graph.targets(node).iter().rev();
            let new = targets.filter(|target| search.numbers[target.index()] == NONE);
            pending.extend(new.map(|&target| (target, number)));
        }
        search
    }
}

/// What leads to each number, in the manner of [`Adjacency`].
struct Predecessors {
    first: Vec<usize>,
    sources: Vec<u32>,
}

impl Predecessors {
    fn of(graph: &Adjacency, roots: &[Node], search: &Search) -> Predecessors {
        let from_outside = || roots.iter().map(|&root| (0, root));
        let edges = || {
            let numbered = search.nodes.iter().zip(0..).skip(1);
            let inside = numbered.flat_map(|(&node, number)| {
                graph.targets(node).iter().map(move |&target| (number, target))
            });
            from_outside().chain(inside)
        };
        let number_of = |node: Node| search.numbers[node.index()] as usize;
        let mut first = vec![0; search.nodes.len() + 1];
        // Where the next source of each number goes, from the last place on.
        edges().for_each(|(_, target)| first[number_of(target)] += 1);
        let mut sum = 0;
        for place in &mut first {
            sum += *place;
            *place = sum;
        }
        let mut sources = vec![0; sum];
        for (source, target) in edges() {
            let place = &mut first[number_of(target)];
            *place -= 1;
            sources[*place] = source;
        }
        Predecessors { first, sources }
    }

    fn of_number(&self, number: u32) -> &[u32] {
        &self.sources[self.first[number as usize]..self.first[number as usize + 1]]
    }
}

/// The numbers that were linked to their parents, the larger ones first, with paths compressed.
struct Forest {
    /// By number. What is known of one is together, for it is looked up all over the heap.
    trees: Vec<Linked>,
    /// The path that is compressed.
    path: Vec<u32>,
}

struct Linked {
    /// The parent, or above it one that stands for all between.
    ancestor: u32,
    /// Among the number itself and those that its ancestor stands for.
    best: Best,
}

/// A number with the smallest semidominator among some.
#[derive(Clone, Copy)]
struct Best {
    number: u32,
    /// That semidominator, as far as it is known; else the number itself.
    semi: u32,
}

impl Forest {
    fn of(parents: &[u32]) -> Forest {
        let alone = |(&ancestor, number)| Linked { ancestor, best: Best { number, semi: number } };
        Forest { trees: parents.iter().zip(0..).map(alone).collect(), path: Vec::new() }
    }

    /// The best on the path from the root of the tree that `number` is in, which is left out, to
    /// `number`; if that is the root, itself. The numbers from `linked` on are linked.
    fn best(&mut self, number: u32, linked: u32) -> Best {
        let mut top = number;
        // A number is linked if it is so large, and a root's child if its ancestor is not.
        while self.trees[top as usize].ancestor >= linked {
            self.path.push(top);
            top = self.trees[top as usize].ancestor;
        }
        let Linked { ancestor, mut best } = self.trees[top as usize];
        while let Some(below) = self.path.pop() {
            let below = &mut self.trees[below as usize];
            if best.semi < below.best.semi {
                below.best = best;
            }
            below.ancestor = ancestor;
            best = below.best;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::super::adjacency::testing::graph;
    use super::*;

    /// The graph of the paper, figure 1, with its nodes R, A, B, .. L as 0, 1, 2, .. 12.
    #[test]
    fn the_example_of_the_paper_comes_out() {
        let edges: [&[u32]; 13] = [
            &[1, 2, 3],
            &[4],
            &[1, 4, 5],
            &[6, 7],
            &[12],
            &[8],
            &[9],
            &[9, 10],
            &[5, 11],
            &[11],
            &[9],
            &[9, 0],
            &[8],
        ];
        let tree = Tree::of(&graph(&edges), &[Node(0)]);
        let mut immediate = [NONE; 13];
        for number in 1..tree.nodes.len() {
            let dominator = tree.nodes[tree.immediate[number] as usize];
            immediate[tree.nodes[number].index()] = dominator.0;
        }
        let outside = Node::OUTSIDE.0;
        assert_eq!(immediate, [outside, 0, 0, 0, 0, 0, 3, 3, 0, 0, 7, 0, 4]);
    }

    #[test]
    fn a_long_list_with_references_back_needs_no_stack() {
        const LEN: u32 = 1_000_000;
        let lists: Vec<[u32; 2]> =
            (0..LEN).map(|node| [(node + 1) % LEN, node.saturating_sub(1)]).collect();
        let tree = Tree::of(&graph(&lists), &[Node(0)]);
        assert!(tree.immediate[1..].iter().copied().eq(0..LEN));
    }
}
