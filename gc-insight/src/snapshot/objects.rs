//! The objects of a heap with a number each, and which of them are reachable.

use gc_core::{AnyGc, HeapView, NumberedObjects, Place};

/// What a file says of an object as a whole is asked of the heap; this is what has to be found first.
///
/// A few bits and a word for each object, and as much for each entry of a weak map; of references
/// there is no list.
pub(super) struct Objects<'gc> {
    numbered: NumberedObjects<'gc>,
    /// The keys of weak maps, and the values that they keep; sorted.
    weak_values: Vec<(u32, u32)>,
    reachable: Bits,
    edges: usize,
    /// See [`unreachable`](Objects::unreachable).
    unreachable: Vec<u32>,
}

impl<'gc> Objects<'gc> {
    pub(super) fn of(heap: &HeapView<'gc>) -> Objects<'gc> {
        let numbered = heap.number_objects();
        let mut weak_values = Vec::new();
        heap.for_each_weak_value(|key, value| {
            weak_values.extend(numbered.number(key).zip(numbered.number(value)));
        });
        weak_values.sort_unstable();
        let reachable = Bits::new(numbered.as_slice().len());
        let mut reached = reachable.clone();
        let mut objects =
            Objects { numbered, weak_values, reachable, edges: 0, unreachable: Vec::new() };
        let mut edges = 0;
        heap.for_each_root(|_, object| {
            edges += objects.number(object).map_or(0, |from| objects.reach(from, &mut reached));
        });
        objects.edges = edges;
        objects.reachable = reached;
        objects.find_unreachable();
        objects
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.numbered.as_slice().len()
    }

    /// All of them with their numbers, which count from 0.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, AnyGc<'gc>)> {
        (0..).zip(self.numbered.as_slice().iter().copied())
    }

    /// The number of an object, if the heap lists it.
    pub(super) fn number(&self, object: AnyGc<'gc>) -> Option<u32> {
        self.numbered.number(object)
    }

    /// How many references there are in objects, and values that weak maps hold.
    pub(super) fn edges(&self) -> usize {
        self.edges
    }

    /// Whether something outside of the heap keeps the object.
    ///
    /// A value of a weak map is taken to be kept by its key alone.
    pub(super) fn is_reachable(&self, number: u32) -> bool {
        self.reachable.has(number)
    }

    /// Unreachable objects from which all others of them are reached, as few as there can be: none of
    /// them leads to another.
    pub(super) fn unreachable(&self) -> &[u32] {
        &self.unreachable
    }

    /// Calls the closure for every reference of an object.
    pub(super) fn for_each_reference(&self, of: u32, each: impl FnMut(&Place<'_>, u32)) {
        self.numbered.for_each_reference(self.object(of), each);
    }

    /// The values that weak maps hold as long as an object lives.
    pub(super) fn weak_values(&self, key: u32) -> impl Iterator<Item = u32> {
        let first = self.weak_values.partition_point(|&(other, _)| other < key);
        let values = self.weak_values[first..].iter();
        values.take_while(move |&&(other, _)| other == key).map(|&(_, value)| value)
    }

    /// How many references an object has, and values that weak maps hold as long as it lives.
    pub(super) fn count_edges(&self, of: u32) -> usize {
        self.targets(of).count()
    }

    fn object(&self, number: u32) -> AnyGc<'gc> {
        self.numbered.as_slice()[number as usize]
    }

    fn targets(&self, of: u32) -> impl Iterator<Item = u32> {
        self.numbered.referents(self.object(of)).chain(self.weak_values(of))
    }

    /// Adds an object to a set, and what is reached from it by way of objects that are not in the set.
    /// Returns how many edges those have that were not.
    fn reach(&self, from: u32, met: &mut Bits) -> usize {
        let mut edges = 0;
        let mut pending = Vec::new();
        pending.extend(met.add(from).then_some(from));
        while let Some(object) = pending.pop() {
            for target in self.targets(object) {
                edges += 1;
                pending.extend(met.add(target).then_some(target));
            }
        }
        edges
    }

    /// Finds where what was not reached begins.
    ///
    /// Going through all objects, and from each that was not met to what it leads to, gives a list of
    /// starts, and no later one is reached from an earlier. Of these, from the last on, those are kept
    /// that were not met from one behind. So no start is reached from another.
    fn find_unreachable(&mut self) {
        let mut starts = Vec::new();
        let mut met = self.reachable.clone();
        for number in 0..self.len() as u32 {
            if !met.has(number) {
                starts.push(number);
                self.edges += self.reach(number, &mut met);
            }
        }
        met = self.reachable.clone();
        for number in starts.into_iter().rev() {
            if !met.has(number) {
                self.unreachable.push(number);
                self.reach(number, &mut met);
            }
        }
    }
}

/// A set of numbers, by bits.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(len: usize) -> Bits {
        Bits(vec![0; len.div_ceil(64)])
    }

    fn has(&self, number: u32) -> bool {
        self.0[number as usize / 64] & (1 << (number % 64)) != 0
    }

    /// Puts a number in; whether it was not there.
    fn add(&mut self, number: u32) -> bool {
        let is_new = !self.has(number);
        self.0[number as usize / 64] |= 1 << (number % 64);
        is_new
    }
}
