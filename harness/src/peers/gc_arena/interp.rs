//! The same machine as ours over the same objects. Its state is the root.

use gc_arena::{Collect, Gc, Mutation, Rootable};

use crate::workloads::interp::reader::{
    DEFINE, Form, IF, LAMBDA, QUOTE, Reader, Symbol, primitive_of_symbol,
};
use crate::workloads::interp::value::Primitive;
use crate::workloads::interp::{BATCH, source};
use crate::workloads::{Checksum, Parameters};

#[derive(Clone, Copy, Collect)]
#[collect(no_drop)]
enum Value<'gc> {
    Nil,
    Bool(bool),
    Symbol(Symbol),
    Number(Gc<'gc, f64>),
    Pair(Gc<'gc, Pair<'gc>>),
    Closure(Gc<'gc, Closure<'gc>>),
    Primitive(#[collect(require_static)] Primitive),
}

#[derive(Collect)]
#[collect(no_drop)]
struct Pair<'gc> {
    head: Value<'gc>,
    tail: Value<'gc>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Closure<'gc> {
    parameters: Value<'gc>,
    body: Value<'gc>,
    scope: Option<Gc<'gc, Scope<'gc>>>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Scope<'gc> {
    name: Symbol,
    value: Value<'gc>,
    outer: Option<Gc<'gc, Scope<'gc>>>,
}

impl<'gc> Scope<'gc> {
    fn find(scope: Option<Gc<'gc, Self>>, name: Symbol) -> Option<Value<'gc>> {
        std::iter::successors(scope, |scope| scope.outer)
            .find(|scope| scope.name == name)
            .map(|scope| scope.value)
    }
}

impl<'gc> Value<'gc> {
    fn number(mc: &Mutation<'gc>, number: f64) -> Self {
        Value::Number(Gc::new(mc, number))
    }

    fn cons(mc: &Mutation<'gc>, head: Self, tail: Self) -> Self {
        Value::Pair(Gc::new(mc, Pair { head, tail }))
    }

    fn quote(mc: &Mutation<'gc>, form: &Form) -> Self {
        match form {
            Form::Bool(truth) => Value::Bool(*truth),
            Form::Symbol(symbol) => Value::Symbol(*symbol),
            Form::Number(number) => Value::number(mc, *number),
            Form::List(forms) => Value::quote_all(mc, forms),
        }
    }

    fn quote_all(mc: &Mutation<'gc>, forms: &[Form]) -> Self {
        let values = forms.iter().rev().map(|form| Value::quote(mc, form));
        values.fold(Value::Nil, |tail, head| Value::cons(mc, head, tail))
    }

    fn head(self) -> Self {
        match self {
            Value::Pair(pair) => pair.head,
            _ => Value::Nil,
        }
    }

    fn tail(self) -> Self {
        match self {
            Value::Pair(pair) => pair.tail,
            _ => Value::Nil,
        }
    }

    fn is_true(self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    fn as_number(self) -> f64 {
        match self {
            Value::Number(number) => *number,
            _ => f64::NAN,
        }
    }
}

fn call_primitive<'gc>(
    mc: &Mutation<'gc>,
    primitive: Primitive,
    left: Value<'gc>,
    right: Value<'gc>,
) -> Value<'gc> {
    match primitive {
        Primitive::Add => Value::number(mc, left.as_number() + right.as_number()),
        Primitive::Subtract => Value::number(mc, left.as_number() - right.as_number()),
        Primitive::Equal => Value::Bool(left.as_number() == right.as_number()),
        Primitive::Cons => Value::cons(mc, left, right),
        Primitive::Car => left.head(),
        Primitive::Cdr => left.tail(),
        Primitive::IsNull => Value::Bool(matches!(left, Value::Nil)),
    }
}

#[derive(Clone, Copy, Collect)]
#[collect(no_drop)]
enum Control<'gc> {
    Evaluate(Value<'gc>),
    Return(Value<'gc>),
}

#[derive(Clone, Copy, Collect)]
#[collect(no_drop)]
enum Work<'gc> {
    Choose(Value<'gc>),
    Define(Symbol),
    Call { left: Value<'gc>, evaluated: Value<'gc> },
}

#[derive(Collect)]
#[collect(no_drop)]
struct Frame<'gc> {
    work: Work<'gc>,
    scope: Option<Gc<'gc, Scope<'gc>>>,
    below: Option<Gc<'gc, Frame<'gc>>>,
}

#[derive(Collect)]
#[collect(no_drop)]
struct Machine<'gc> {
    control: Control<'gc>,
    scope: Option<Gc<'gc, Scope<'gc>>>,
    frame: Option<Gc<'gc, Frame<'gc>>>,
    globals: Vec<Value<'gc>>,
    program: Value<'gc>,
}

impl<'gc> Machine<'gc> {
    fn new(mc: &Mutation<'gc>, source: &str) -> Self {
        let mut reader = Reader::new(source);
        let program = Value::quote_all(mc, &reader.forms());
        let globals = (0..reader.symbols())
            .map(|symbol| primitive_of_symbol(symbol).map_or(Value::Nil, Value::Primitive))
            .collect();
        Machine { control: Control::Return(Value::Nil), scope: None, frame: None, globals, program }
    }

    /// Does one step; false when the program has ended.
    fn step(&mut self, mc: &Mutation<'gc>) -> bool {
        match (self.control, self.frame) {
            (Control::Evaluate(form), _) => self.evaluate(mc, form),
            (Control::Return(value), Some(frame)) => {
                self.frame = frame.below;
                self.scope = frame.scope;
                self.resume(mc, frame.work, value);
            }
            (Control::Return(_), None) => match self.program {
                Value::Pair(form) => {
                    self.program = form.tail;
                    self.scope = None;
                    self.control = Control::Evaluate(form.head);
                }
                _ => return false,
            },
        }
        true
    }

    /// The bits of the numbers in the last value.
    fn answer(&self) -> Vec<u64> {
        let (Control::Evaluate(value) | Control::Return(value)) = self.control;
        let mut numbers = Vec::new();
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::Pair(pair) => left.extend([pair.tail, pair.head]),
                Value::Number(number) => numbers.push(number.to_bits()),
                _ => {}
            }
        }
        numbers
    }

    fn push(&mut self, mc: &Mutation<'gc>, work: Work<'gc>) {
        self.frame = Some(Gc::new(mc, Frame { work, scope: self.scope, below: self.frame }));
    }

    fn evaluate(&mut self, mc: &Mutation<'gc>, form: Value<'gc>) {
        self.control = match form {
            Value::Symbol(name) => Control::Return(
                Scope::find(self.scope, name).unwrap_or_else(|| self.globals[name as usize]),
            ),
            Value::Pair(pair) => match (pair.head, pair.tail) {
                (Value::Symbol(QUOTE), rest) => Control::Return(rest.head()),
                (Value::Symbol(IF), rest) => {
                    self.push(mc, Work::Choose(rest.tail()));
                    Control::Evaluate(rest.head())
                }
                (Value::Symbol(LAMBDA), rest) => {
                    Control::Return(self.closure(mc, rest.head(), rest.tail().head()))
                }
                (Value::Symbol(DEFINE), rest) => self.define(mc, rest.head(), rest.tail().head()),
                (function, left) => {
                    self.push(mc, Work::Call { left, evaluated: Value::Nil });
                    Control::Evaluate(function)
                }
            },
            itself => Control::Return(itself),
        };
    }

    fn closure(&self, mc: &Mutation<'gc>, parameters: Value<'gc>, body: Value<'gc>) -> Value<'gc> {
        Value::Closure(Gc::new(mc, Closure { parameters, body, scope: self.scope }))
    }

    fn define(&mut self, mc: &Mutation<'gc>, target: Value<'gc>, form: Value<'gc>) -> Control<'gc> {
        match (target, target.head()) {
            (Value::Symbol(name), _) => {
                self.push(mc, Work::Define(name));
                Control::Evaluate(form)
            }
            (_, Value::Symbol(name)) => {
                let function = self.closure(mc, target.tail(), form);
                self.push(mc, Work::Define(name));
                Control::Return(function)
            }
            _ => Control::Return(Value::Nil),
        }
    }

    fn resume(&mut self, mc: &Mutation<'gc>, work: Work<'gc>, value: Value<'gc>) {
        self.control = match work {
            Work::Choose(forms) if value.is_true() => Control::Evaluate(forms.head()),
            Work::Choose(forms) => Control::Evaluate(forms.tail().head()),
            Work::Define(name) => {
                self.globals[name as usize] = value;
                Control::Return(Value::Nil)
            }
            Work::Call { left, evaluated } => {
                let evaluated = Value::cons(mc, value, evaluated);
                match left {
                    Value::Pair(next) => {
                        self.push(mc, Work::Call { left: next.tail, evaluated });
                        Control::Evaluate(next.head)
                    }
                    _ => self.call(mc, evaluated),
                }
            }
        };
    }

    /// Calls a function; `evaluated` holds the last argument first and the function last.
    fn call(&mut self, mc: &Mutation<'gc>, evaluated: Value<'gc>) -> Control<'gc> {
        let mut in_order = Value::Nil;
        let mut rest = evaluated;
        while let Value::Pair(pair) = rest {
            in_order = Value::cons(mc, pair.head, in_order);
            rest = pair.tail;
        }
        let mut arguments = in_order.tail();
        match in_order.head() {
            Value::Primitive(primitive) => {
                let [left, right] = [arguments.head(), arguments.tail().head()];
                Control::Return(call_primitive(mc, primitive, left, right))
            }
            Value::Closure(closure) => {
                self.scope = closure.scope;
                let mut names = closure.parameters;
                while let Value::Pair(pair) = names {
                    if let Value::Symbol(name) = pair.head {
                        let scope = Scope { name, value: arguments.head(), outer: self.scope };
                        self.scope = Some(Gc::new(mc, scope));
                    }
                    names = pair.tail;
                    arguments = arguments.tail();
                }
                Control::Evaluate(closure.body)
            }
            _ => Control::Return(Value::Nil),
        }
    }
}

pub(super) fn run(parameters: &Parameters) -> Checksum {
    let source = source(parameters.scale);
    let mut checksum = Checksum::default();
    let mut arena = super::arena::<Rootable!['gc => Machine<'gc>]>(|mc| Machine::new(mc, &source));

    let mut steps = 0_u64;
    loop {
        let running = arena.mutate_root(|mc, machine| {
            (0..BATCH).all(|_| {
                steps += 1;
                machine.step(mc)
            })
        });
        if !running {
            break;
        }
        arena.collect_debt();
    }

    checksum.add(steps);
    arena.mutate(|_, machine| checksum.extend(machine.answer()));
    checksum
}
