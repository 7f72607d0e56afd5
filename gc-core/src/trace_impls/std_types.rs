//! Types of `std`.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;

use super::core_types::{asked_if, relocate_all, static_impl, visit_all};
use crate::place::NamedEdges;
use crate::send_check::SendCheck;
use crate::static_trace;
use crate::trace::{Edges, SlotMap, Slots, Trace};

static_trace!(OsString, PathBuf, std::time::Instant, std::time::SystemTime);

// SAFETY: the keys and the hasher hold no `Gc`; all values are passed on, each once.
unsafe impl<K: 'static, V: Trace, S: 'static> Trace for HashMap<K, V, S> {
    const HAS_GC: bool = V::HAS_GC;
    const SLOTS: SlotMap = asked_if(V::HAS_GC);

    fn visit(&self, edges: &mut Edges) {
        visit_all(self.values(), edges);
    }

    fn relocate(&mut self, slots: &mut Slots) {
        relocate_all(self.values_mut(), slots);
    }

    fn describe(&self, edges: &mut NamedEdges<'_>) {
        edges.values(self.values());
    }

    fn check_send(check: &mut SendCheck<'_>) {
        check.look_up::<K>();
        check.part::<V>();
        check.look_up::<S>();
    }
}

static_impl!([T: 'static, S: 'static] HashSet<T, S>: look_up<T> look_up<S>);
