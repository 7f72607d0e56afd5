//! What the verifier has found: [`HeapFault`], [`HeapFaults`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::id::GcId;
use crate::short_name::Short;

/// So many faults are kept; of others it is only known how many there are.
const FAULTS_MAX: usize = 100;

/// So many faults have a line.
const LINES_MAX: usize = 20;

/// Which part of a heap contradicts another.
///
/// See the example of [`HeapFaults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The blocks: what each is used for, and the lists that they are on.
    Blocks,
    /// The large objects and their pages.
    Large,
    /// Pages that were given back to the system.
    Pages,
    /// The header of an object, or how much room the object takes.
    Header,
    /// How much lives, in a block or in all.
    Census,
    /// A reference that leads to nothing.
    Edge,
    /// A reference to a young object in an old one that the write barrier did not log.
    Unlogged,
    /// The log and the flags that say what is in it.
    Log,
    /// Reference counts.
    Count,
    /// What a type reports of its references.
    Trace,
    /// Mark bits.
    Marks,
    /// Handles.
    Handles,
    /// Weak references and ephemerons.
    Weak,
    /// Identities, samples of allocations, and names.
    Identity,
    /// Finalizers, and calls that wait.
    Calls,
    /// Drop glue.
    Drops,
    /// Frozen objects.
    Frozen,
    /// Something that only this collector knows of.
    Collector,
}

/// An object as a fault names it: without its address, which is another in each run.
///
/// See the example of [`HeapFaults`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultyObject {
    /// The type's name, if there is an object whose header can be read.
    pub type_name: Option<&'static str>,
    /// Where it begins: the place of its chunk among all, and bytes from the beginning of that. `None`
    /// if it is in no chunk of this heap.
    pub place: Option<(usize, usize)>,
    /// Its identity, if it has one.
    pub id: Option<GcId>,
}

impl fmt::Display for FaultyObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.type_name {
            Some(name) => write!(f, "{}", Short(name))?,
            None => f.write_str("what is no object")?,
        }
        match self.place {
            Some((chunk, offset_bytes)) => write!(f, " (chunk {chunk}, byte {offset_bytes}")?,
            None => f.write_str(" (in no chunk of this heap")?,
        }
        if let Some(id) = self.id {
            write!(f, ", {id:?}")?;
        }
        f.write_str(")")
    }
}

/// Something that is not as it has to be.
///
/// See the example of [`HeapFaults`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapFault {
    /// Which part of the heap it is about.
    pub kind: FaultKind,
    /// The object that is wrong, or that something wrong leads to.
    pub object: Option<FaultyObject>,
    /// The object that has the reference, if the fault is one of a reference in an object.
    pub holder: Option<FaultyObject>,
    /// What was found, and what was expected.
    pub message: String,
}

impl fmt::Display for HeapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: ", self.kind)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(holder) = &self.holder {
            write!(f, ", held by {holder}")?;
        }
        Ok(())
    }
}

/// Everything that [`Arena::verify`](crate::Arena::verify) has found.
///
/// # Examples
///
/// What safe code does is never at fault. So this one breaks a promise: it stores a young object in an
/// old one without the write barrier.
///
/// ```
/// use gc_core::{Arena, FaultKind, Gc, Lock, Rootable};
/// # use gc_core::Reason;
/// # use gc_core::collector::{Attributes, Collector, Safepoint};
/// # #[derive(Default)]
/// # struct Promoting;
/// # unsafe impl Collector for Promoting {
/// #     const ATTRIBUTES: Attributes = Attributes::new("promoting");
/// #     fn safepoint(&mut self, _: &mut Safepoint<'_>) {}
/// #     fn collect(&mut self, safepoint: &mut Safepoint<'_>, _: u8, _: Reason) {
/// #         let Safepoint { heap, roots, .. } = safepoint;
/// #         // SAFETY: it is young, and lives.
/// #         roots.for_each_edge(|object| unsafe { heap.promote_in_place(object) });
/// #         heap.settle_nursery(true);
/// #     }
/// # }
///
/// type Root = Rootable![Gc<'_, Lock<Option<Gc<'_, u32>>>>];
/// let builder = Arena::<Root, Promoting>::builder().verify(false);
/// let mut arena = builder.build(|mc| Gc::new(mc, Lock::new(None)));
/// arena.collect();
/// arena.mutate(|mc, root| {
///     // SAFETY: none: the object is old, and was not logged.
///     unsafe { root.unlock_unchecked() }.set(Some(Gc::new(mc, 42)));
/// });
/// let faults = arena.verify().unwrap_err();
/// let fault = &faults.faults()[0];
/// assert_eq!(fault.kind, FaultKind::Unlogged);
/// assert_eq!(fault.object.as_ref().unwrap().type_name, Some("u32"));
/// assert!(fault.holder.as_ref().unwrap().place.is_some_and(|(chunk, _)| chunk == 0));
/// println!("{faults}");
/// # // It is no longer what no collector could have left.
/// # arena.mutate(|_, root| unsafe { root.unlock_unchecked() }.set(None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeapFaults {
    faults: Vec<HeapFault>,
    others: usize,
}

impl HeapFaults {
    /// What is wrong: at least one fault, and a hundred at most. The first ones say most: others may be
    /// what follows of them.
    ///
    /// See the example of [`HeapFaults`].
    #[must_use]
    pub fn faults(&self) -> &[HeapFault] {
        &self.faults
    }
}

impl fmt::Display for HeapFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the heap is not as it has to be:")?;
        for fault in self.faults.iter().take(LINES_MAX) {
            write!(f, "\n{fault}")?;
        }
        match self.faults.len().saturating_sub(LINES_MAX) + self.others {
            0 => Ok(()),
            others => write!(f, "\nand {others} more"),
        }
    }
}

impl core::error::Error for HeapFaults {}

/// Gathers faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    kept: Vec<HeapFault>,
    others: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: HeapFault) {
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        } else {
            self.others += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn into_result(self) -> Result<(), HeapFaults> {
        let Faults { kept: faults, others } = self;
        if faults.is_empty() { Ok(()) } else { Err(HeapFaults { faults, others }) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn there_is_a_bound_on_faults_and_the_rest_is_counted() {
        let mut faults = Faults::default();
        for number in 0..FAULTS_MAX + 7 {
            let message = format!("number {number}");
            faults.push(HeapFault { kind: FaultKind::Edge, object: None, holder: None, message });
        }
        let faults = faults.into_result().expect_err("there are some");
        assert_eq!(faults.faults().len(), FAULTS_MAX);
        let text = faults.to_string();
        assert!(text.contains("number 0\n") && !text.contains("number 20\n"), "{text}");
        assert!(text.ends_with(&format!("and {} more", FAULTS_MAX + 7 - LINES_MAX)), "{text}");
    }
}
