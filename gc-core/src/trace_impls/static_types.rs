//! Types of `core` and `alloc` that hold no reference at all.
//!
//! `Cell` and `RefCell` are not among them, whatever is inside: a store into them has no barrier, so
//! they are where a `Gc` gets lost. `Static<Cell<T>>` says that none is meant. Nor is
//! `ManuallyDrop`, whose value may be dead, nor raw pointers.

use alloc::boxed::Box;
use core::mem::Discriminant;
use core::ops::{Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

use super::core_types::static_impl;
use crate::static_trace;
use crate::trace::{Edges, SlotMap, Slots, Trace};

static_trace!(
    Box<core::ffi::CStr>,
    core::alloc::Layout,
    core::convert::Infallible,
    core::fmt::Error,
    core::marker::PhantomPinned,
    core::net::IpAddr,
    core::net::Ipv4Addr,
    core::net::Ipv6Addr,
    core::net::SocketAddr,
    core::net::SocketAddrV4,
    core::net::SocketAddrV6,
    core::ops::RangeFull,
    core::panic::Location<'static>,
);

#[cfg(target_has_atomic = "8")]
static_trace!(
    core::sync::atomic::AtomicBool,
    core::sync::atomic::AtomicI8,
    core::sync::atomic::AtomicU8,
);
#[cfg(target_has_atomic = "16")]
static_trace!(core::sync::atomic::AtomicI16, core::sync::atomic::AtomicU16);
#[cfg(target_has_atomic = "32")]
static_trace!(core::sync::atomic::AtomicI32, core::sync::atomic::AtomicU32);
#[cfg(target_has_atomic = "64")]
static_trace!(core::sync::atomic::AtomicI64, core::sync::atomic::AtomicU64);
#[cfg(target_has_atomic = "ptr")]
static_trace!(core::sync::atomic::AtomicIsize, core::sync::atomic::AtomicUsize);

static_impl!(
    [T: 'static] Range<T>: look_up<T>,
    [T: 'static] RangeFrom<T>: look_up<T>,
    [T: 'static] RangeInclusive<T>: look_up<T>,
    [T: 'static] RangeTo<T>: look_up<T>,
    [T: 'static] RangeToInclusive<T>: look_up<T>,
    [T: 'static] Discriminant<T>: look_up<Self>,
    [H: 'static] core::hash::BuildHasherDefault<H>: accept<Self>,
);

#[cfg(feature = "std")]
static_trace!(
    Box<std::ffi::OsStr>,
    Box<std::path::Path>,
    std::hash::RandomState,
    std::io::ErrorKind,
    std::thread::ThreadId,
);

#[cfg(test)]
mod tests {
    use core::cell::{Cell, OnceCell, RefCell};
    use core::mem::ManuallyDrop;

    use super::*;
    use crate::Static;

    static_assertions::assert_not_impl_any!(Cell<u8>: Trace);
    static_assertions::assert_not_impl_any!(RefCell<u8>: Trace);
    static_assertions::assert_not_impl_any!(OnceCell<u8>: Trace);
    static_assertions::assert_not_impl_any!(ManuallyDrop<u8>: Trace);
    static_assertions::assert_not_impl_any!(*const u8: Trace);
    static_assertions::assert_impl_all!(Static<Cell<u8>>: Trace);
    static_assertions::assert_impl_all!(Range<usize>: Trace);
}
