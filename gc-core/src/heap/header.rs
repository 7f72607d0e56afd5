//! The word in front of every object.
//!
//! ```text
//!  63..61    60..48      47..8                 7..0
//!  policy    count       descriptor address    flags        (one word, 64-bit targets)
//! ```
//!
//! Everything a collector knows of an object without a side table is here: its type
//! ([`Descriptor`]), its flags, its reference count and three bits that belong to the policy. While
//! a moving collection runs, the whole word may instead hold the object's new address
//! ([`Header::forward`]); before and after a collection no header is forwarded.
//!
//! How this is packed is known to this file alone. Where pointers are not 64 bits wide, or with
//! `--cfg gc_two_word_header`, the two-word form at the end is used: a pointer and a word of bits.
//!
//! The descriptor's address is tagged by [`pointer::map_addr`], which keeps its provenance: no
//! integer is ever cast to a pointer.

use core::fmt;
use core::ops::Range;

use super::{Descriptor, GRANULE_BYTES, ObjectRef};

/// A property of one object, kept in its header.
///
/// See the example of [`Header`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// The object is old and was not logged since the last safepoint: the next store into it must
    /// run the slow write barrier.
    Unlogged = 1 << 0,
    /// The object has an entry in the identity table.
    Identified = 1 << 2,
    /// The object has an entry in the weak table.
    WeaklyHeld = 1 << 3,
    /// The object has a finalizer that has not run.
    Finalizable = 1 << 4,
    /// The object's finalizers have had their turn: there is no other.
    Finalized = 1 << 5,
    /// A collection has found the object unreachable, and has yet to see what finalizers make of
    /// that.
    Batched = 1 << 6,
    /// No collection reclaims the object: see [`Arena::freeze`](crate::Arena::freeze).
    Frozen = 1 << 7,
}

/// Several flags that are asked for at once.
///
/// See the example of [`Header::has_any`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(usize);

impl Flags {
    /// What somebody has to be told of when the object dies.
    pub const TOLD_OF_DEATH: Flags = Flags(
        Flag::Identified as usize
            | Flag::WeaklyHeld as usize
            | Flag::Batched as usize
            | Flag::Frozen as usize,
    );

    /// A call may have to come before the object dies, or before what it refers to does.
    pub const DELAYS_DEATH: Flags = Flags(Flag::Finalizable as usize | Flag::WeaklyHeld as usize);
}

/// Marks a header that holds a forwarding address.
const FORWARDED: usize = 1 << 1;

/// Three bits whose meaning is the collector's own (colors of trial deletion, for example).
///
/// # Examples
///
/// ```
/// use gc_core::heap::{Descriptor, Header, Policy};
///
/// /// Colors, as trial deletion has them.
/// const BLACK: Policy = Policy::ZERO;
/// const GRAY: Policy = Policy::new(1);
///
/// let header = Header::new(Descriptor::of::<u32>());
/// assert_eq!(header.policy(), BLACK);
/// header.set_policy(GRAY);
/// assert_eq!(header.policy(), GRAY);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(u8);

impl Policy {
    /// What a new object has.
    pub const ZERO: Policy = Policy(0);

    /// Makes a value of three bits.
    ///
    /// # Panics
    ///
    /// If `bits` is above 7; in a constant this is a compile error.
    ///
    /// # Examples
    ///
    /// See the example of [`Policy`].
    #[must_use]
    pub const fn new(bits: u8) -> Policy {
        assert!(bits < 8, "a policy has three bits");
        Policy(bits)
    }
}

/// The largest reference count a header holds; above it the count saturates and
/// [`CountTable`](super::CountTable) keeps the rest.
pub const COUNT_MAX: usize = (1 << COUNT_BITS) - 1;

/// Thirteen bits: of one million objects in the graph workload none has more than 60 references,
/// and a class object with more than 8191 instances costs a table look-up per change.
const COUNT_BITS: u32 = if cfg!(gc_zeal) { 3 } else { 13 };

pub use form::Header;

#[cfg(all(target_pointer_width = "64", not(gc_two_word_header)))]
mod form {
    use core::cell::Cell;

    use super::{COUNT_MAX, Descriptor, FORWARDED, Flag, Flags, ObjectRef, Policy};

    const FLAG_MASK: usize = 0xff;
    const COUNT_SHIFT: u32 = 48;
    const COUNT_MASK: usize = COUNT_MAX << COUNT_SHIFT;
    const COUNT_ONE: usize = 1 << COUNT_SHIFT;
    const POLICY_SHIFT: u32 = 61;
    const POLICY_MASK: usize = 0b111 << POLICY_SHIFT;
    const ADDRESS_MASK: usize = !(FLAG_MASK | COUNT_MASK | POLICY_MASK);

    /// The header of an object, in one word.
    ///
    /// # Examples
    ///
    /// ```
    /// use gc_core::heap::{Descriptor, Flag, Header};
    ///
    /// let header = Header::new(Descriptor::of::<u32>());
    /// assert_eq!((header.count(), header.has(Flag::Frozen)), (0, false));
    /// header.set(Flag::Frozen);
    /// header.increment();
    /// // They do not disturb each other, and neither is the descriptor's.
    /// assert_eq!((header.count(), header.has(Flag::Frozen)), (1, true));
    /// assert_eq!(header.descriptor().type_name(), "u32");
    /// ```
    #[repr(transparent)]
    pub struct Header {
        word: Cell<*const Descriptor>,
    }

    impl Header {
        /// The header of a young object: no flag, count zero.
        ///
        /// See the example of [`Header`].
        #[inline]
        #[must_use]
        pub const fn new(descriptor: &'static Descriptor) -> Header {
            Header { word: Cell::new(descriptor) }
        }

        #[inline]
        fn bits(&self) -> usize {
            self.word.get().addr()
        }

        #[inline]
        fn update(&self, change: impl FnOnce(usize) -> usize) {
            self.word.set(self.word.get().map_addr(change));
        }

        /// The object's type.
        ///
        /// See the example of [`Header`].
        #[inline]
        #[must_use]
        pub fn descriptor(&self) -> &'static Descriptor {
            debug_assert!(!self.is_forwarded());
            let address = self.word.get().map_addr(|bits| bits & ADDRESS_MASK);
            // SAFETY: `new` put a `&'static Descriptor` here, 256-aligned and below 2^48, so the
            // masked bits are not part of its address, and `map_addr` kept its provenance. A
            // forwarded header is not asked for its descriptor (asserted above).
            unsafe { &*address }
        }

        /// The place of the object's type, which nothing is known of: for the verifier.
        pub(in crate::heap) fn descriptor_ptr(&self) -> *const Descriptor {
            self.word.get().map_addr(|bits| bits & ADDRESS_MASK)
        }

        /// Whether the flag is set.
        ///
        /// See the example of [`Header`].
        #[inline]
        #[must_use]
        pub fn has(&self, flag: Flag) -> bool {
            self.bits() & flag as usize != 0
        }

        /// Whether one of the flags in a mask is set.
        ///
        /// # Examples
        ///
        /// ```
        /// use gc_core::heap::{Descriptor, Flag, Flags, Header};
        ///
        /// let header = Header::new(Descriptor::of::<u32>());
        /// assert!(!header.has_any(Flags::DELAYS_DEATH));
        /// header.set(Flag::WeaklyHeld);
        /// assert!(header.has_any(Flags::DELAYS_DEATH) && header.has_any(Flags::TOLD_OF_DEATH));
        /// ```
        #[inline]
        #[must_use]
        pub fn has_any(&self, flags: Flags) -> bool {
            self.bits() & flags.0 != 0
        }

        /// Sets the flag.
        ///
        /// See the example of [`Header`].
        #[inline]
        pub fn set(&self, flag: Flag) {
            self.update(|bits| bits | flag as usize);
        }

        /// Clears the flag.
        ///
        /// # Examples
        ///
        /// ```
        /// use gc_core::heap::{Descriptor, Flag, Header};
        ///
        /// let header = Header::new(Descriptor::of::<u32>());
        /// header.set(Flag::Identified);
        /// header.clear(Flag::Identified);
        /// assert!(!header.has(Flag::Identified));
        /// ```
        #[inline]
        pub fn clear(&self, flag: Flag) {
            self.update(|bits| bits & !(flag as usize));
        }

        /// The reference count kept here, at most [`COUNT_MAX`].
        ///
        /// See the example of [`Header`].
        #[inline]
        #[must_use]
        pub fn count(&self) -> usize {
            (self.bits() & COUNT_MASK) >> COUNT_SHIFT
        }

        /// Replaces the count; the caller keeps it at most [`COUNT_MAX`].
        ///
        /// # Examples
        ///
        /// ```
        /// use gc_core::heap::{COUNT_MAX, Descriptor, Header};
        ///
        /// let header = Header::new(Descriptor::of::<u32>());
        /// header.set_count(COUNT_MAX);
        /// header.decrement();
        /// assert_eq!(header.count(), COUNT_MAX - 1);
        /// ```
        #[inline]
        pub fn set_count(&self, count: usize) {
            debug_assert!(count <= COUNT_MAX);
            self.update(|bits| (bits & !COUNT_MASK) | (count << COUNT_SHIFT));
        }

        /// Adds one to the count, which is below [`COUNT_MAX`].
        ///
        /// See the example of [`Header`].
        // By arithmetic on the pointer: `map_addr` takes three instructions more.
        #[inline]
        pub fn increment(&self) {
            debug_assert!(self.count() < COUNT_MAX);
            self.word.set(self.word.get().wrapping_byte_add(COUNT_ONE));
        }

        /// Takes one from the count, which is not zero.
        ///
        /// See the example of [`set_count`](Header::set_count).
        #[inline]
        pub fn decrement(&self) {
            debug_assert!(self.count() > 0);
            self.word.set(self.word.get().wrapping_byte_sub(COUNT_ONE));
        }

        /// The policy's bits.
        ///
        /// See the example of [`Policy`].
        #[inline]
        #[must_use]
        pub fn policy(&self) -> Policy {
            Policy((self.bits() >> POLICY_SHIFT) as u8)
        }

        /// Replaces the policy's bits.
        ///
        /// See the example of [`Policy`].
        #[inline]
        pub fn set_policy(&self, policy: Policy) {
            self.update(|bits| (bits & !POLICY_MASK) | (usize::from(policy.0) << POLICY_SHIFT));
        }

        /// The header of a copy of the object that is mature and unlogged.
        ///
        /// # Examples
        ///
        /// ```
        /// use gc_core::heap::{Descriptor, Flag, Header};
        ///
        /// let header = Header::new(Descriptor::of::<u32>());
        /// header.set(Flag::Frozen);
        /// let copy = header.of_copy();
        /// assert!(copy.has(Flag::Frozen) && copy.has(Flag::Unlogged));
        /// ```
        #[inline]
        #[must_use]
        pub fn of_copy(&self) -> Header {
            debug_assert!(!self.is_forwarded());
            let word = self.word.get().map_addr(|bits| bits | Flag::Unlogged as usize);
            Header { word: Cell::new(word) }
        }

        /// Replaces the header by the object's new address.
        ///
        /// # Examples
        ///
        /// ```
        /// # use gc_core::{heap::*, *};
        /// # Arena::<Rootable![()], NullCollector>::new(|_| ()).enter(|mc, ()| {
        /// let number = Gc::new(mc, 42_u64);
        /// let object = ObjectRef::from_ptr(Gc::raw(number).as_ptr().cast()).unwrap();
        /// let header = Header::new(Descriptor::of::<u64>());
        /// assert_eq!(header.forwarded(), None);
        /// header.forward(object);
        /// assert!(header.is_forwarded());
        /// assert_eq!(header.forwarded(), Some(object));
        /// # });
        /// ```
        #[inline]
        pub fn forward(&self, to: ObjectRef) {
            let to = to.as_ptr().cast::<Descriptor>().cast_const();
            self.word.set(to.map_addr(|bits| bits | FORWARDED));
        }

        /// Whether [`forward`](Header::forward) was called.
        ///
        /// See the example of [`forward`](Header::forward).
        #[inline]
        #[must_use]
        pub fn is_forwarded(&self) -> bool {
            self.bits() & FORWARDED != 0
        }

        /// The object's new address, if it was forwarded.
        ///
        /// See the example of [`forward`](Header::forward).
        #[inline]
        #[must_use]
        pub fn forwarded(&self) -> Option<ObjectRef> {
            if !self.is_forwarded() {
                return None;
            }
            let to = self.word.get().map_addr(|bits| bits & !FORWARDED);
            ObjectRef::from_ptr(to.cast_mut().cast())
        }
    }
}

#[cfg(not(all(target_pointer_width = "64", not(gc_two_word_header))))]
mod form {
    use core::cell::Cell;

    use super::{COUNT_MAX, Descriptor, FORWARDED, Flag, Flags, ObjectRef, Policy};

    const COUNT_SHIFT: u32 = 8;
    const COUNT_MASK: usize = COUNT_MAX << COUNT_SHIFT;
    const COUNT_ONE: usize = 1 << COUNT_SHIFT;
    const POLICY_SHIFT: u32 = 24;
    const POLICY_MASK: usize = 0b111 << POLICY_SHIFT;

    /// The header of an object, in two words: a pointer, which is the descriptor's or the
    /// forwarding address, and a word of bits.
    #[repr(C)]
    pub struct Header {
        pointer: Cell<*const Descriptor>,
        bits: Cell<usize>,
    }

    impl Header {
        /// The header of a young object: no flag, count zero.
        #[inline]
        #[must_use]
        pub const fn new(descriptor: &'static Descriptor) -> Header {
            Header { pointer: Cell::new(descriptor), bits: Cell::new(0) }
        }

        #[inline]
        fn update(&self, change: impl FnOnce(usize) -> usize) {
            self.bits.set(change(self.bits.get()));
        }

        /// The object's type.
        #[inline]
        #[must_use]
        pub fn descriptor(&self) -> &'static Descriptor {
            debug_assert!(!self.is_forwarded());
            // SAFETY: `new` put a `&'static Descriptor` here, and a forwarded header is not asked
            // for its descriptor (asserted above).
            unsafe { &*self.pointer.get() }
        }

        /// The place of the object's type, which nothing is known of: for the verifier.
        pub(in crate::heap) fn descriptor_ptr(&self) -> *const Descriptor {
            self.pointer.get()
        }

        /// Whether the flag is set.
        #[inline]
        #[must_use]
        pub fn has(&self, flag: Flag) -> bool {
            self.bits.get() & flag as usize != 0
        }

        /// Whether one of the flags in a mask is set.
        #[inline]
        #[must_use]
        pub fn has_any(&self, flags: Flags) -> bool {
            self.bits.get() & flags.0 != 0
        }

        /// Sets the flag.
        #[inline]
        pub fn set(&self, flag: Flag) {
            self.update(|bits| bits | flag as usize);
        }

        /// Clears the flag.
        #[inline]
        pub fn clear(&self, flag: Flag) {
            self.update(|bits| bits & !(flag as usize));
        }

        /// The reference count kept here, at most [`COUNT_MAX`].
        #[inline]
        #[must_use]
        pub fn count(&self) -> usize {
            (self.bits.get() & COUNT_MASK) >> COUNT_SHIFT
        }

        /// Replaces the count; the caller keeps it at most [`COUNT_MAX`].
        #[inline]
        pub fn set_count(&self, count: usize) {
            debug_assert!(count <= COUNT_MAX);
            self.update(|bits| (bits & !COUNT_MASK) | (count << COUNT_SHIFT));
        }

        /// Adds one to the count, which is below [`COUNT_MAX`].
        #[inline]
        pub fn increment(&self) {
            debug_assert!(self.count() < COUNT_MAX);
            self.update(|bits| bits + COUNT_ONE);
        }

        /// Takes one from the count, which is not zero.
        #[inline]
        pub fn decrement(&self) {
            debug_assert!(self.count() > 0);
            self.update(|bits| bits - COUNT_ONE);
        }

        /// The policy's bits.
        #[inline]
        #[must_use]
        pub fn policy(&self) -> Policy {
            Policy(((self.bits.get() & POLICY_MASK) >> POLICY_SHIFT) as u8)
        }

        /// Replaces the policy's bits.
        #[inline]
        pub fn set_policy(&self, policy: Policy) {
            self.update(|bits| (bits & !POLICY_MASK) | (usize::from(policy.0) << POLICY_SHIFT));
        }

        /// The header of a copy of the object that is mature and unlogged.
        #[inline]
        #[must_use]
        pub fn of_copy(&self) -> Header {
            debug_assert!(!self.is_forwarded());
            let bits = self.bits.get() | Flag::Unlogged as usize;
            Header { pointer: self.pointer.clone(), bits: Cell::new(bits) }
        }

        /// Replaces the header by the object's new address.
        #[inline]
        pub fn forward(&self, to: ObjectRef) {
            self.pointer.set(to.as_ptr().cast::<Descriptor>().cast_const());
            self.update(|bits| bits | FORWARDED);
        }

        /// Whether [`forward`](Header::forward) was called.
        #[inline]
        #[must_use]
        pub fn is_forwarded(&self) -> bool {
            self.bits.get() & FORWARDED != 0
        }

        /// The object's new address, if it was forwarded.
        #[inline]
        #[must_use]
        pub fn forwarded(&self) -> Option<ObjectRef> {
            if !self.is_forwarded() {
                return None;
            }
            ObjectRef::from_ptr(self.pointer.get().cast_mut().cast())
        }
    }
}

impl Header {
    /// Whether a granule is part of a gap: a header never begins with zero.
    ///
    /// # Safety
    ///
    /// At the granule is a header, or [`Header::fill_gap`] was called for it.
    #[inline]
    pub(super) unsafe fn is_gap(granule: *const u8) -> bool {
        // SAFETY: both forms of a header begin with a pointer, and so does a gap.
        unsafe { granule.cast::<*const Descriptor>().read() }.is_null()
    }

    /// Makes the granules of a range a gap.
    ///
    /// # Safety
    ///
    /// They are free memory.
    pub(super) unsafe fn fill_gap(gap: Range<*mut u8>) {
        let mut granule = gap.start;
        while granule < gap.end {
            // SAFETY: free, says the caller, and a granule has room for a pointer.
            unsafe { granule.cast::<*const Descriptor>().write(core::ptr::null()) }
            granule = granule.wrapping_add(GRANULE_BYTES);
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(to) = self.forwarded() {
            return f.debug_tuple("Forwarded").field(&to).finish();
        }
        f.debug_struct("Header")
            .field("type", &self.descriptor().type_name())
            .field("unlogged", &self.has(Flag::Unlogged))
            .field("count", &self.count())
            .field("policy", &self.policy())
            .finish()
    }
}

/// Bytes between an object's start and its payload.
pub const HEADER_BYTES: usize = size_of::<Header>();

#[cfg(all(target_pointer_width = "64", not(gc_two_word_header)))]
static_assertions::const_assert_eq!(HEADER_BYTES, 8);
static_assertions::const_assert!(HEADER_BYTES.is_multiple_of(super::GRANULE_BYTES));
static_assertions::const_assert!(align_of::<Descriptor>() == 256);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_count_and_policy_do_not_disturb_each_other() {
        let descriptor = Descriptor::of::<u64>();
        let header = Header::new(descriptor);
        header.set_count(COUNT_MAX - 1);
        header.increment();
        header.set(Flag::Unlogged);
        header.set_policy(Policy::new(5));
        assert_eq!(header.count(), COUNT_MAX);
        assert!(header.has(Flag::Unlogged));
        assert!(!header.has(Flag::WeaklyHeld));
        assert_eq!(header.policy(), Policy::new(5));
        assert!(core::ptr::eq(header.descriptor(), descriptor));

        header.clear(Flag::Unlogged);
        header.set_count(1);
        header.decrement();
        header.set_policy(Policy::ZERO);
        header.set(Flag::Identified);
        assert_eq!(header.count(), 0);
        assert!(!header.has(Flag::Unlogged) && header.has(Flag::Identified));
        assert_eq!(header.policy(), Policy::ZERO);
        assert!(core::ptr::eq(header.descriptor(), descriptor));
    }

    #[test]
    fn a_forwarded_header_gives_the_new_address() {
        let mut target = [0u64; 2];
        let to = ObjectRef::from_ptr(target.as_mut_ptr().cast()).unwrap();
        let header = Header::new(Descriptor::of::<u64>());
        assert_eq!(header.forwarded(), None);
        header.forward(to);
        assert_eq!(header.forwarded(), Some(to));
    }
}
