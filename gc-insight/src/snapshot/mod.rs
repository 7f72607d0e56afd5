//! Every object and every reference, as a file for other tools.
//!
//! [`Snapshot::of`] takes a heap that is laid open, and writes it as a stream: the memory that it needs
//! beside that is a few words for each object, and the names, each once.
//!
//! - [`write_heapsnapshot`](Snapshot::write_heapsnapshot): for the memory panel of Chrome's DevTools.
//! - [`write_json_lines`](Snapshot::write_json_lines): for programs; [`Record`] reads it back.
//! - [`write_dot`](Snapshot::write_dot): a picture of a small heap, by Graphviz.
//!
//! # Numbers
//!
//! All three files number the objects from 1 on, in the order of their addresses; see
//! [`Snapshot::number`]. The number is all that tells two objects apart in a file. It says nothing
//! about the files of another snapshot, which may give it to another object. A `.heapsnapshot` calls
//! object `n` by the id `2n + 1`.

mod devtools;
mod dot;
mod holders;
mod json_lines;
mod names;
mod objects;
mod sites;

use std::fmt;
use std::io::{self, Write};

use gc_core::{AnyGc, HeapView};

pub use dot::DotError;
pub use json_lines::{ObjectRecord, Record, Reference, RootRecord, Site};

use objects::Objects;

/// A heap, to be written to a file.
///
/// # Examples
///
/// ```
/// use gc_core::{Arena, Gc, NullCollector, Rootable, Trace};
/// use gc_insight::snapshot::Snapshot;
///
/// #[derive(Trace)]
/// struct Account<'gc> {
///     owner: Gc<'gc, str>,
/// }
///
/// type Root = Rootable![Gc<'_, Account<'_>>];
/// let mut arena: Arena<Root, NullCollector> = Arena::new(|mc| {
///     Gc::new(mc, Account { owner: Gc::new_str(mc, "Ada") })
/// });
/// let mut file = Vec::new();
/// arena.inspect(|heap, _| Snapshot::of(heap).write_heapsnapshot(&mut file))?;
/// // Load it in the memory panel of Chrome's DevTools.
/// std::fs::write(std::env::temp_dir().join("accounts.heapsnapshot"), &file)?;
///
/// let text = String::from_utf8(file).expect("it is JSON");
/// assert!(text.contains("\"owner\"") && text.contains("Account"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Snapshot<'a, 'gc> {
    heap: &'a HeapView<'gc>,
    objects: Objects<'gc>,
    label: Box<dyn Fn(AnyGc<'gc>) -> Option<String> + 'a>,
}

impl<'a, 'gc> Snapshot<'a, 'gc> {
    /// Looks through a heap once, to number the objects and to find which are reachable.
    ///
    /// # Complexity
    ///
    /// O(objects and references) time. A few words for each object and for each entry of a
    /// [`WeakMap`](gc_core::WeakMap). No recursion.
    ///
    /// # Examples
    ///
    /// See the example of [`Snapshot`].
    #[must_use]
    pub fn of(heap: &'a HeapView<'gc>) -> Snapshot<'a, 'gc> {
        let tag = |object| heap.tag(object).map(|tag| tag.to_string());
        Snapshot { heap, objects: Objects::of(heap), label: Box::new(tag) }
    }

    /// Has some objects called by names of their own, beside those of their types; without this, by their
    /// [tags](gc_core::Mutation::set_tag). The closure is
    /// called once for each object and file.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
    /// use gc_insight::snapshot::Snapshot;
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 42));
    /// let mut picture = Vec::new();
    /// arena.inspect(|heap, answer| {
    ///     let answer = AnyGc::from(*answer);
    ///     let snapshot = Snapshot::of(heap);
    ///     let snapshot = snapshot.label(|object| (object == answer).then(|| "the answer".to_owned()));
    ///     snapshot.write_dot(&mut picture, 10)
    /// })?;
    /// assert!(String::from_utf8(picture).is_ok_and(|text| text.contains("the answer: u32")));
    /// # Ok::<(), gc_insight::snapshot::DotError>(())
    /// ```
    #[must_use]
    pub fn label(self, label: impl Fn(AnyGc<'gc>) -> Option<String> + 'a) -> Snapshot<'a, 'gc> {
        Snapshot { label: Box::new(label), ..self }
    }

    /// Writes the heap for the memory panel of Chrome's DevTools: a `.heapsnapshot`.
    ///
    /// - Each object is a node with its size; it is called by its type without the modules, or with
    ///   them, if another type would have the same name. Arrays of `u8`, which is what a `Gc<str>` is,
    ///   are strings, so that the statistics tell them; their contents are not in the file.
    /// - Each reference is an edge with the name of its field, or the index of its element. That a
    ///   [`WeakMap`](gc_core::WeakMap) holds a value is an edge from the key.
    /// - What keeps objects from outside are nodes without a size: `(root)` with a node for each
    ///   field of the root that holds several references, `(handles)`, `(frozen)`, `(pending)`.
    /// - What is unreachable is held by `(unreachable)`, so that sizes sum up to those of the heap.
    /// - `(generation 0)` and the like refer to all objects in them weakly, and these edges are called
    ///   by the counts of the objects, if the collector counts: `count 2`.
    /// - If allocations are [profiled](gc_core::Arena::profile_allocations), the sites are what
    ///   DevTools call allocation stacks, of one line each.
    ///
    /// Sizes are those of the objects in the heap, without what they own elsewhere.
    ///
    /// # Errors
    ///
    /// That the file cannot be written.
    ///
    /// # Complexity
    ///
    /// O(objects and references): three looks at each object. Beside the names, no memory.
    ///
    /// # Examples
    ///
    /// See the example of [`Snapshot`].
    pub fn write_heapsnapshot(&self, out: impl Write) -> io::Result<()> {
        devtools::write(self, out)
    }

    /// Writes a line of JSON for each reference from outside of the heap, and then for each object:
    /// each is a [`Record`].
    ///
    /// # Errors
    ///
    /// That the file cannot be written.
    ///
    /// # Complexity
    ///
    /// O(objects and references). No memory.
    ///
    /// # Examples
    ///
    /// See the example of [`Record`].
    pub fn write_json_lines(&self, out: impl Write) -> io::Result<()> {
        json_lines::write(self, out)
    }

    /// Writes a picture of a small heap in DOT, the language of Graphviz: a box for each object, an
    /// arrow for each reference, and what is unreachable in dashes.
    ///
    /// # Errors
    ///
    /// [`DotError`] if there are more than `objects_max` objects (no layout of a large graph can be
    /// read), or if the file cannot be written.
    ///
    /// # Complexity
    ///
    /// O(objects and references). No memory.
    ///
    /// # Examples
    ///
    /// See the example of [`label`](Snapshot::label).
    pub fn write_dot(&self, out: impl Write, objects_max: usize) -> Result<(), DotError> {
        dot::write(self, out, objects_max)
    }

    /// The number by which the files call an object; `None` if [`HeapView::objects`] does not list it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::{AnyGc, Arena, Gc, NullCollector, Rootable};
    /// use gc_insight::snapshot::Snapshot;
    ///
    /// let mut arena: Arena<Rootable![Gc<'_, u32>], NullCollector> = Arena::new(|mc| Gc::new(mc, 42));
    /// arena.inspect(|heap, answer| {
    ///     assert_eq!(Snapshot::of(heap).number(AnyGc::from(*answer)), Some(1));
    /// });
    /// ```
    #[must_use]
    pub fn number(&self, object: AnyGc<'gc>) -> Option<u32> {
        Some(self.objects.number(object)? + 1)
    }
}

impl fmt::Debug for Snapshot<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("objects", &self.objects.len()).finish_non_exhaustive()
    }
}
