//! [`Trace`](crate::Trace) for containers of other crates, all of which work alike.

/// Implements `Trace` for a container that owns its elements: their type, and the two methods that
/// iterate over all of them, and whether these are `elements` or the `values`
/// of a map. What else the container holds (keys, hashers) is `'static`, and named behind the arrow.
macro_rules! owning_impl {
    (
        $([$($generics:tt)*] $type:ty: $element:ty, $iter:ident, $iter_mut:ident, $kind:ident
            => $($other:ty),*);+ $(;)?
    ) => {$(
        // SAFETY: the container owns its elements, and all are passed on, each once. Whatever else
        // it holds is `'static`, so it holds no `Gc`.
        unsafe impl<$($generics)*> $crate::Trace for $type {
            const HAS_GC: bool = <$element as $crate::Trace>::HAS_GC;
            const SLOTS: $crate::SlotMap =
                $crate::trace_impls::core_types::asked_if(<$element as $crate::Trace>::HAS_GC);

            fn visit(&self, edges: &mut $crate::Edges) {
                $crate::trace_impls::core_types::visit_all::<$element>(self.$iter(), edges);
            }

            fn relocate(&mut self, slots: &mut $crate::Slots) {
                $crate::trace_impls::core_types::relocate_all::<$element>(self.$iter_mut(), slots);
            }

            fn describe(&self, edges: &mut $crate::NamedEdges<'_>) {
                edges.$kind::<$element>(self.$iter());
            }

            fn check_send(check: &mut $crate::SendCheck<'_>) {
                check.part::<$element>();
                $(check.look_up::<$other>();)*
            }
        }
    )+};
}
pub(crate) use owning_impl;
