//! The strongly connected components of a graph: [`Components`].

use alloc::vec;
use alloc::vec::Vec;

use super::{Adjacency, Node};

/// The strongly connected components of a graph: nodes each of which leads to all others, and those
/// that are in no cycle, each by itself. See [`HeapGraph::components`](super::HeapGraph::components).
///
/// They are numbered so that what a component leads to has a smaller number than itself.
///
/// Memory: 12 bytes for each object, and 4 for each component.
///
/// # Examples
///
/// Which objects form a cycle?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, Lock, NullCollector, Rootable, Trace, unlock};
///
/// #[derive(Trace)]
/// struct Person<'gc> {
///     name: Gc<'gc, str>,
///     friend: Lock<Option<Gc<'gc, Person<'gc>>>>,
/// }
///
/// let mut arena: Arena<Rootable![Gc<'_, Person<'_>>], NullCollector> = Arena::new(|mc| {
///     let [ada, bob] = ["Ada", "Bob"].map(|name| {
///         Gc::new(mc, Person { name: Gc::new_str(mc, name), friend: Lock::new(None) })
///     });
///     unlock!(Gc::write(mc, ada), Person, friend).set(Some(bob));
///     unlock!(Gc::write(mc, bob), Person, friend).set(Some(ada));
///     ada
/// });
/// arena.inspect(|heap, ada| {
///     let graph = heap.graph();
///     let components = graph.components();
///     // The two of them, and each of their names.
///     assert_eq!(components.count(), 3);
///     let [cycle] = components.cycles().collect::<Vec<_>>()[..] else { panic!("there is one") };
///     assert!(components.is_cycle(cycle));
///     assert_eq!(components.members(cycle).len(), 2);
///
///     let node = |object| graph.node(object).expect("it is in the graph");
///     let (ada, name) = (node(AnyGc::from(*ada)), node(AnyGc::from(ada.name)));
///     assert_eq!(components.of(ada), cycle);
///     assert!(components.of(name) < cycle, "the cycle leads to it");
///     assert_eq!(components.way_around(ada).map(|way| way.len()), Some(2));
///     assert_eq!(components.way_around(name), None);
/// });
/// ```
pub struct Components<'a> {
    graph: &'a Adjacency,
    /// The component of each node.
    of: Vec<u32>,
    /// The place of each node among the members of all components.
    places: Vec<u32>,
    members: Vec<Node>,
    /// The members of a component are those from its entry here to that of the next.
    first: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl<'a> Components<'a> {
    /// The components, by the algorithm of Tarjan ("Depth-first search and linear graph algorithms",
    /// 1972), from a list instead of the stack.
    ///
    /// # Complexity
    ///
    /// O(nodes and edges). No recursion.
    pub(super) fn of_graph(graph: &'a Adjacency) -> Components<'a> {
        let len = graph.len();
        let mut components = Components {
            graph,
            of: vec![NONE; len],
            places: vec![NONE; len],
            members: Vec::with_capacity(len),
            first: vec![0],
        };
        // When a node was met, and the earliest node that it leads back to.
        let (mut met, mut lowest) = (vec![NONE; len], vec![NONE; len]);
        let mut met_len = 0;
        // The nodes that are in no component yet, in the order in which they were met, and the way to
        // the one that is looked at, with the edges that are yet to be followed.
        let (mut open, mut way) = (Vec::new(), Vec::new());
        for start in graph.nodes() {
            if met[start.index()] == NONE {
                way.push((start, graph.edges(start)));
            }
            while let Some((node, edges)) = way.last_mut() {
                let node = *node;
                if met[node.index()] == NONE {
                    (met[node.index()], lowest[node.index()]) = (met_len, met_len);
                    met_len += 1;
                    open.push(node);
                }
                if let Some(edge) = edges.next() {
                    let target = graph.target(edge);
                    if met[target.index()] == NONE {
                        way.push((target, graph.edges(target)));
                    } else if components.of[target.index()] == NONE {
                        lowest[node.index()] = lowest[node.index()].min(met[target.index()]);
                    }
                    continue;
                }
                way.pop();
                if let Some(&(before, _)) = way.last() {
                    lowest[before.index()] = lowest[before.index()].min(lowest[node.index()]);
                }
                if lowest[node.index()] == met[node.index()] {
                    components.take_from(&mut open, node);
                }
            }
        }
        components
    }

    /// Makes a component of the last nodes of the list, from this one on.
    fn take_from(&mut self, open: &mut Vec<Node>, from: Node) {
        let component = self.count() as u32;
        while let Some(member) = open.pop() {
            self.of[member.index()] = component;
            self.places[member.index()] = self.members.len() as u32;
            self.members.push(member);
            if member == from {
                break;
            }
        }
        self.first.push(self.members.len() as u32);
    }

    /// The number of components. They are numbered from 0 on.
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn count(&self) -> usize {
        self.first.len() - 1
    }

    /// The component that a node is in.
    ///
    /// # Panics
    ///
    /// If the node is not of this graph, or it may be that of another object.
    ///
    /// # Examples
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn of(&self, node: Node) -> usize {
        self.of[node.index()] as usize
    }

    /// The nodes of a component.
    ///
    /// # Panics
    ///
    /// If there are not so many components.
    ///
    /// # Examples
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn members(&self, component: usize) -> &[Node] {
        &self.members[self.first[component] as usize..self.first[component + 1] as usize]
    }

    /// Whether a component is a cycle, or several that meet: it has more nodes than one, or one that
    /// leads to itself.
    ///
    /// # Panics
    ///
    /// If there are not so many components.
    ///
    /// # Examples
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn is_cycle(&self, component: usize) -> bool {
        match self.members(component) {
            [node] => self.graph.targets(*node).contains(node),
            _ => true,
        }
    }

    /// The components that are cycles.
    ///
    /// See the example of [`Components`].
    pub fn cycles(&self) -> impl Iterator<Item = usize> {
        (0..self.count()).filter(|&component| self.is_cycle(component))
    }

    /// A shortest way from a node back to itself, if there is one: the nodes on it, each of which leads to
    /// the next, and the last to the first.
    ///
    /// # Complexity
    ///
    /// O(nodes and references of its component). No recursion.
    ///
    /// # Panics
    ///
    /// If the node is not of this graph, or it may be that of another object.
    ///
    /// # Examples
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn way_around(&self, node: Node) -> Option<Vec<Node>> {
        let component = self.of(node);
        let first = self.first[component] as usize;
        let mut before = vec![None; self.members(component).len()];
        let mut reached = vec![node];
        let mut next = 0;
        let last = 'search: loop {
            let from = *reached.get(next)?;
            next += 1;
            for &target in self.graph.targets(from) {
                if target == node {
                    break 'search from;
                }
                if self.of(target) == component {
                    let before = &mut before[self.places[target.index()] as usize - first];
                    if before.is_none() {
                        *before = Some(from);
                        reached.push(target);
                    }
                }
            }
        };
        let before = |node: &Node| before[self.places[node.index()] as usize - first];
        let mut way: Vec<Node> = core::iter::successors(Some(last), before).collect();
        way.reverse();
        Some(way)
    }
}

impl core::fmt::Debug for Components<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Components").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::super::adjacency::testing::{graph, lists, reached};
    use super::*;

    fn component_of(lists: &[&[u32]]) -> Vec<u32> {
        Components::of_graph(&graph(lists)).of
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
    fn components_are_what_brute_force_finds() {
        let mut random = Rng::with_seed(1);
        for len in 1..60 {
            let lists = lists(&mut random, len, 2);
            let graph = graph(&lists);
            let components = Components::of_graph(&graph);
            let reaches: Vec<Vec<bool>> =
                (0..len as u32).map(|start| reached(&lists, [start], None)).collect();
            for (a, b) in (0..len).flat_map(|a| (0..len).map(move |b| (a, b))) {
                let (of_a, of_b) = (components.of(Node(a as u32)), components.of(Node(b as u32)));
                assert_eq!(of_a == of_b, reaches[a][b] && reaches[b][a]);
                assert!(!reaches[a][b] || of_b <= of_a, "what it leads to comes before it");
            }
            // Each node is a member of its component, and of no other.
            let mut members: Vec<Node> = Vec::new();
            for component in 0..components.count() {
                members.extend(components.members(component));
                assert!(
                    components.members(component).iter().all(|&n| components.of(n) == component)
                );
                let is_cycle = components.members(component).iter().any(|node| {
                    lists[node.index()].iter().any(|&target| reaches[target as usize][node.index()])
                });
                assert_eq!(components.is_cycle(component), is_cycle);
                assert_eq!(components.cycles().any(|cycle| cycle == component), is_cycle);
            }
            members.sort_unstable();
            assert!(members.into_iter().eq(graph.nodes()));
        }
    }

    #[test]
    fn the_way_around_is_a_shortest_one() {
        let graph = graph(&[&[1, 3][..], &[2], &[0], &[0], &[0, 4]]);
        let components = Components::of_graph(&graph);
        let around = |node| {
            let way = components.way_around(Node(node))?;
            Some(way.into_iter().map(|node| node.0).collect::<Vec<_>>())
        };
        assert_eq!(around(0), Some(vec![0, 3]));
        assert_eq!(around(1), Some(vec![1, 2, 0]));
        assert_eq!(around(4), Some(vec![4]));
    }

    #[test]
    fn the_way_around_is_as_long_as_brute_force_finds() {
        let mut random = Rng::with_seed(2);
        for len in 1..40 {
            let lists = lists(&mut random, len, 2);
            let graph = graph(&lists);
            let components = Components::of_graph(&graph);
            for node in graph.nodes() {
                // The nodes that are so many steps away, until it is one of them.
                let mut front = vec![node.0];
                let steps = (1..=len).find(|_| {
                    front = front.iter().flat_map(|&node| lists[node as usize].clone()).collect();
                    front.sort_unstable();
                    front.dedup();
                    front.contains(&node.0)
                });
                let way = components.way_around(node);
                assert_eq!(way.as_ref().map(Vec::len), steps);
                for (place, from) in way.iter().flatten().enumerate() {
                    let way = way.as_ref().expect("it has members");
                    assert!(graph.targets(*from).contains(&way[(place + 1) % way.len()]));
                }
            }
        }
    }

    #[test]
    fn a_long_ring_needs_no_stack() {
        const LEN: u32 = 1_000_000;
        let lists: Vec<[u32; 1]> = (0..LEN).map(|node| [(node + 1) % LEN]).collect();
        let graph = graph(&lists);
        let components = Components::of_graph(&graph);
        assert_eq!(components.count(), 1);
        assert_eq!(components.way_around(Node(7)).map(|way| way.len()), Some(LEN as usize));
    }
}
