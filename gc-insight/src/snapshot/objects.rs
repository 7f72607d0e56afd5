//! The objects of a heap with a number each, and which of them are reachable.

use gc_core::{AnyGc, HeapView, NumberedObjects};

/// What a file says of an object as a whole is asked of the heap; this is what has to be found first.
///
/// A few bits and a word for each object, and as much for each entry of a weak map; of references
/// there is no list.
pub(super) struct Objects<'gc> {
    numbered: NumberedObjects<'gc>,
    /// The keys of weak maps, by number, and the values that they keep; sorted.
    weak_values: Vec<(u32, AnyGc<'gc>)>,
    reachable: Bits,
    edges: usize,
    /// See [`unreachable`](Objects::unreachable).
    unreachable: Vec<AnyGc<'gc>>,
}

impl<'gc> Objects<'gc> {
    pub(super) fn of(heap: &HeapView<'gc>) -> Objects<'gc> {
        let numbered = heap.number_objects();
        let mut weak_values = Vec::new();
        heap.for_each_weak_value(|key, value| {
            weak_values.extend(numbered.number(key).map(|key| (key, value)));
        });
        weak_values.sort_by_key(|&(key, _)| key);
        let reachable = Bits::new(numbered.as_slice().len());
        let mut reached = reachable.clone();
        let mut objects =
            Objects { numbered, weak_values, reachable, edges: 0, unreachable: Vec::new() };
        let mut edges = 0;
        heap.for_each_root(|_, object| edges += objects.reach(heap, object, &mut reached));
        objects.reachable = reached.clone();
        objects.edges = edges;
        objects.find_unreachable(heap, reached);
        objects
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.numbered.as_slice().len()
    }

    /// All of them, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = AnyGc<'gc>> {
        self.numbered.as_slice().iter().copied()
    }

    /// The number of an object, from 0, if the heap lists it.
    pub(super) fn try_number(&self, object: AnyGc<'gc>) -> Option<u32> {
        self.numbered.number(object)
    }

    /// The number of an object that the heap lists, or that something refers to.
    pub(super) fn number(&self, object: AnyGc<'gc>) -> u32 {
        self.try_number(object).expect("the heap lists what it refers to")
    }

    /// How many references there are in objects, and values that weak maps hold.
    pub(super) fn edges(&self) -> usize {
        self.edges
    }

    /// Whether something outside of the heap keeps the object.
    ///
    /// A value of a weak map is taken to be kept by its key alone.
    pub(super) fn is_reachable(&self, object: AnyGc<'gc>) -> bool {
        self.reachable.has(self.number(object))
    }

    /// Unreachable objects from which all others of them are reached, as few as there can be: none of
    /// them leads to another.
    pub(super) fn unreachable(&self) -> &[AnyGc<'gc>] {
        &self.unreachable
    }

    /// The values that weak maps hold as long as an object lives.
    pub(super) fn weak_values(&self, key: AnyGc<'gc>) -> impl Iterator<Item = AnyGc<'gc>> {
        let values = if self.weak_values.is_empty() {
            &[]
        } else {
            let key = self.number(key);
            let first = self.weak_values.partition_point(|&(other, _)| other < key);
            let behind = self.weak_values.partition_point(|&(other, _)| other <= key);
            &self.weak_values[first..behind]
        };
        values.iter().map(|&(_, value)| value)
    }

    /// Adds an object to a set, and what is reached from it by way of objects that are not in the set.
    /// Returns how many references and values those have that were not.
    fn reach(&self, heap: &HeapView<'gc>, from: AnyGc<'gc>, met: &mut Bits) -> usize {
        let mut edges = 0;
        let mut pending = Vec::new();
        pending.extend(met.add(self.number(from)).then_some(from));
        while let Some(object) = pending.pop() {
            for target in heap.referents(object).chain(self.weak_values(object)) {
                edges += 1;
                pending.extend(met.add(self.number(target)).then_some(target));
            }
        }
        edges
    }

    /// Finds where what was not reached begins.
    ///
    /// Going through all objects, and from each that was not met to what it leads to, gives a list of
    /// starts, and no later one is reached from an earlier. Of these, from the last on, those are kept
    /// that were not met from one behind. So no start is reached from another.
    fn find_unreachable(&mut self, heap: &HeapView<'gc>, reached: Bits) {
        let mut starts = Vec::new();
        let mut met = reached.clone();
        for place in 0..self.len() {
            let object = self.numbered.as_slice()[place];
            if !met.has(self.number(object)) {
                starts.push(object);
                self.edges += self.reach(heap, object, &mut met);
            }
        }
        met = reached;
        for object in starts.into_iter().rev() {
            if !met.has(self.number(object)) {
                self.unreachable.push(object);
                self.reach(heap, object, &mut met);
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
