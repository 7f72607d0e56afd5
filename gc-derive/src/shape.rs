//! The shape of a type: its variants and their fields, as the expansion walks them.
//!
//! A struct is one variant whose constructor is `Self`, so that structs and enums share their code.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Data, DeriveInput, Error, Fields, GenericParam, Generics, Index, Member, Result,
    TraitBoundModifier, Type, TypeParamBound, WherePredicate,
};

use crate::attributes;
use crate::grammar::refuse;
use crate::hygiene::local;

/// A struct, or one variant of an enum.
pub(crate) struct Variant<'a> {
    /// `Self` or `Self::Name`.
    pub(crate) constructor: TokenStream,
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field, with the names the expansion knows it by.
pub(crate) struct Field<'a> {
    /// Its name in a pattern; tuple fields have a number.
    pub(crate) member: Member,
    pub(crate) ty: &'a Type,
    /// The variable it is bound to. Numbered, because two fields of a type that a macro defines may
    /// be spelled alike.
    pub(crate) binding: Ident,
    /// It says `require_static`, so it is not traced.
    pub(crate) is_static: bool,
}

/// Reads the variants of a type.
///
/// # Errors
///
/// Fails for unions, and for `#[trace(..)]` where it means nothing or says what it must not;
/// reports all such places at once.
pub(crate) fn variants(input: &DeriveInput) -> Result<Vec<Variant<'_>>> {
    let mut errors = Errors::default();
    for parameter in &input.generics.params {
        let attributes = match parameter {
            GenericParam::Lifetime(parameter) => &parameter.attrs,
            GenericParam::Type(parameter) => &parameter.attrs,
            GenericParam::Const(parameter) => &parameter.attrs,
        };
        let advice = "`#[trace(..)]` goes on a type or a field, not on a parameter";
        errors.note(refuse(attributes, advice));
    }
    let variants = match &input.data {
        Data::Struct(data) => {
            vec![Variant { constructor: quote!(Self), fields: fields(&data.fields, &mut errors) }]
        }
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                let advice = "`#[trace(..)]` goes on the fields of a variant, not on the variant";
                errors.note(refuse(&variant.attrs, advice));
                let name = &variant.ident;
                Variant {
                    constructor: quote!(Self::#name),
                    fields: fields(&variant.fields, &mut errors),
                }
            })
            .collect(),
        Data::Union(data) => {
            let advice = "`Trace` cannot be derived for a union: nobody knows which of its fields \
                          is alive";
            errors.note::<()>(Err(Error::new(data.union_token.span, advice)));
            Vec::new()
        }
    };
    errors.into_result(variants)
}

fn fields<'a>(fields: &'a Fields, errors: &mut Errors) -> Vec<Field<'a>> {
    let members = fields.iter().enumerate().map(|(index, field)| match &field.ident {
        Some(name) => Member::Named(name.clone()),
        None => Member::Unnamed(Index::from(index)),
    });
    members
        .zip(fields)
        .enumerate()
        .map(|(index, (member, field))| Field {
            member,
            ty: &field.ty,
            binding: local(&format!("field_{index}")),
            is_static: errors.note(attributes::is_static_field(&field.attrs)).unwrap_or_default(),
        })
        .collect()
}

/// Whether a field of type `ty` may lead back to the type called `name` (`Vec<Tree>` in `Tree`).
///
/// Errs towards yes: another type of the same name counts too. The outermost path cannot be the
/// type itself, which would be infinitely large, so only its arguments count (`ast::Node` in `Node`
/// does not lead back, `Box<ast::Node>` may).
pub(crate) fn may_lead_back(ty: &Type, name: &Ident) -> bool {
    let is_it = |word: &Ident| word == name || word == "Self";
    match ty {
        Type::Group(group) => may_lead_back(&group.elem, name),
        Type::Paren(paren) => may_lead_back(&paren.elem, name),
        Type::Path(path) if path.qself.is_none() => {
            let mut segments = path.path.segments.iter();
            segments.any(|segment| mentions(segment.arguments.to_token_stream(), &is_it))
        }
        _ => mentions(ty.to_token_stream(), &is_it),
    }
}

/// Whether the last field may have no size known to the compiler, so that `offset_of!` refuses it.
///
/// Errs towards no, which is then a compile error: `Wrapper<T>` may be unsized where `T` is.
pub(crate) fn is_last_unsized(variant: &Variant<'_>, generics: &Generics) -> bool {
    match variant.fields.last().map(|field| field.ty) {
        Some(Type::Slice(_) | Type::TraitObject(_)) => true,
        Some(Type::Path(path)) => match path.path.get_ident() {
            Some(name) => name == "str" || may_be_unsized(name, generics),
            None => false,
        },
        _ => false,
    }
}

/// Whether the type parameter `name` is declared `?Sized`, at the parameter or in the where clause.
fn may_be_unsized(name: &Ident, generics: &Generics) -> bool {
    let parameters = generics.type_params().filter(|parameter| parameter.ident == *name);
    let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let at_parameter = parameters.flat_map(|parameter| &parameter.bounds);
    let in_clauses = clauses.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => Some(predicate),
        _ => None,
    });
    at_parameter
        .chain(
            in_clauses.filter(|clause| is_name(&clause.bounded_ty, name)).flat_map(|c| &c.bounds),
        )
        .any(|bound| {
            matches!(bound, TypeParamBound::Trait(bound)
                if matches!(bound.modifier, TraitBoundModifier::Maybe(_)))
        })
}

fn is_name(ty: &Type, name: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// Whether a word that `is_match` accepts occurs among the tokens.
pub(crate) fn mentions(tokens: TokenStream, is_match: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => is_match(&word),
        TokenTree::Group(group) => mentions(group.stream(), is_match),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Gathers errors, so that one compilation reports them all.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        match (result, &mut self.0) {
            (Ok(value), _) => return Some(value),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
        None
    }

    fn into_result<T>(self, value: T) -> Result<T> {
        match self.0 {
            Some(errors) => Err(errors),
            None => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(item: &str) -> DeriveInput {
        syn::parse_str(item).expect(item)
    }

    #[test]
    fn fields_of_every_kind_have_a_member_and_a_binding_of_their_own() {
        let field = |field: &Field<'_>| {
            let state = if field.is_static { "static" } else { "traced" };
            format!(" {}:{}:{state}", field.member.to_token_stream(), field.binding)
        };
        let variant = |variant: &Variant<'_>| {
            let fields: String = variant.fields.iter().map(field).collect();
            format!("{}{fields}", variant.constructor)
        };
        let input = parse("enum E { A, B(u8, #[trace(require_static)] u16), C { r#type: u32 } }");
        let described: Vec<String> = variants(&input).unwrap().iter().map(variant).collect();
        assert_eq!(described[0], "Self :: A");
        assert_eq!(described[1], "Self :: B 0:field_0:traced 1:field_1:static");
        assert_eq!(described[2], "Self :: C r#type:field_0:traced");
    }

    #[test]
    fn every_misplaced_attribute_is_reported() {
        let input = parse(
            "enum E<#[trace(no_drop)] T> {
                #[trace(require_static)] A(T),
                B(#[trace(no_drop)] T, #[trace(unknown)] T),
            }",
        );
        let errors = variants(&input).err().unwrap().into_iter();
        let messages: Vec<String> = errors.map(|error| error.to_string()).collect();
        assert_eq!(
            messages,
            [
                "`#[trace(..)]` goes on a type or a field, not on a parameter",
                "`#[trace(..)]` goes on the fields of a variant, not on the variant",
                "unknown word `no_drop`: a field takes only `require_static`",
                "unknown word `unknown`: a field takes only `require_static`",
            ]
        );
    }

    #[test]
    fn a_union_is_refused() {
        let error = variants(&parse("union U { a: u8, b: u16 }")).err().unwrap();
        assert!(error.to_string().starts_with("`Trace` cannot be derived for a union"));
    }

    #[test]
    fn only_types_behind_a_pointer_lead_back() {
        let leads_back = |ty: &str| {
            may_lead_back(&syn::parse_str(ty).expect(ty), &syn::parse_str("Node").unwrap())
        };
        for ty in [
            "Vec<Node>",
            "Option<Box<Self>>",
            "Gc<'gc, m::Node<'gc>>",
            "(u8, Box<Node>)",
            "(Box<Node>)",
            "<Node as Tr>::Out",
            "a::<Node>::B",
        ] {
            assert!(leads_back(ty), "{ty}");
        }
        for ty in ["u8", "m::Node", "Vec<Nodes>"] {
            assert!(!leads_back(ty), "{ty}");
        }
    }

    #[test]
    fn an_unsized_tail_is_recognized() {
        let is_unsized = |item: &str| {
            let input = parse(item);
            is_last_unsized(&variants(&input).unwrap()[0], &input.generics)
        };
        assert!(is_unsized("struct S<T: ?Sized>(u8, T);"));
        assert!(is_unsized("struct S<T>(u8, T) where T: Copy + ?Sized;"));
        assert!(is_unsized("struct S(u8, [u8]);"));
        assert!(is_unsized("struct S(u8, str);"));
        assert!(!is_unsized("struct S<T>(T);"));
        assert!(!is_unsized("struct S<'gc, T: ?Sized>(Gc<'gc, T>);"));
        assert!(!is_unsized("struct S;"));
    }
}
