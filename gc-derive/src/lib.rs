//! The procedural macros of gc-core: `#[derive(Trace)]` and the lifetime rewriting behind
//! `Rootable!`.
//!
//! A collector is as precise as the type descriptions it is given, so these macros are part of the
//! safety argument. Three rules keep them honest, and each has tests:
//!
//! - *The impl describes the type as it is compiled, not as it was written.* Structs and variants
//!   are destructured without `..` and every binding is compared with the type that is traced, so
//!   an attribute macro that runs after the derive cannot add or retype a field unnoticed
//!   (`methods`).
//! - *Nothing the user writes is pasted as text.* Attribute values are parsed as what they are, a
//!   path or where-predicates, and predicates that memory safety needs are never replaced
//!   (`grammar`, `bounds`).
//! - *No user item can take the place of one of ours.* Every call names the trait and the type
//!   (`<Field as ::gc_core::Trace>::visit`), and the generated
//!   variables are hygienic (`hygiene`).

mod attributes;
mod bounds;
mod drop_ban;
mod expand;
mod finalizer;
mod grammar;
mod hygiene;
mod methods;
mod shape;
mod unelide;

use proc_macro::TokenStream;

/// Implements `gc_core::Trace`, so that values of the type can live in a garbage-collected heap.
///
/// # Examples
///
/// ```
/// use gc_core::{Gc, RefLock, Trace};
///
/// #[derive(Trace)]
/// struct Node<'gc> {
///     name: String,
///     next: RefLock<Option<Gc<'gc, Node<'gc>>>>,
/// }
/// #[derive(Trace)]
/// enum Shape {
///     Circle { radius: f64 },
///     Square(f64),
/// }
/// assert!(<Node as Trace>::HAS_GC);
/// // A collector never looks into a value that cannot hold a `Gc`.
/// assert!(!<Shape as Trace>::HAS_GC);
/// ```
///
/// It works on structs and enums whose fields are all `Trace`. It is a compile error on unions and
/// on packed structs, whose fields cannot be borrowed.
///
/// # Why does my type not compile with `Drop`?
///
/// When an object dies, the objects it refers to may be dead already, so `drop` must not look at
/// them. The derive therefore forbids `Drop` on the type; the error says *conflicting
/// implementations of trait `__MustNotImplDrop`*. Fields may have drop glue of their own (a `Vec`,
/// a `String`, a file). If the type must implement `Drop`, move what needs it into a `'static`
/// field, or see `unsafe_drop` below.
///
/// ```compile_fail,E0119
/// #[derive(gc_core::Trace)]
/// struct Noisy<'gc>(gc_core::Gc<'gc, str>);
///
/// impl Drop for Noisy<'_> {
///     fn drop(&mut self) {
///         println!("{} died", self.0); // It may have died before.
///     }
/// }
/// ```
///
/// # Words on a type: `#[trace(..)]`
///
/// Several words go into one attribute or into several; each may be given once.
///
/// - `no_drop`: the default, spelled out. Excludes the next two.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   #[derive(Trace)]
///   #[trace(no_drop)]
///   struct Pair<'gc>(Gc<'gc, str>, Gc<'gc, str>);
///   ```
///
/// - `require_static`: the type holds no `Gc`, which is proved by requiring that it is `'static`.
///   Its fields are neither asked nor traced and need not be `Trace`; `Drop` is allowed.
///
///   ```
///   # use gc_core::Trace;
///   #[derive(Trace)]
///   #[trace(require_static)]
///   struct Connection { socket: std::net::TcpStream }
///
///   impl Drop for Connection {
///       fn drop(&mut self) { let _ = self.socket.shutdown(std::net::Shutdown::Both); }
///   }
///   assert!(!<Connection as Trace>::HAS_GC);
///   ```
///
/// - `unsafe_drop`: allows `Drop`. You promise that `drop` neither dereferences a `Gc` that the
///   value holds nor hands one to code that might: the object behind it may be gone. The word is as
///   unsafe as an `unsafe` block, though no keyword marks it.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   #[derive(Trace)]
///   #[trace(unsafe_drop)]
///   struct Logged<'gc> { id: u64, next: Option<Gc<'gc, Logged<'gc>>> }
///
///   impl Drop for Logged<'_> {
///       fn drop(&mut self) { println!("{} died", self.id) } // `next` is not touched.
///   }
///   ```
///
/// - `bound = "where .."`: the where-predicates of the impl, instead of `T: Trace` for every type
///   parameter `T` that a traced field mentions. The word `where` may be left out, and `bound = ""`
///   asks for no predicate at all. The predicates that `require_static` adds stay, and the compiler
///   still checks that every traced field is `Trace`.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   trait Storage {
///       type Item;
///   }
///
///   #[derive(Trace)]
///   #[trace(bound = "where S: Storage, S::Item: Trace")]
///   struct Stack<S: Storage> { items: Vec<S::Item> }
///
///   struct Numbers; // Not `Trace`, and need not be.
///   impl Storage for Numbers {
///       type Item = u32;
///   }
///   assert!(!<Stack<Numbers> as Trace>::HAS_GC);
///   ```
///
/// - `gc_lifetime = 'gc` or `gc_lifetime = "'gc"`: names the parameter that is the arena's
///   lifetime. gc-arena needs it where a type has several lifetimes. `Trace` has no lifetime, so
///   the derive only checks that the parameter exists.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   #[derive(Trace)]
///   #[trace(gc_lifetime = 'gc)]
///   struct Token<'text: 'static, 'gc> { text: &'text str, value: Gc<'gc, u64> }
///   ```
///
/// - `crate = path` or `crate = "path"`: where to find `Trace` and its companions, for crates that
///   re-export them.
///
///   ```
///   mod scripting {
///       pub use gc_core as gc;
///   }
///
///   #[derive(scripting::gc::Trace)]
///   #[trace(crate = scripting::gc)]
///   struct Value<'gc>(scripting::gc::Gc<'gc, str>);
///   ```
///
/// - `recursive`: the type contains itself by way of another type, as `Expr` does when it holds a
///   `Vec<Stmt>` and `Stmt` a `Box<Expr>`, and the containers between them answer `HAS_GC` with
///   that of their elements. Then the compiler would go in a circle, and says so (*cycle detected*,
///   E0391). The word makes `HAS_GC` true without asking the fields; one type of the circle needs
///   it. A type whose own fields name it needs no word, and neither does recursion through `Gc`.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   #[derive(Trace)]
///   #[trace(recursive)]
///   enum Expr<'gc> { Name(Gc<'gc, str>), Block(Vec<Stmt<'gc>>) }
///
///   #[derive(Trace)]
///   enum Stmt<'gc> { Eval(Box<Expr<'gc>>) }
///   ```
///
/// - `finalize`: every object of the type has a finalizer, which is called with it when it is
///   unreachable: that of the type's impl of `Finalize`. The type has one lifetime at most, and with
///   one each value has a field of type `Brand<'gc>`; its type parameters are required to be `'static`.
///
///   ```
///   # use gc_core::{Brand, Finalize, Gc, Mutation, Trace};
///   #[derive(Trace)]
///   #[trace(finalize)]
///   struct Window<'gc> { id: u32, parent: Option<Gc<'gc, Window<'gc>>>, brand: Brand<'gc> }
///
///   impl<'gc> Finalize<'gc> for Window<'gc> {
///       type Outcome = ();
///       fn finalize(_: &Mutation<'gc>, window: Gc<'gc, Self>) {
///           println!("closing {}", window.id);
///       }
///   }
///   ```
///
/// # Words on a field
///
/// - `require_static`: the field holds no `Gc`, which is proved by the obligation that its type is
///   `'static`. It is not traced and need not be `Trace`. A type parameter that only such fields
///   mention is not required to be `Trace`.
///
///   ```
///   # use gc_core::{Gc, Trace};
///   #[derive(Trace)]
///   struct Task<'gc> {
///       #[trace(require_static)]
///       waker: core::task::Waker,
///       value: Gc<'gc, u64>,
///   }
///   ```
///
/// # What is generated?
///
/// `HAS_GC`, the disjunction over the fields; `SLOTS`, the offsets of the references in a struct
/// (an enum's depend on its variant, so a collector asks `visit`); `visit` and `relocate`, which
/// pass on to the fields in their order; `describe`, which does so under their names. The code is `no_std` and compiles under
/// `#![forbid(unsafe_code)]`.
#[proc_macro_derive(Trace, attributes(trace))]
pub fn derive_trace(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::derive(&input, syn::parse_quote!(::gc_core)).into()
}

/// Implements `Trace` for crates that know it through the facade: [`macro@Trace`] with paths that
/// start at `::tenure`.
///
/// The facade re-exports it under the name `Trace`. The attributes are the same.
///
/// # Examples
///
/// Beside the facade's own, one that shows which paths it writes:
///
/// ```
/// extern crate gc_core as tenure;
/// use tenure::{Gc, Trace};
///
/// #[derive(gc_derive::TraceForFacade)]
/// struct Node<'gc> {
///     next: Option<Gc<'gc, Node<'gc>>>,
/// }
/// assert!(<Node as Trace>::HAS_GC);
/// ```
#[proc_macro_derive(TraceForFacade, attributes(trace))]
pub fn derive_trace_for_facade(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::derive(&input, syn::parse_quote!(::tenure)).into()
}

/// Gives the elided lifetimes of a type a name: `__unelide_lifetimes!('a; Node<'_>)` is `Node<'a>`.
///
/// `Rootable![Node<'_>]` uses it. Elided are `'_` and the missing lifetime of a reference. Those
/// inside `fn(..)` and `Fn(..)` are left alone, since they belong to that function's own signature.
#[doc(hidden)]
#[proc_macro]
pub fn __unelide_lifetimes(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as unelide::Input);
    unelide::expand(input).into()
}
