//! What a program of the interpreter can hold.

use gc_core::{Gc, Lock, Mutation, Trace};

use super::reader::{Form, Symbol};

/// A value, and also a piece of source code.
#[derive(Clone, Copy, Debug, Trace)]
pub(super) enum Value<'gc> {
    Nil,
    Bool(bool),
    Symbol(Symbol),
    Number(Gc<'gc, f64>),
    Pair(Gc<'gc, Pair<'gc>>),
    Closure(Gc<'gc, Closure<'gc>>),
    Primitive(Primitive),
}

/// A cons cell.
#[derive(Debug, Trace)]
pub(super) struct Pair<'gc> {
    pub(super) head: Value<'gc>,
    pub(super) tail: Value<'gc>,
}

/// A function of the program, and the scope it was made in.
#[derive(Debug, Trace)]
pub(super) struct Closure<'gc> {
    pub(super) parameters: Value<'gc>,
    pub(super) body: Value<'gc>,
    pub(super) scope: Option<Gc<'gc, Scope<'gc>>>,
}

/// One local name and its value, in front of the scope around it.
#[derive(Debug, Trace)]
pub(super) struct Scope<'gc> {
    pub(super) name: Symbol,
    pub(super) value: Value<'gc>,
    pub(super) outer: Option<Gc<'gc, Scope<'gc>>>,
}

/// A function of the interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Trace)]
pub(crate) enum Primitive {
    Add,
    Subtract,
    Equal,
    Cons,
    Car,
    Cdr,
    IsNull,
}

/// The values of global names, by [`Symbol`].
pub(super) type Globals<'gc> = Gc<'gc, [Lock<Value<'gc>>]>;

impl Primitive {
    pub(crate) const ALL: [(&'static str, Primitive); 7] = [
        ("+", Primitive::Add),
        ("-", Primitive::Subtract),
        ("=", Primitive::Equal),
        ("cons", Primitive::Cons),
        ("car", Primitive::Car),
        ("cdr", Primitive::Cdr),
        ("null?", Primitive::IsNull),
    ];

    /// The result for one or two arguments; a mistake in the program gives nil.
    pub(super) fn call<'gc>(
        self,
        mc: &'gc Mutation<'gc>,
        left: Value<'gc>,
        right: Value<'gc>,
    ) -> Value<'gc> {
        match self {
            Primitive::Add => Value::number(mc, left.as_number() + right.as_number()),
            Primitive::Subtract => Value::number(mc, left.as_number() - right.as_number()),
            Primitive::Equal => Value::Bool(left.as_number() == right.as_number()),
            Primitive::Cons => Value::cons(mc, left, right),
            Primitive::Car => left.head(),
            Primitive::Cdr => left.tail(),
            Primitive::IsNull => Value::Bool(matches!(left, Value::Nil)),
        }
    }
}

impl<'gc> Value<'gc> {
    /// The value of a piece of source code that is quoted.
    fn quote(mc: &'gc Mutation<'gc>, form: &Form) -> Self {
        match form {
            Form::Bool(truth) => Value::Bool(*truth),
            Form::Symbol(symbol) => Value::Symbol(*symbol),
            Form::Number(number) => Value::number(mc, *number),
            Form::List(forms) => Value::quote_all(mc, forms),
        }
    }

    /// The list of the values of pieces of source code.
    pub(super) fn quote_all(mc: &'gc Mutation<'gc>, forms: &[Form]) -> Self {
        let values = forms.iter().rev().map(|form| Value::quote(mc, form));
        values.fold(Value::Nil, |tail, head| Value::cons(mc, head, tail))
    }

    pub(super) fn number(mc: &'gc Mutation<'gc>, number: f64) -> Self {
        Value::Number(Gc::new(mc, number))
    }

    pub(super) fn cons(mc: &'gc Mutation<'gc>, head: Self, tail: Self) -> Self {
        Value::Pair(Gc::new(mc, Pair { head, tail }))
    }

    /// The first element of a list; nil for everything that is not a list.
    pub(super) fn head(self) -> Self {
        match self {
            Value::Pair(pair) => pair.head,
            _ => Value::Nil,
        }
    }

    /// A list without its first element; nil for everything that is not a list.
    pub(super) fn tail(self) -> Self {
        match self {
            Value::Pair(pair) => pair.tail,
            _ => Value::Nil,
        }
    }

    pub(super) fn is_true(self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    pub(super) fn as_number(self) -> f64 {
        match self {
            Value::Number(number) => *number,
            _ => f64::NAN,
        }
    }
}

impl<'gc> Scope<'gc> {
    /// The value of a local name, looked for from the innermost scope outwards.
    pub(super) fn find(scope: Option<Gc<'gc, Self>>, name: Symbol) -> Option<Value<'gc>> {
        std::iter::successors(scope, |scope| scope.outer)
            .find(|scope| scope.name == name)
            .map(|scope| scope.value)
    }
}
