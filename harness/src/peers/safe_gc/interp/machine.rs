//! The abstract machine.

use safe_gc::{Collector, Gc, Heap, Root, Trace};

use super::value::{Closure, Number, Pair, Rooted, Scope, Value};
use crate::workloads::interp::reader::{
    DEFINE, IF, LAMBDA, QUOTE, Reader, Symbol, primitive_of_symbol,
};
use crate::workloads::interp::value::Primitive;

#[derive(Clone, Copy)]
enum Control {
    Evaluate(Value),
    Return(Value),
}

#[derive(Clone, Copy)]
enum Work {
    Choose(Value),
    Define(Symbol),
    Call { left: Value, evaluated: Value },
}

#[derive(Clone, Copy)]
struct Frame {
    work: Work,
    scope: Option<Gc<Scope>>,
    below: Option<Gc<Frame>>,
}

/// What changes with every step.
#[derive(Clone, Copy)]
struct Registers {
    control: Control,
    scope: Option<Gc<Scope>>,
    frame: Option<Gc<Frame>>,
    program: Value,
}

struct Globals {
    values: Vec<Value>,
}

pub(super) struct Machine {
    heap: Heap,
    registers: Root<Registers>,
    globals: Root<Globals>,
}

impl Trace for Frame {
    fn trace(&self, collector: &mut Collector) {
        match self.work {
            Work::Choose(forms) => forms.trace(collector),
            Work::Define(_) => {}
            Work::Call { left, evaluated } => {
                left.trace(collector);
                evaluated.trace(collector);
            }
        }
        if let Some(scope) = self.scope {
            collector.edge(scope);
        }
        if let Some(below) = self.below {
            collector.edge(below);
        }
    }
}

impl Trace for Registers {
    fn trace(&self, collector: &mut Collector) {
        let (Control::Evaluate(value) | Control::Return(value)) = self.control;
        value.trace(collector);
        if let Some(scope) = self.scope {
            collector.edge(scope);
        }
        if let Some(frame) = self.frame {
            collector.edge(frame);
        }
        self.program.trace(collector);
    }
}

impl Trace for Globals {
    fn trace(&self, collector: &mut Collector) {
        self.values.iter().for_each(|value| value.trace(collector));
    }
}

impl Machine {
    pub(super) fn new(source: &str) -> Self {
        let mut heap = Heap::new();
        let mut reader = Reader::new(source);
        let program = Rooted::quote_all(&mut heap, &reader.forms());
        let registers = heap.alloc(Registers {
            control: Control::Return(Value::Nil),
            scope: None,
            frame: None,
            program: program.value(),
        });
        let values = (0..reader.symbols())
            .map(|symbol| primitive_of_symbol(symbol).map_or(Value::Nil, Value::Primitive))
            .collect();
        let globals = heap.alloc(Globals { values });
        Machine { heap, registers, globals }
    }

    /// Does one step; false when the program has ended.
    pub(super) fn step(&mut self) -> bool {
        let now = self.heap[&self.registers];
        let next = match (now.control, now.frame) {
            (Control::Evaluate(form), _) => self.evaluate(now, form),
            (Control::Return(value), Some(frame)) => {
                let Frame { work, scope, below } = self.heap[frame];
                self.resume(Registers { scope, frame: below, ..now }, work, value)
            }
            (Control::Return(_), None) => match now.program {
                Value::Pair(form) => {
                    let Pair { head, tail } = self.heap[form];
                    let control = Control::Evaluate(head);
                    Registers { control, scope: None, program: tail, ..now }
                }
                _ => return false,
            },
        };
        self.heap[&self.registers] = next;
        true
    }

    /// The bits of the numbers in the last value.
    pub(super) fn answer(&self) -> Vec<u64> {
        let (Control::Evaluate(value) | Control::Return(value)) =
            self.heap[&self.registers].control;
        let mut numbers = Vec::new();
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::Pair(pair) => left.extend([self.heap[pair].tail, self.heap[pair].head]),
                Value::Number(number) => numbers.push(self.heap[number].0.to_bits()),
                _ => {}
            }
        }
        numbers
    }

    /// The registers after a frame was pushed.
    fn push(&mut self, now: Registers, work: Work, control: Control) -> Registers {
        let frame = self.heap.alloc(Frame { work, scope: now.scope, below: now.frame });
        Registers { control, frame: Some(frame.unrooted()), ..now }
    }

    fn evaluate(&mut self, now: Registers, form: Value) -> Registers {
        let control = match form {
            Value::Symbol(name) => Control::Return(self.look_up(now.scope, name)),
            Value::Pair(pair) => match self.heap[pair] {
                Pair { head: Value::Symbol(QUOTE), tail } => Control::Return(tail.head(&self.heap)),
                Pair { head: Value::Symbol(IF), tail } => {
                    let Pair { head: condition, tail: forms } = tail.parts(&self.heap);
                    return self.push(now, Work::Choose(forms), Control::Evaluate(condition));
                }
                Pair { head: Value::Symbol(LAMBDA), tail } => {
                    let Pair { head: parameters, tail } = tail.parts(&self.heap);
                    let body = tail.head(&self.heap);
                    let closure = self.heap.alloc(Closure { parameters, body, scope: now.scope });
                    Control::Return(Value::Closure(closure.unrooted()))
                }
                Pair { head: Value::Symbol(DEFINE), tail } => {
                    let Pair { head: target, tail } = tail.parts(&self.heap);
                    let form = tail.head(&self.heap);
                    return self.define(now, target, form);
                }
                Pair { head: function, tail: left } => {
                    let work = Work::Call { left, evaluated: Value::Nil };
                    return self.push(now, work, Control::Evaluate(function));
                }
            },
            itself => Control::Return(itself),
        };
        Registers { control, ..now }
    }

    fn look_up(&self, scope: Option<Gc<Scope>>, name: Symbol) -> Value {
        Scope::find(&self.heap, scope, name)
            .unwrap_or_else(|| self.heap[&self.globals].values[name as usize])
    }

    fn define(&mut self, now: Registers, target: Value, form: Value) -> Registers {
        let Pair { head, tail: parameters } = target.parts(&self.heap);
        match (target, head) {
            (Value::Symbol(name), _) => self.push(now, Work::Define(name), Control::Evaluate(form)),
            (_, Value::Symbol(name)) => {
                let closure = Closure { parameters, body: form, scope: now.scope };
                let closure = self.heap.alloc(closure);
                let function = Value::Closure(closure.unrooted());
                self.push(now, Work::Define(name), Control::Return(function))
            }
            _ => Registers { control: Control::Return(Value::Nil), ..now },
        }
    }

    fn resume(&mut self, now: Registers, work: Work, value: Value) -> Registers {
        let control = match work {
            Work::Choose(forms) if value.is_true() => Control::Evaluate(forms.head(&self.heap)),
            Work::Choose(forms) => Control::Evaluate(forms.tail(&self.heap).head(&self.heap)),
            Work::Define(name) => {
                self.heap[&self.globals].values[name as usize] = value;
                Control::Return(Value::Nil)
            }
            Work::Call { left, evaluated } => {
                let evaluated = self.heap.alloc(Pair { head: value, tail: evaluated });
                let Value::Pair(next) = left else { return self.call(now, &evaluated) };
                let Pair { head, tail: left } = self.heap[next];
                let work = Work::Call { left, evaluated: Value::Pair(evaluated.unrooted()) };
                return self.push(now, work, Control::Evaluate(head));
            }
        };
        Registers { control, ..now }
    }

    /// Calls a function; `evaluated` holds the last argument first and the function last.
    fn call(&mut self, now: Registers, evaluated: &Root<Pair>) -> Registers {
        let mut in_order = Rooted::Atom(Value::Nil);
        let mut rest = Value::Pair(evaluated.unrooted());
        while let Value::Pair(pair) = rest {
            let Pair { head, tail } = self.heap[pair];
            in_order = Rooted::Pair(self.heap.alloc(Pair { head, tail: in_order.value() }));
            rest = tail;
        }
        let Pair { head: function, tail: arguments } = in_order.value().parts(&self.heap);
        match function {
            Value::Primitive(primitive) => {
                let control = Control::Return(self.call_primitive(primitive, arguments));
                Registers { control, ..now }
            }
            Value::Closure(closure) => self.call_closure(now, closure, arguments),
            _ => Registers { control: Control::Return(Value::Nil), ..now },
        }
    }

    fn call_primitive(&mut self, primitive: Primitive, arguments: Value) -> Value {
        let Pair { head: left, tail } = arguments.parts(&self.heap);
        let right = tail.head(&self.heap);
        match primitive {
            Primitive::Add => self.number(left.as_number(&self.heap) + right.as_number(&self.heap)),
            Primitive::Subtract => {
                self.number(left.as_number(&self.heap) - right.as_number(&self.heap))
            }
            Primitive::Equal => {
                Value::Bool(left.as_number(&self.heap) == right.as_number(&self.heap))
            }
            Primitive::Cons => {
                Value::Pair(self.heap.alloc(Pair { head: left, tail: right }).unrooted())
            }
            Primitive::Car => left.head(&self.heap),
            Primitive::Cdr => left.tail(&self.heap),
            Primitive::IsNull => Value::Bool(matches!(left, Value::Nil)),
        }
    }

    fn number(&mut self, number: f64) -> Value {
        Value::Number(self.heap.alloc(Number(number)).unrooted())
    }

    /// Calls a closure; it and the arguments are rooted by the caller.
    fn call_closure(
        &mut self,
        now: Registers,
        closure: Gc<Closure>,
        mut arguments: Value,
    ) -> Registers {
        let Closure { parameters: mut names, body, scope: mut outer } = self.heap[closure];
        let mut innermost = None;
        while let Value::Pair(pair) = names {
            let Pair { head: name, tail } = self.heap[pair];
            let Pair { head: value, tail: others } = arguments.parts(&self.heap);
            if let Value::Symbol(name) = name {
                let scope = self.heap.alloc(Scope { name, value, outer });
                outer = Some(scope.unrooted());
                innermost = Some(scope);
            }
            names = tail;
            arguments = others;
        }
        drop(innermost);
        Registers { control: Control::Evaluate(body), scope: outer, ..now }
    }
}
