//! What a program of the interpreter can hold.

use safe_gc::{Collector, Gc, Heap, Root, Trace};

use crate::workloads::interp::reader::{Form, Symbol};
use crate::workloads::interp::value::Primitive;

#[derive(Clone, Copy)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Symbol(Symbol),
    Number(Gc<Number>),
    Pair(Gc<Pair>),
    Closure(Gc<Closure>),
    Primitive(Primitive),
}

pub(super) struct Number(pub(super) f64);

#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) head: Value,
    pub(super) tail: Value,
}

#[derive(Clone, Copy)]
pub(super) struct Closure {
    pub(super) parameters: Value,
    pub(super) body: Value,
    pub(super) scope: Option<Gc<Scope>>,
}

pub(super) struct Scope {
    pub(super) name: Symbol,
    pub(super) value: Value,
    pub(super) outer: Option<Gc<Scope>>,
}

impl Value {
    pub(super) fn trace(self, collector: &mut Collector) {
        match self {
            Value::Number(number) => collector.edge(number),
            Value::Pair(pair) => collector.edge(pair),
            Value::Closure(closure) => collector.edge(closure),
            Value::Nil | Value::Bool(_) | Value::Symbol(_) | Value::Primitive(_) => {}
        }
    }

    /// Both parts of a pair; two nils for everything else.
    pub(super) fn parts(self, heap: &Heap) -> Pair {
        match self {
            Value::Pair(pair) => heap[pair],
            _ => Pair { head: Value::Nil, tail: Value::Nil },
        }
    }

    pub(super) fn head(self, heap: &Heap) -> Self {
        self.parts(heap).head
    }

    pub(super) fn tail(self, heap: &Heap) -> Self {
        self.parts(heap).tail
    }

    pub(super) fn is_true(self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    pub(super) fn as_number(self, heap: &Heap) -> f64 {
        match self {
            Value::Number(number) => heap[number].0,
            _ => f64::NAN,
        }
    }
}

impl Trace for Number {
    fn trace(&self, _: &mut Collector) {}
}

impl Trace for Pair {
    fn trace(&self, collector: &mut Collector) {
        self.head.trace(collector);
        self.tail.trace(collector);
    }
}

impl Trace for Closure {
    fn trace(&self, collector: &mut Collector) {
        self.parameters.trace(collector);
        self.body.trace(collector);
        if let Some(scope) = self.scope {
            collector.edge(scope);
        }
    }
}

impl Trace for Scope {
    fn trace(&self, collector: &mut Collector) {
        self.value.trace(collector);
        if let Some(outer) = self.outer {
            collector.edge(outer);
        }
    }
}

impl Scope {
    pub(super) fn find(heap: &Heap, innermost: Option<Gc<Self>>, name: Symbol) -> Option<Value> {
        let mut here = innermost;
        while let Some(scope) = here {
            let scope = &heap[scope];
            if scope.name == name {
                return Some(scope.value);
            }
            here = scope.outer;
        }
        None
    }
}

/// A value that an allocation does not collect.
pub(super) enum Rooted {
    /// A value without references.
    Atom(Value),
    Number(Root<Number>),
    Pair(Root<Pair>),
}

impl Rooted {
    pub(super) fn value(&self) -> Value {
        match self {
            Rooted::Atom(value) => *value,
            Rooted::Number(number) => Value::Number(number.unrooted()),
            Rooted::Pair(pair) => Value::Pair(pair.unrooted()),
        }
    }

    fn quote(heap: &mut Heap, form: &Form) -> Self {
        match form {
            Form::Bool(truth) => Rooted::Atom(Value::Bool(*truth)),
            Form::Symbol(symbol) => Rooted::Atom(Value::Symbol(*symbol)),
            Form::Number(number) => Rooted::Number(heap.alloc(Number(*number))),
            Form::List(forms) => Rooted::quote_all(heap, forms),
        }
    }

    pub(super) fn quote_all(heap: &mut Heap, forms: &[Form]) -> Self {
        forms.iter().rev().fold(Rooted::Atom(Value::Nil), |tail, form| {
            let head = Rooted::quote(heap, form);
            Rooted::Pair(heap.alloc(Pair { head: head.value(), tail: tail.value() }))
        })
    }
}
