//! The whole heap as a graph: [`HeapGraph`].
//!
//! The algorithms know only numbers of objects ([`NumberedObjects`], [`Adjacency`]), and none of them
//! recurses.

mod adjacency;
mod components;
mod dominators;
mod lengauer_tarjan;
mod links;
mod path;

use alloc::vec::Vec;
use core::fmt;

pub(super) use adjacency::Adjacency;
pub use components::Components;
pub use dominators::Dominators;
pub(super) use links::Links;
pub use path::RootPath;

use super::{AnyGc, HeapView, NumberedObjects};
use crate::heap::ObjectRef;

/// An object of a [`HeapGraph`], by its number.
///
/// The numbers are those from 0 on, in the order of addresses: good for tables of one's own. A node says
/// nothing to another graph, even of the same heap.
///
/// # Examples
///
/// ```
/// # use gc_core::*;
/// let mut arena = Arena::<Rootable![Gc<'_, u32>], NullCollector>::new(|mc| Gc::new(mc, 1));
/// arena.inspect(|heap, number| {
///     let graph = heap.graph();
///     let node = graph.node(AnyGc::from(*number)).expect("it is an object of the heap");
///     let mut visits = vec![0; graph.len()];
///     visits[node.index()] += 1;
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

impl Node {
    /// In a table: what leads to the roots.
    const OUTSIDE: Node = Node(u32::MAX);
    /// In a table: nothing leads there.
    const UNREACHED: Node = Node(u32::MAX - 1);
    /// So many nodes a graph has at most; one outside is numbered with them, where dominators are found.
    const COUNT_MAX: usize = (u32::MAX - 2) as usize;

    /// The number.
    ///
    /// See the example of [`Node`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The objects of the heap, numbered, and which of them refer to which: see [`HeapView::graph`].
///
/// Every object that [`HeapView::objects`] lists is a [`Node`]. An edge is a reference, or leads from the
/// key of an entry of a [`WeakMap`](crate::WeakMap) to the value, if key and map are reachable, or the key
/// is not. (The map has a part in keeping the value, which no edge says.) What leads into the graph from
/// outside are the [`roots`](HeapGraph::roots).
///
/// Memory: 20 bytes for each object, 4 for each edge, and 32 KiB for each MiB of the heap.
///
/// # Examples
///
/// How much memory does each entry of the root keep alive, and why is this object alive?
///
/// ```
/// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable, Trace};
///
/// #[derive(Trace)]
/// struct Session<'gc> {
///     user: Gc<'gc, str>,
///     cache: Gc<'gc, [u8]>,
/// }
///
/// let mut arena: Arena<Rootable![Vec<Gc<'_, Session<'_>>>], NullCollector> = Arena::new(|mc| {
///     ["Ada", "Bob"].map(|user| {
///         let cache = Gc::slice_from_fn(mc, 100 * user.len(), |_| 0);
///         Gc::new(mc, Session { user: Gc::new_str(mc, user), cache })
///     }).into()
/// });
/// arena.inspect(|heap, sessions| {
///     let graph = heap.graph();
///     assert_eq!((graph.len(), graph.edge_count(), graph.roots().len()), (6, 4, 2));
///     assert!(!graph.is_empty() && graph.nodes().all(|node| graph.is_reachable(node)));
///     let dominators = graph.dominators();
///     for session in sessions {
///         let node = graph.node(AnyGc::from(*session)).expect("it is in the heap");
///         assert_eq!(graph.object(node), AnyGc::from(*session));
///         assert_eq!(graph.targets(node).len(), 2);
///         assert!(dominators.retained_bytes(node) > 300);
///
///         let cache = graph.node(AnyGc::from(session.cache)).expect("so is this");
///         let path = graph.path_to(cache).expect("it is reachable");
///         assert!(path.objects().eq([AnyGc::from(*session), AnyGc::from(session.cache)]));
///     }
///     // All sessions together, and what only they keep: everything.
///     let is_session = |node| graph.object(node).type_name().contains("Session");
///     assert_eq!(graph.retained_by(is_session).count(), graph.len());
/// });
/// ```
pub struct HeapGraph<'gc> {
    view: HeapView<'gc>,
    /// By node.
    objects: NumberedObjects<'gc>,
    adjacency: Adjacency,
    roots: Vec<Node>,
    /// The node before each on a shortest way from a root.
    before: Vec<Node>,
}

impl<'gc> HeapView<'gc> {
    /// All objects of the heap as a graph, for questions that need more than one look at each of them: what
    /// keeps how much alive, and which objects form a cycle.
    ///
    /// Who asks for the way to one object only is answered by [`why_alive`](HeapView::why_alive).
    ///
    /// # Complexity
    ///
    /// O(objects * log(objects), and references); a heap whose objects were listed by their addresses
    /// is sorted. For the memory see [`HeapGraph`].
    ///
    /// # Panics
    ///
    /// If there are 2^32 - 2 objects or more. They would take 64 GiB at least.
    ///
    /// # Examples
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn graph(&self) -> HeapGraph<'gc> {
        self.graph_of(self.objects().collect(), self.roots(), &self.links())
    }

    /// The graph of these objects; references to others are no part of it. None is there twice.
    pub(super) fn graph_of(
        &self,
        objects: Vec<AnyGc<'gc>>,
        roots: impl IntoIterator<Item = ObjectRef>,
        links: &Links<'_>,
    ) -> HeapGraph<'gc> {
        assert!(objects.len() <= Node::COUNT_MAX, "a graph has fewer than 2^32 - 2 objects");
        let objects = NumberedObjects::of(objects);
        let node = |object| objects.number_of(object).map(Node);
        let adjacency = Adjacency::of(objects.as_slice().iter(), |object, targets| {
            // SAFETY: nothing is reclaimed within `'gc`, and a `&mut` takes a `Mutation`, which nobody
            // has of this arena; the table is that of this heap.
            unsafe { links.for_each(object.object(), |target| targets.extend(node(target))) }
        });
        let mut roots: Vec<Node> = roots.into_iter().filter_map(node).collect();
        let before = adjacency.search(roots.iter().copied(), |_| false);
        let mut is_new = alloc::vec![true; adjacency.len()];
        roots.retain(|root| core::mem::take(&mut is_new[root.index()]));
        HeapGraph { view: *self, objects, adjacency, roots, before }
    }
}

impl<'gc> HeapGraph<'gc> {
    /// The number of objects.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.adjacency.len()
    }

    /// Whether there are no objects.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of edges.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.adjacency.edge_count()
    }

    /// All nodes, in the order of their numbers.
    ///
    /// See the example of [`HeapGraph`].
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + use<'gc> {
        self.adjacency.nodes()
    }

    /// The object of a node.
    ///
    /// # Panics
    ///
    /// If the node is not of this graph, or it may be another object. So it is with the other methods.
    ///
    /// # Examples
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn object(&self, node: Node) -> AnyGc<'gc> {
        self.objects.as_slice()[node.index()]
    }

    /// The node of an object; `None` if [`HeapView::objects`] does not list it.
    ///
    /// # Complexity
    ///
    /// O(1), and a look-up in a hash table of the chunks of the heap.
    ///
    /// # Examples
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn node(&self, object: AnyGc<'gc>) -> Option<Node> {
        self.objects.number(object).map(Node)
    }

    /// The nodes that a node leads to: those it refers to, once for each reference, in the order of
    /// [`HeapView::referents`], and then the values in weak maps whose key it is.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn targets(&self, node: Node) -> &[Node] {
        self.adjacency.targets(node)
    }

    /// What is held from outside, each once: by the root, by handles of the arena's own set, because a
    /// finalizer or callback of it is due, or because it is [frozen](AnyGc::is_frozen). A set of handles is an
    /// object.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn roots(&self) -> &[Node] {
        &self.roots
    }

    /// Whether the roots lead to a node. What does not is garbage that was not reclaimed.
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn is_reachable(&self, node: Node) -> bool {
        self.before[node.index()] != Node::UNREACHED
    }

    /// A shortest way from a root to a node; `None` if it is unreachable.
    ///
    /// # Complexity
    ///
    /// O(length).
    ///
    /// # Examples
    ///
    /// See the example of [`HeapGraph`].
    #[must_use]
    pub fn path_to(&self, node: Node) -> Option<RootPath<'gc>> {
        if !self.is_reachable(node) {
            return None;
        }
        let before = |node: &Node| {
            let before = self.before[node.index()];
            (before != Node::OUTSIDE).then_some(before)
        };
        let back = core::iter::successors(Some(node), before);
        Some(RootPath::back(self.view, back.map(|node| self.object(node))))
    }

    /// The strongly connected components: which objects form cycles, be they reachable or not.
    ///
    /// # Complexity
    ///
    /// O(objects and edges). No recursion.
    ///
    /// # Examples
    ///
    /// See the example of [`Components`].
    #[must_use]
    pub fn components(&self) -> Components<'_> {
        Components::of_graph(&self.adjacency)
    }

    /// The dominator tree of what is reachable: which object keeps how much alive by itself.
    ///
    /// By the algorithm of Lengauer and Tarjan ("A fast algorithm for finding dominators in a flowgraph",
    /// 1979), with path compression.
    ///
    /// # Complexity
    ///
    /// O(edges * log(objects)) time at worst, in practice linear. While it runs it takes 48 bytes for each
    /// object and 8 for each edge. No recursion.
    ///
    /// # Examples
    ///
    /// See the example of [`Dominators`].
    #[must_use]
    pub fn dominators(&self) -> Dominators {
        Dominators::of(&self.adjacency, &self.roots, |node| self.object(node).size_bytes())
    }

    /// What several objects retain together: all that would be unreachable if none of those were there for
    /// which `is_among` holds, themselves included. What is unreachable as it is, is not among it.
    ///
    /// For objects of one type that is more than each of them [retains](Dominators::retained), for it has what
    /// only several of them keep.
    ///
    /// # Complexity
    ///
    /// O(objects and edges).
    ///
    /// # Examples
    ///
    /// See the example of [`HeapGraph`].
    pub fn retained_by(&self, is_among: impl FnMut(Node) -> bool) -> impl Iterator<Item = Node> {
        let before = self.adjacency.search(self.roots.iter().copied(), is_among);
        let is_lost = move |node: &Node| before[node.index()] == Node::UNREACHED;
        self.nodes().filter(move |&node| self.is_reachable(node)).filter(is_lost)
    }
}

impl fmt::Debug for HeapGraph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeapGraph")
            .field("objects", &self.len())
            .field("edges", &self.edge_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Arena, Gc, NullCollector, Rootable};

    #[test]
    fn what_is_held_several_times_is_one_root_and_several_edges() {
        type Pair<'gc> = Gc<'gc, [Gc<'gc, u8>; 2]>;
        let mut arena = Arena::<Rootable![[Pair<'_>; 2]], NullCollector>::new(|mc| {
            let byte = Gc::new(mc, 1);
            [Gc::new(mc, [byte, byte]); 2]
        });
        let handles = arena
            .mutate(|mc, root| [(); 2].map(|()| mc.stash::<Rootable![[Gc<'_, u8>; 2]]>(root[0])));
        arena.inspect(|heap, root| {
            let graph = heap.graph();
            let node = |object| graph.node(object).expect("it is listed");
            let (pair, byte) = (node(root[0].into()), node(root[0][0].into()));
            assert_eq!(graph.roots(), [pair]);
            assert_eq!(graph.targets(pair), [byte, byte]);
            assert_eq!(graph.edge_count(), 2);
            assert_eq!(graph.dominators().immediate(byte), Some(pair));
        });
        drop(handles);
    }

    #[test]
    fn an_empty_heap_is_an_empty_graph() {
        let mut arena = Arena::<Rootable![()], NullCollector>::new(|_| ());
        arena.inspect(|heap, ()| {
            let graph = heap.graph();
            assert!(graph.is_empty() && graph.roots().is_empty() && graph.nodes().next().is_none());
            assert_eq!(graph.components().count(), 0);
            assert_eq!(graph.dominators().reachable_objects(), 0);
        });
    }
}
