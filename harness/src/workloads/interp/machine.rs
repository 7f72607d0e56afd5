//! The abstract machine: what to do next, in which scope, and what to do after that.
//!
//! This is Felleisen and Friedman's CEK machine (1986): control, environment, continuation. Its
//! whole state is in the arena's root, so that a collection can happen between any two steps.

use gc_core::{Gc, Lock, Mutation, Trace};

use super::reader::{DEFINE, IF, LAMBDA, QUOTE, Reader, Symbol, primitive_of_symbol};
use super::value::{Closure, Globals, Scope, Value};

#[derive(Clone, Copy, Debug, Trace)]
enum Control<'gc> {
    /// Find the value of this form.
    Evaluate(Value<'gc>),
    /// Give this value to the topmost frame.
    Return(Value<'gc>),
}

/// What waits for a value.
#[derive(Clone, Copy, Debug, Trace)]
enum Work<'gc> {
    /// Choose one of the two forms in this list.
    Choose(Value<'gc>),
    /// Give the value to a global name.
    Define(Symbol),
    /// Evaluate the arguments that are left, then call. What is evaluated is in reverse order.
    Call { left: Value<'gc>, evaluated: Value<'gc> },
}

/// A piece of work, the scope it happens in and the frame below.
#[derive(Debug, Trace)]
struct Frame<'gc> {
    work: Work<'gc>,
    scope: Option<Gc<'gc, Scope<'gc>>>,
    below: Option<Gc<'gc, Frame<'gc>>>,
}

/// The state of a running program.
#[derive(Debug, Trace)]
pub(super) struct Machine<'gc> {
    control: Control<'gc>,
    scope: Option<Gc<'gc, Scope<'gc>>>,
    frame: Option<Gc<'gc, Frame<'gc>>>,
    globals: Globals<'gc>,
    /// The forms of the program that have not begun.
    program: Value<'gc>,
}

impl<'gc> Machine<'gc> {
    /// A machine that is about to run a program.
    pub(super) fn new(mc: &'gc Mutation<'gc>, source: &str) -> Self {
        let mut reader = Reader::new(source);
        let program = Value::quote_all(mc, &reader.forms());
        let globals = Gc::slice_from_fn(mc, reader.symbols(), |symbol| {
            Lock::new(primitive_of_symbol(symbol).map_or(Value::Nil, Value::Primitive))
        });
        Machine { control: Control::Return(Value::Nil), scope: None, frame: None, globals, program }
    }

    /// Does one step; false when the program has ended.
    pub(super) fn step(&mut self, mc: &'gc Mutation<'gc>) -> bool {
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

    /// The bits of the numbers in the last value; a pair has those of its head before those of its
    /// tail.
    pub(super) fn answer(&self) -> Vec<u64> {
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

    fn push(&mut self, mc: &'gc Mutation<'gc>, work: Work<'gc>) {
        self.frame = Some(Gc::new(mc, Frame { work, scope: self.scope, below: self.frame }));
    }

    fn evaluate(&mut self, mc: &'gc Mutation<'gc>, form: Value<'gc>) {
        self.control = match form {
            Value::Symbol(name) => Control::Return(
                Scope::find(self.scope, name).unwrap_or_else(|| self.globals[name as usize].get()),
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

    fn closure(
        &self,
        mc: &'gc Mutation<'gc>,
        parameters: Value<'gc>,
        body: Value<'gc>,
    ) -> Value<'gc> {
        Value::Closure(Gc::new(mc, Closure { parameters, body, scope: self.scope }))
    }

    /// `(define name form)` or `(define (name parameter ..) body)`.
    fn define(
        &mut self,
        mc: &'gc Mutation<'gc>,
        target: Value<'gc>,
        form: Value<'gc>,
    ) -> Control<'gc> {
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

    fn resume(&mut self, mc: &'gc Mutation<'gc>, work: Work<'gc>, value: Value<'gc>) {
        self.control = match work {
            Work::Choose(forms) if value.is_true() => Control::Evaluate(forms.head()),
            Work::Choose(forms) => Control::Evaluate(forms.tail().head()),
            Work::Define(name) => {
                if let Some(global) = Gc::write_at(mc, self.globals, name as usize) {
                    global.unlock().set(value);
                }
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
    fn call(&mut self, mc: &'gc Mutation<'gc>, evaluated: Value<'gc>) -> Control<'gc> {
        let mut in_order = Value::Nil;
        let mut rest = evaluated;
        while let Value::Pair(pair) = rest {
            in_order = Value::cons(mc, pair.head, in_order);
            rest = pair.tail;
        }
        let mut arguments = in_order.tail();
        match in_order.head() {
            Value::Primitive(primitive) => {
                Control::Return(primitive.call(mc, arguments.head(), arguments.tail().head()))
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
