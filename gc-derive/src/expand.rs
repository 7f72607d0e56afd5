//! From a type's shape to its impl of `Trace`.
//!
//! `HAS_GC`, `SLOTS`, `visit`, `relocate`, `describe` and `check_send` are written from one list of fields, so they agree
//! about which fields hold references.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Member, Path, Result};

use crate::attributes::{self, Mode, TypeWords};
use crate::hygiene::{allowed_lints, associated, local};
use crate::methods::{self, Method};
use crate::shape::{self, Field, Variant};
use crate::{bounds, drop_ban, finalizer};

/// Expands `#[derive(Trace)]`, into errors if need be.
///
/// `default_crate` is where the trait is, unless the type names another place.
pub(crate) fn derive(input: &DeriveInput, default_crate: Path) -> TokenStream {
    try_derive(input, default_crate).unwrap_or_else(Error::into_compile_error)
}

fn try_derive(input: &DeriveInput, default_crate: Path) -> Result<TokenStream> {
    if let Some(span) = attributes::find_packed(&input.attrs) {
        let message = "`Trace` cannot be derived for a packed type: its fields may be misaligned, \
                       and then they cannot be borrowed";
        return Err(Error::new(span, message));
    }
    let variants = shape::variants(input)?;
    let words = TypeWords::parse(&input.attrs, &input.generics)?;
    finalizer::check_lifetimes(input, words.finalize)?;
    let krate = words.krate.clone().unwrap_or(default_crate);
    let items = match words.mode {
        Mode::RequireStatic => static_items(&krate),
        Mode::NoDrop | Mode::UnsafeDrop => traced_items(input, &variants, &words, &krate),
    };
    let finalizer = finalizer::constant(input, &variants, words.finalize, &krate)?;
    let declaration = finalizer::declaration(input, words.finalize, &krate);
    let drop_ban = (words.mode == Mode::NoDrop).then(|| drop_ban::expand(input, &krate));

    let mut generics = input.generics.clone();
    let predicates = bounds::predicates(input, &words, &variants, &krate);
    generics.make_where_clause().predicates.extend(predicates);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let (name, allowed_lints) = (&input.ident, allowed_lints(input));
    Ok(quote! {
        #[automatically_derived]
        #allowed_lints
        unsafe impl #impl_generics #krate::Trace for #name #type_generics #where_clause {
            #items
            #finalizer
        }
        #declaration
        #drop_ban
    })
}

/// The items of a type that is known to hold no reference.
fn static_items(krate: &Path) -> TokenStream {
    let visit = methods::empty(Method::Visit, krate);
    let relocate = methods::empty(Method::Relocate, krate);
    let check_send = methods::check_static_send(krate);
    quote! {
        const HAS_GC: bool = false;
        const SLOTS: #krate::SlotMap = #krate::SlotMap::Empty;
        #visit
        #relocate
        #check_send
    }
}

/// The items of a type that is asked for its parts.
fn traced_items(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    words: &TypeWords,
    krate: &Path,
) -> TokenStream {
    let has_gc = has_gc(input, variants, words, krate);
    let slots = slots(input, variants, words, krate);
    let visit = methods::tracing(Method::Visit, &input.data, variants, krate);
    let relocate = methods::tracing(Method::Relocate, &input.data, variants, krate);
    let describe = methods::tracing(Method::Describe, &input.data, variants, krate);
    let check_send = methods::check_send(variants, krate);
    quote! {
        const HAS_GC: bool = #has_gc;
        const SLOTS: #krate::SlotMap = #slots;
        #visit
        #relocate
        #describe
        #check_send
    }
}

fn traced_fields<'a>(variants: &'a [Variant<'a>]) -> impl Iterator<Item = &'a Field<'a>> {
    variants.iter().flat_map(|variant| &variant.fields).filter(|field| !field.is_static)
}

fn has_gc(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    words: &TypeWords,
    krate: &Path,
) -> TokenStream {
    let leads_back = |field: &Field<'_>| shape::may_lead_back(field.ty, &input.ident);
    if words.is_recursive || traced_fields(variants).any(leads_back) {
        // To ask the fields would be to ask this very constant. True may have a value scanned in
        // vain and never misses a reference.
        return quote!(true);
    }
    let terms = traced_fields(variants).map(|field| associated(field.ty, krate, "HAS_GC"));
    quote!(false #(|| #terms)*)
}

fn slots(
    input: &DeriveInput,
    variants: &[Variant<'_>],
    words: &TypeWords,
    krate: &Path,
) -> TokenStream {
    let check =
        (words.mode == Mode::NoDrop).then(|| quote!(#krate::SlotMap::__check_drop::<Self>();));
    let slots = match (&input.data, variants) {
        (Data::Struct(_), [fields]) if !shape::is_last_unsized(fields, &input.generics) => {
            let map = local("map");
            // One statement per field: a nested expression would be as deep as the type is wide.
            let steps = traced_fields(variants).map(|field| {
                let (member, slots) = (&field.member, associated(field.ty, krate, "SLOTS"));
                let offset_bytes = offset_bytes(member);
                quote!(let #map = #krate::SlotMap::field(#map, #offset_bytes, #slots);)
            });
            quote!(let #map = #krate::SlotMap::Empty; #(#steps)* #map)
        }
        _ => {
            let has_gc = quote!(<Self as #krate::Trace>::HAS_GC);
            quote!(if #has_gc { #krate::SlotMap::Dynamic } else { #krate::SlotMap::Empty })
        }
    };
    quote!({ #check #slots })
}

/// The offset of a field, by the macro of the real `core`: a crate may call itself so, and then
/// `::core::mem::offset_of!` is what it pleases. The name is bound where none of the user's is in sight.
fn offset_bytes(member: &Member) -> TokenStream {
    quote!({
        extern crate core as __core;
        __core::mem::offset_of!(Self, #member)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hygiene::text::{assert_has, expand};
    use syn::{File, Item, parse_quote};

    #[test]
    fn an_expansion_is_one_impl_and_one_ban() {
        let input = syn::parse_str("struct S<'gc>(Gc<'gc, u8>);").unwrap();
        let file: File = syn::parse2(derive(&input, parse_quote!(::gc_core))).unwrap();
        let [Item::Impl(trace), Item::Impl(_)] = &file.items[..] else { panic!("other items") };
        assert!(trace.unsafety.is_some());
    }

    #[test]
    fn a_type_holds_references_if_one_of_its_fields_does() {
        let expansion = expand("enum E { A(A, #[trace(require_static)] B), C(C) }");
        let terms = "<A as ::gc_core::Trace>::HAS_GC || <C as ::gc_core::Trace>::HAS_GC";
        assert_has(&expansion, &format!("const HAS_GC: bool = false || {terms};"));
        assert_has(&expand("struct S;"), "const HAS_GC: bool = false;");
    }

    #[test]
    fn a_type_that_leads_back_to_itself_does_not_ask_itself() {
        for item in [
            "struct Tree { children: Vec<Tree>, leaf: u8 }",
            "enum List { Nil, Cons(u8, Box<Self>) }",
            "#[trace(recursive)] struct Expr(Vec<Statement>);",
        ] {
            assert_has(&expand(item), "const HAS_GC: bool = true;");
        }
    }

    #[test]
    fn slots_are_gathered_from_the_traced_fields_of_a_struct() {
        let field = |index, ty| {
            let slots = format!("<{ty} as ::gc_core::Trace>::SLOTS");
            let offset = format!("__core::mem::offset_of!(Self, {index})");
            let offset = format!("{{ extern crate core as __core; {offset} }}");
            format!("let map = ::gc_core::SlotMap::field(map, {offset}, {slots});")
        };
        let fields = format!("{} {}", field(0, "A"), field(2, "C"));
        let check = "::gc_core::SlotMap::__check_drop::<Self>();";
        let slots = format!("{{ {check} let map = ::gc_core::SlotMap::Empty; {fields} map }}");
        let expansion = expand("struct S(A, #[trace(require_static)] B, C);");
        assert_has(&expansion, &format!("const SLOTS: ::gc_core::SlotMap = {slots};"));
    }

    #[test]
    fn a_static_type_has_no_slots() {
        let expansion = expand("#[trace(require_static)] struct S(A);");
        assert_has(&expansion, "const HAS_GC: bool = false;");
        assert_has(&expansion, "const SLOTS: ::gc_core::SlotMap = ::gc_core::SlotMap::Empty;");
        assert_has(&expansion, "unsafe impl ::gc_core::Trace for S where Self: 'static");
    }

    #[test]
    fn the_crate_is_the_one_named() {
        let expansion = expand("#[trace(crate = \"crate::a\")] struct S(u8);");
        assert!(!expansion.contains("gc_core"), "{expansion}");
        assert_has(&expansion, "unsafe impl crate::a::Trace for S");
    }

    #[test]
    fn errors_are_compile_errors() {
        for item in [
            "union U { a: u8 }",
            "#[repr(packed)] struct S;",
            "#[trace(nonsense)] struct S;",
            "struct S(#[trace(nonsense)] u8);",
        ] {
            let expansion = expand(item);
            assert!(expansion.contains("compile_error"), "{expansion}");
            assert!(!expansion.contains("impl"), "{expansion}");
        }
    }
}
