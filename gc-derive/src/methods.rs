//! The bodies of `visit`, `relocate` and `describe`: take the value apart, check the parts, pass on to
//! each.
//!
//! All are the same code but for the kind of reference and the names, so they report the same parts in
//! the same order. Everything that reads the value (the choice of the variant, the bindings) comes before
//! the first call, since `relocate` must not read again what it has reported.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, Member, Path};

use crate::hygiene::{associated, local, own_span_at};
use crate::shape::{Field, Variant};

/// Which of the methods is being written.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    /// `visit(&self, edges)`
    Visit,
    /// `relocate(&mut self, slots)`
    Relocate,
    /// `describe(&self, edges)`
    Describe,
}

/// One of the methods of a type that is asked for its parts.
pub(crate) fn tracing(
    method: Method,
    data: &Data,
    variants: &[Variant<'_>],
    krate: &Path,
) -> TokenStream {
    let is_idle = variants.iter().flat_map(|variant| &variant.fields).all(|field| field.is_static);
    let sink = sink(method, is_idle);
    let arms = variants.iter().map(|variant| {
        let constructor = &variant.constructor;
        let members = variant.fields.iter().map(|field| &field.member);
        let bindings = variant.fields.iter().map(|field| &field.binding);
        let check = check_types(&variant.fields, method);
        let traced = variant.fields.iter().filter(|field| !field.is_static);
        let calls = traced.map(|field| call(field, method, &sink, krate));
        // Without `..`: a field that an attribute macro adds after the derive is an error here.
        (quote!(#constructor { #(#members: #bindings),* }), quote!(#check #(#calls)*))
    });
    let body = match data {
        // A reference to an uninhabited type would need an arm; its place needs none.
        Data::Enum(data) if data.variants.is_empty() => quote!(match *self {}),
        Data::Enum(_) => {
            let arms = arms.map(|(pattern, body)| quote!(#pattern => { #body }));
            quote!(match self { #(#arms)* })
        }
        Data::Struct(_) | Data::Union(_) => {
            arms.map(|(pattern, body)| quote!(let #pattern = self; #body)).collect()
        }
    };
    declare(method, &sink, krate, &body)
}

/// One of the methods of a type that holds nothing to report.
pub(crate) fn empty(method: Method, krate: &Path) -> TokenStream {
    declare(method, &sink(method, true), krate, &TokenStream::new())
}

/// `check_send` of a type that is traced: it asks the types of the fields, unless the compiler knows the
/// type itself to be `Send`, or that of the field.
pub(crate) fn check_send(variants: &[Variant<'_>], krate: &Path) -> TokenStream {
    let check = local("check");
    let sink = quote!(#krate::SendCheck);
    let fields = variants.iter().flat_map(|variant| &variant.fields).map(|field| {
        let ty = field.ty;
        let question = if field.is_static {
            quote_spanned!(own_span_at(ty.span())=> #sink::look_up::<#ty>(#check))
        } else {
            // Not `part`, whose bound would be a second error at a type that is not traced.
            let answer = associated(ty, krate, "check_send");
            quote!(#sink::__ask(#check, #answer))
        };
        let is_send = is_send(ty, krate);
        quote!(if !#is_send { #question; })
    });
    let is_send = is_send(&quote!(Self), krate);
    declare_check_send(&check, krate, &quote!(if !#is_send { #(#fields)* }))
}

/// `check_send` of a type that is `'static`.
pub(crate) fn check_static_send(krate: &Path) -> TokenStream {
    let check = local("check");
    let is_send = is_send(&quote!(Self), krate);
    let body = quote!(if !#is_send { #krate::SendCheck::look_up::<Self>(#check); });
    declare_check_send(&check, krate, &body)
}

/// Whether the compiler knows the type to be `Send`.
fn is_send(ty: &impl ToTokens, krate: &Path) -> TokenStream {
    quote!(<#krate::__IsSend<#ty>>::__IS_SEND)
}

fn declare_check_send(check: &Ident, krate: &Path, body: &TokenStream) -> TokenStream {
    quote! {
        fn check_send(#check: &mut #krate::SendCheck<'_>) {
            #[allow(unused_imports, reason = "it answers where the compiler does not know")]
            use #krate::__MayBeSend as _;
            #body
        }
    }
}

fn declare(method: Method, sink: &Ident, krate: &Path, body: &TokenStream) -> TokenStream {
    match method {
        Method::Visit => quote! {
            #[inline]
            fn visit(&self, #sink: &mut #krate::Edges) { #body }
        },
        Method::Relocate => quote! {
            #[inline]
            fn relocate(&mut self, #sink: &mut #krate::Slots) { #body }
        },
        Method::Describe => quote! {
            fn describe(&self, #sink: &mut #krate::NamedEdges<'_>) { #body }
        },
    }
}

/// The parameter that is told of the references.
fn sink(method: Method, is_unused: bool) -> Ident {
    local(match (method, is_unused) {
        (Method::Visit | Method::Describe, false) => "edges",
        (Method::Visit | Method::Describe, true) => "_edges",
        (Method::Relocate, false) => "slots",
        (Method::Relocate, true) => "_slots",
    })
}

/// Passes on to one field, unless its type rules references out.
fn call(field: &Field<'_>, method: Method, sink: &Ident, krate: &Path) -> TokenStream {
    let has_gc = associated(field.ty, krate, "HAS_GC");
    let function = match method {
        Method::Visit => associated(field.ty, krate, "visit"),
        Method::Relocate => associated(field.ty, krate, "relocate"),
        Method::Describe => associated(field.ty, krate, "describe"),
    };
    let binding = &field.binding;
    let call = quote!(#function(#binding, #sink););
    let call = match method {
        Method::Visit | Method::Relocate => call,
        Method::Describe => {
            let (names, name) = (quote!(#krate::NamedEdges), name(&field.member));
            quote!(#names::__enter(#sink, #name); #call #names::__leave(#sink);)
        }
    };
    quote!(if #has_gc { #call })
}

/// A field as it is called in a place: a tuple's by its number.
fn name(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Rebinds a variant's fields with their types spelled out, which fails if they have other types.
///
/// An annotated `let` would not do: `&Box<T>` coerces to `&T`, so a field that an attribute macro
/// has wrapped would be mistaken for its content. A tuple that has its type already is not coerced.
fn check_types(fields: &[Field<'_>], method: Method) -> TokenStream {
    if fields.is_empty() {
        return TokenStream::new();
    }
    let tuple = local("fields");
    let bindings = fields.iter().map(|field| &field.binding);
    let checked = fields.iter().map(|field| match field.is_static {
        true => quote!(_),
        false => field.binding.to_token_stream(),
    });
    let types = fields.iter().map(|field| {
        let (ty, span) = (field.ty, own_span_at(field.ty.span()));
        match method {
            Method::Visit | Method::Describe => quote_spanned!(span=> &#ty),
            Method::Relocate => quote_spanned!(span=> &mut #ty),
        }
    });
    quote! {
        let #tuple = (#(#bindings,)*);
        let (#(#checked,)*): (#(#types,)*) = #tuple;
    }
}

#[cfg(test)]
mod tests {
    use crate::hygiene::text::{assert_has, expand};

    #[test]
    fn structs_are_taken_apart_in_full_and_compared_with_their_types() {
        let expansion = expand("struct S<'gc> { a: A<'gc>, #[trace(require_static)] b: B }");
        assert!(!expansion.contains(".."), "a pattern has a rest: {expansion}");
        let taken_apart = "let Self { a: field_0, b: field_1 } = self;";
        assert_has(&expansion, &format!("{taken_apart} let fields = (field_0, field_1,);"));
        assert_has(&expansion, "let (field_0, _,): (&A<'gc>, &B,) = fields;");
        assert_has(&expansion, "let (field_0, _,): (&mut A<'gc>, &mut B,) = fields;");
    }

    #[test]
    fn variants_are_matched_in_full_and_compared_with_their_types() {
        let expansion = expand("enum E { Unit, Tuple(A, B) }");
        assert!(!expansion.contains("..") && !expansion.contains("_ =>"), "{expansion}");
        assert_has(&expansion, "Self::Unit {} => {} Self::Tuple { 0: field_0, 1: field_1 } =>");
        assert_has(&expansion, "let (field_0, field_1,): (&A, &B,) = fields;");
        assert_has(&expand("enum Never {}"), "match *self {}");
    }

    #[test]
    fn every_call_names_the_trait_and_the_type() {
        let expansion = expand("struct S { a: Vec<A> }");
        let of = "Vec<A> as ::gc_core::Trace";
        for call in ["visit(field_0, edges)", "relocate(field_0, slots)"] {
            assert_has(&expansion, &format!("if <{of}>::HAS_GC {{ <{of}>::{call}; }}"));
        }
        assert!(!expansion.contains(". visit") && !expansion.contains(". relocate"));
    }

    #[test]
    fn every_field_is_described_under_its_name() {
        let expansion = expand("struct S { r#type: A, #[trace(require_static)] b: B, c: C }");
        for (field, name, ty) in [("field_0", "type", "A"), ("field_2", "c", "C")] {
            let of = format!("<{ty} as ::gc_core::Trace>");
            let enter = format!("::gc_core::NamedEdges::__enter(edges, \"{name}\");");
            let leave = "::gc_core::NamedEdges::__leave(edges);";
            let call = format!("{enter} {of}::describe({field}, edges); {leave}");
            assert_has(&expansion, &format!("if {of}::HAS_GC {{ {call} }}"));
        }
        assert!(!expansion.contains("\"b\""), "{expansion}");
        assert_has(&expand("enum E { A(A, B) }"), "__enter(edges, \"1\")");
    }

    #[test]
    fn static_fields_are_not_asked() {
        let expansion = expand("struct S(#[trace(require_static)] A);");
        assert!(!expansion.contains("A as"), "{expansion}");
        assert_has(&expansion, "fn visit(&self, _edges: &mut ::gc_core::Edges)");
    }

    #[test]
    fn a_static_type_is_not_taken_apart() {
        let expansion = expand("#[trace(require_static)] enum E { A(Vec<E>), B }");
        assert_has(&expansion, "fn visit(&self, _edges: &mut ::gc_core::Edges) {}");
        assert_has(&expansion, "fn relocate(&mut self, _slots: &mut ::gc_core::Slots) {}");
    }
}
