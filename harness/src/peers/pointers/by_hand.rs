//! Takes the types of the workloads apart for peers that have no derive, whose derive does not know
//! arrays, or whose derive does not work behind a macro.

/// A type with pointers in it. `impl_trace!` of the peer gets its name, and a pattern, a binding
/// and a type for every field.
macro_rules! traced {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident { $($field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$attribute])*
        $visibility struct $name { $($field: $type),* }

        impl_trace! { $name: $($name { $field, .. } => $field: $type;)* }
    };
    (
        $(#[$attribute:meta])*
        enum $name:ident { $($variant:ident $(($type:ty))?),* $(,)? }
    ) => {
        $(#[$attribute])*
        enum $name { $($variant $(($type))?),* }

        impl_trace! { $name: $($($name::$variant(value) => value: $type;)?)* }
    };
}
