//! Which object keeps which others alive: [`Dominators`].

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::{fmt, iter};

use super::lengauer_tarjan::Tree;
use super::{Adjacency, Node};

/// The dominator tree of what is reachable: see [`HeapGraph::dominators`](super::HeapGraph::dominators).
///
/// An object *dominates* another, and itself, if every way from the roots to the other leads through it. It
/// *retains* what it dominates: all that would be unreachable if it were not there. What is reachable from two
/// roots, or in two ways that have no object in common, is dominated by nothing but itself.
///
/// What is unreachable dominates nothing, and nothing dominates it.
///
/// Memory: 24 bytes for each object.
///
/// # Examples
///
/// Which objects keep most memory alive?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable, Trace};
///
/// #[derive(Trace)]
/// struct Document<'gc> {
///     text: Gc<'gc, [u64]>,
///     font: Gc<'gc, str>,
/// }
///
/// let mut arena: Arena<Rootable![[Gc<'_, Document<'_>>; 2]], NullCollector> = Arena::new(|mc| {
///     let font = Gc::new_str(mc, "Garamond");
///     [100, 200].map(|len| Gc::new(mc, Document { text: Gc::slice_from_fn(mc, len, |_| 7), font }))
/// });
/// arena.inspect(|heap, documents| {
///     let graph = heap.graph();
///     let dominators = graph.dominators();
///     let node = |object| graph.node(object).expect("it is in the graph");
///     let [short, long] = documents.map(|document| node(document.into()));
///     let (text, font) = (node(documents[1].text.into()), node(documents[1].font.into()));
///
///     assert_eq!(dominators.immediate(text), Some(long));
///     assert_eq!(dominators.immediate(font), None, "both of them refer to it");
///     assert!(dominators.dominates(long, text) && !dominators.dominates(long, font));
///     assert!(dominators.dominated(long).eq([text]));
///     assert_eq!(dominators.retained(long), [long, text]);
///     assert_eq!(dominators.retained_objects(long), 2);
///     let bytes = |node| graph.object(node).size_bytes();
///     assert_eq!(dominators.retained_bytes(long), bytes(long) + bytes(text));
///
///     let top: Vec<_> = dominators.largest().take(3).collect();
///     assert_eq!(top, [long, text, short]);
///     let is_document = |node| graph.object(node).type_name().ends_with("Document<'_>");
///     let all = graph.nodes().filter(|&node| is_document(node)).count();
///     let outermost = dominators.outermost(is_document).count();
///     assert_eq!(outermost, all, "none of them retains another");
///     assert_eq!(dominators.undominated().count(), 3);
///     assert_eq!(dominators.reachable_objects(), 5);
///     assert_eq!(dominators.reachable_bytes(), heap.objects().map(AnyGc::size_bytes).sum());
/// });
/// ```
pub struct Dominators {
    /// What is reachable, each followed by what it dominates: a place for each. The first is the one
    /// outside, [`Node::OUTSIDE`], which dominates all of them.
    order: Vec<Node>,
    /// The place of each node, 0 if it is unreachable.
    places: Vec<u32>,
    /// By place: the place of the immediate dominator, and how much is dominated, the object itself
    /// included.
    immediate: Vec<u32>,
    objects: Vec<u32>,
    bytes: Vec<usize>,
}

impl Dominators {
    /// The dominator tree of what is reachable from these roots, by nodes of so many bytes.
    ///
    /// # Complexity
    ///
    /// That of [`Tree::of`].
    pub(super) fn of(
        graph: &Adjacency,
        roots: &[Node],
        size_bytes: impl Fn(Node) -> usize,
    ) -> Dominators {
        let tree = Tree::of(graph, roots);
        let len = tree.nodes.len();
        // A dominator has a smaller number than what it dominates. So what is dominated is summed up from
        // behind, and places are given from the front.
        let mut counts = vec![1; len];
        for number in (1..len).rev() {
            counts[tree.immediate[number] as usize] += counts[number];
        }
        let mut places_by_number = vec![0; len];
        let mut next_places = vec![1; len];
        for number in 1..len {
            let place = &mut next_places[tree.immediate[number] as usize];
            places_by_number[number] = *place;
            *place += counts[number];
            next_places[number] = places_by_number[number] + 1;
        }
        let mut dominators = Dominators {
            order: vec![Node::OUTSIDE; len],
            places: vec![0; graph.len()],
            immediate: vec![0; len],
            objects: vec![0; len],
            bytes: vec![0; len],
        };
        dominators.objects[0] = counts[0];
        for number in 1..len {
            let (node, place) = (tree.nodes[number], places_by_number[number]);
            dominators.places[node.index()] = place;
            dominators.order[place as usize] = node;
            dominators.objects[place as usize] = counts[number];
            let immediate = tree.immediate[number] as usize;
            dominators.immediate[place as usize] = places_by_number[immediate];
        }
        for place in (1..len).rev() {
            dominators.bytes[place] += size_bytes(dominators.order[place]);
            let immediate = dominators.immediate[place] as usize;
            dominators.bytes[immediate] += dominators.bytes[place];
        }
        dominators
    }

    /// The place of a node, if it is reachable.
    fn place(&self, node: Node) -> Option<usize> {
        let place = self.places[node.index()] as usize;
        (place > 0).then_some(place)
    }

    /// The places that one immediately dominates.
    fn below(&self, place: usize) -> impl Iterator<Item = usize> {
        let end = place + self.objects[place] as usize;
        let behind = move |place: usize| (place < end).then_some(place);
        iter::successors(behind(place + 1), move |&at| behind(at + self.objects[at] as usize))
    }

    /// The node that dominates this one, and that every other of its dominators dominates; `None` if it has no
    /// dominator but itself, or is unreachable.
    ///
    /// # Panics
    ///
    /// If the node is not of this graph, or it may be that of another object. So it is with the other
    /// methods.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn immediate(&self, node: Node) -> Option<Node> {
        let immediate = self.immediate[self.place(node)?] as usize;
        (immediate > 0).then(|| self.order[immediate])
    }

    /// Whether every way from the roots to `other`, which is reachable, leads through `node`. A
    /// reachable node dominates itself.
    ///
    /// # Complexity
    ///
    /// O(1).
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn dominates(&self, node: Node, other: Node) -> bool {
        let (Some(place), Some(other)) = (self.place(node), self.place(other)) else {
            return false;
        };
        (place..place + self.objects[place] as usize).contains(&other)
    }

    /// The nodes that have this one as their [immediate](Dominators::immediate) dominator: its children in
    /// the tree.
    ///
    /// # Complexity
    ///
    /// O(1) for each.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    pub fn dominated(&self, node: Node) -> impl Iterator<Item = Node> {
        let places = self.place(node).into_iter().flat_map(|place| self.below(place));
        places.map(|place| self.order[place])
    }

    /// The reachable nodes that nothing but themselves dominates: where the tree begins.
    ///
    /// # Complexity
    ///
    /// O(1) for each.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    pub fn undominated(&self) -> impl Iterator<Item = Node> {
        self.below(0).map(|place| self.order[place])
    }

    /// What would be unreachable if the node's object were not there, itself included and first; nothing if
    /// it is unreachable as it is.
    ///
    /// # Complexity
    ///
    /// O(1).
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn retained(&self, node: Node) -> &[Node] {
        let Some(place) = self.place(node) else { return &[] };
        &self.order[place..place + self.objects[place] as usize]
    }

    /// The number of objects that are [retained](Dominators::retained).
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn retained_objects(&self, node: Node) -> usize {
        self.place(node).map_or(0, |place| self.objects[place] as usize)
    }

    /// Bytes of the objects that are [retained](Dominators::retained), headers included: the retained
    /// size.
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn retained_bytes(&self, node: Node) -> usize {
        self.place(node).map_or(0, |place| self.bytes[place])
    }

    /// The number of reachable objects.
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn reachable_objects(&self) -> usize {
        self.order.len() - 1
    }

    /// Bytes of all reachable objects.
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn reachable_bytes(&self) -> usize {
        self.bytes[0]
    }

    /// All reachable nodes, those that retain most bytes first.
    ///
    /// # Complexity
    ///
    /// O(undominated objects) to begin with. For each that is asked for O(log(objects)), and for each that
    /// it immediately dominates.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    pub fn largest(&self) -> impl Iterator<Item = Node> {
        // What is dominated is never larger. So the largest is among those whose dominators were given.
        let entry = |place| (self.bytes[place], Reverse(place));
        let mut candidates: BinaryHeap<_> = self.below(0).map(entry).collect();
        iter::from_fn(move || {
            let (_, Reverse(place)) = candidates.pop()?;
            candidates.extend(self.below(place).map(entry));
            Some(self.order[place])
        })
    }

    /// Of the reachable nodes that fulfill a condition those that no other of these dominates: what they
    /// retain does not overlap, so that it may be summed up.
    ///
    /// The sum is a lower bound of what all of them retain together, for it lacks what several of them
    /// keep. See [`HeapGraph::retained_by`](super::HeapGraph::retained_by).
    ///
    /// # Complexity
    ///
    /// O(reachable objects) for all of them.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    pub fn outermost(&self, mut is_among: impl FnMut(Node) -> bool) -> impl Iterator<Item = Node> {
        let mut place = 1;
        iter::from_fn(move || {
            while let Some(&node) = self.order.get(place) {
                if is_among(node) {
                    place += self.objects[place] as usize;
                    return Some(node);
                }
                place += 1;
            }
            None
        })
    }
}

impl fmt::Debug for Dominators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dominators")
            .field("reachable_objects", &self.reachable_objects())
            .field("reachable_bytes", &self.reachable_bytes())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use fastrand::Rng;

    use super::super::adjacency::testing::{graph, lists, reached};
    use super::*;

    /// Sizes that are told apart.
    fn size(node: Node) -> usize {
        1000 + node.index() * node.index() % 89
    }

    /// Compares everything with what brute force finds.
    fn check(lists: &[Vec<u32>], roots: &[u32]) {
        let graph = graph(lists);
        let root_nodes: Vec<Node> = roots.iter().copied().map(Node).collect();
        let dominators = Dominators::of(&graph, &root_nodes, size);
        let reachable = reached(lists, roots.iter().copied(), None);
        let bytes = |nodes: &[Node]| nodes.iter().map(|&node| size(node)).sum::<usize>();
        // What is reachable, and not without a node.
        let retained: Vec<BTreeSet<Node>> = graph
            .nodes()
            .map(|node| {
                let without = reached(lists, roots.iter().copied(), Some(node.0));
                let is_lost = |node: &Node| reachable[node.index()] && !without[node.index()];
                graph.nodes().filter(is_lost).collect()
            })
            .collect();
        for node in graph.nodes() {
            let expected = &retained[node.index()];
            let found = dominators.retained(node);
            assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), *expected);
            assert_eq!(found.len(), expected.len());
            assert!(found.first().is_none_or(|&first| first == node));
            assert_eq!(dominators.retained_objects(node), found.len());
            assert_eq!(dominators.retained_bytes(node), bytes(found));
            for other in graph.nodes() {
                assert_eq!(dominators.dominates(node, other), expected.contains(&other));
            }
            // The immediate dominator is the one that dominates fewest, the node itself left out.
            let is_above = |&above: &Node| above != node && retained[above.index()].contains(&node);
            let above = graph.nodes().filter(is_above);
            let immediate = above.min_by_key(|above| retained[above.index()].len());
            assert_eq!(dominators.immediate(node), immediate);
            for below in dominators.dominated(node) {
                assert_eq!(dominators.immediate(below), Some(node));
            }
        }
        let all: Vec<Node> = graph.nodes().filter(|node| reachable[node.index()]).collect();
        assert_eq!(dominators.reachable_objects(), all.len());
        assert_eq!(dominators.reachable_bytes(), bytes(&all));
        let in_tree = all.iter().map(|&node| dominators.dominated(node).count()).sum::<usize>();
        assert_eq!(in_tree + dominators.undominated().count(), all.len());
        assert!(dominators.undominated().all(|node| dominators.immediate(node).is_none()));

        let largest: Vec<Node> = dominators.largest().collect();
        assert!(largest.is_sorted_by_key(|&node| Reverse(dominators.retained_bytes(node))));
        assert_eq!(largest.into_iter().collect::<BTreeSet<_>>(), all.iter().copied().collect());

        let is_among = |node: Node| node.0.is_multiple_of(3);
        let outermost: BTreeSet<Node> = dominators.outermost(is_among).collect();
        let is_outermost = |&node: &Node| {
            let others = all.iter().filter(|&&other| other != node && is_among(other));
            is_among(node) && !others.into_iter().any(|&other| dominators.dominates(other, node))
        };
        assert_eq!(outermost, all.iter().copied().filter(is_outermost).collect());
    }

    #[test]
    fn a_diamond_is_dominated_where_it_begins() {
        // 0 -> {1, 2} -> 3 -> 4, and 5 is unreachable.
        check(&[vec![1, 2], vec![3], vec![3], vec![4], vec![], vec![3]], &[0]);
    }

    #[test]
    fn dominators_are_what_brute_force_finds() {
        let mut random = Rng::with_seed(5);
        for round in 0..200 {
            let len = 1 + random.usize(..30);
            let lists = lists(&mut random, len, 1 + round % 4);
            let roots: Vec<u32> =
                (0..random.usize(..4)).map(|_| random.usize(..len) as u32).collect();
            check(&lists, &roots);
        }
    }

    #[test]
    fn without_roots_there_is_nothing() {
        check(&[], &[]);
        check(&[vec![0, 1], vec![0]], &[]);
    }
}
