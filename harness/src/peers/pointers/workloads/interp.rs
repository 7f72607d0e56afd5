//! See `workloads::interp`.

use super::{Gc, collect, safepoint, set_up, take};
use crate::workloads::interp::reader::{
    DEFINE, Form, IF, LAMBDA, QUOTE, Reader, Symbol, primitive_of_symbol,
};
use crate::workloads::interp::value::Primitive;
use crate::workloads::interp::{BATCH, source};
use crate::workloads::{Checksum, Parameters};

/// A boxed number. Not every peer traces an `f64`.
struct Number(f64);

untraced!(Number);
untraced!(Primitive);

traced! {
    #[derive(Clone)]
    enum Value {
        Nil,
        Bool(bool),
        Symbol(Symbol),
        Number(Gc<Number>),
        Pair(Gc<Pair>),
        Closure(Gc<Closure>),
        Primitive(Primitive),
    }
}

traced! {
    struct Pair {
        head: Value,
        tail: Value,
    }
}

traced! {
    struct Closure {
        parameters: Value,
        body: Value,
        scope: Option<Gc<Scope>>,
    }
}

traced! {
    struct Scope {
        name: Symbol,
        value: Value,
        outer: Option<Gc<Scope>>,
    }
}

traced! {
    #[derive(Clone)]
    enum Work {
        Choose(Value),
        Define(Symbol),
        Call(Call),
    }
}

traced! {
    #[derive(Clone)]
    struct Call {
        left: Value,
        evaluated: Value,
    }
}

traced! {
    #[derive(Clone)]
    struct Frame {
        work: Option<Work>,
        scope: Option<Gc<Scope>>,
        below: Option<Gc<Frame>>,
    }
}

enum Control {
    Evaluate(Value),
    Return(Value),
}

struct Machine {
    control: Control,
    scope: Option<Gc<Scope>>,
    frame: Option<Gc<Frame>>,
    globals: Vec<Value>,
    /// The forms of the program that have not begun.
    program: Value,
}

impl Value {
    fn quote(form: &Form) -> Self {
        match form {
            Form::Bool(truth) => Value::Bool(*truth),
            Form::Symbol(symbol) => Value::Symbol(*symbol),
            Form::Number(number) => Value::number(*number),
            Form::List(forms) => Value::quote_all(forms),
        }
    }

    fn quote_all(forms: &[Form]) -> Self {
        let values = forms.iter().rev().map(Value::quote);
        values.fold(Value::Nil, |tail, head| Value::cons(head, tail))
    }

    fn number(number: f64) -> Self {
        Value::Number(Gc::new(Number(number)))
    }

    fn cons(head: Self, tail: Self) -> Self {
        Value::Pair(Gc::new(Pair { head, tail }))
    }

    /// The first element of a list.
    fn head(&self) -> Option<&Self> {
        match self {
            Value::Pair(pair) => Some(&pair.head),
            _ => None,
        }
    }

    /// A list without its first element.
    fn tail(&self) -> Option<&Self> {
        match self {
            Value::Pair(pair) => Some(&pair.tail),
            _ => None,
        }
    }

    fn second(&self) -> Option<&Self> {
        self.tail().and_then(Value::head)
    }

    fn is_true(&self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    fn as_number(&self) -> f64 {
        match self {
            Value::Number(number) => number.0,
            _ => f64::NAN,
        }
    }
}

/// A mistake in the program gives nil.
fn or_nil(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or(Value::Nil)
}

impl Scope {
    /// The value of a local name, looked for from the innermost scope outwards.
    fn find(scope: Option<&Gc<Self>>, name: Symbol) -> Option<&Value> {
        std::iter::successors(scope, |scope| scope.outer.as_ref())
            .find(|scope| scope.name == name)
            .map(|scope| &scope.value)
    }
}

/// The result of a primitive for the list of its arguments.
fn call_primitive(primitive: Primitive, arguments: Option<&Value>) -> Value {
    let left = arguments.and_then(Value::head);
    let right = arguments.and_then(Value::second);
    let number = |value: Option<&Value>| value.map_or(f64::NAN, Value::as_number);
    match primitive {
        Primitive::Add => Value::number(number(left) + number(right)),
        Primitive::Subtract => Value::number(number(left) - number(right)),
        Primitive::Equal => Value::Bool(number(left) == number(right)),
        Primitive::Cons => Value::cons(or_nil(left), or_nil(right)),
        Primitive::Car => or_nil(left.and_then(Value::head)),
        Primitive::Cdr => or_nil(left.and_then(Value::tail)),
        Primitive::IsNull => Value::Bool(matches!(left, None | Some(Value::Nil))),
    }
}

impl Machine {
    fn new(source: &str) -> Self {
        let mut reader = Reader::new(source);
        let program = Value::quote_all(&reader.forms());
        let globals = (0..reader.symbols())
            .map(|symbol| primitive_of_symbol(symbol).map_or(Value::Nil, Value::Primitive))
            .collect();
        Machine { control: Control::Return(Value::Nil), scope: None, frame: None, globals, program }
    }

    /// Does one step; false when the program has ended.
    fn step(&mut self) -> bool {
        match std::mem::replace(&mut self.control, Control::Return(Value::Nil)) {
            Control::Evaluate(form) => self.evaluate(form),
            Control::Return(value) => match self.frame.take() {
                Some(frame) => {
                    let work = take(frame, |frame| {
                        self.frame = frame.below.take();
                        self.scope = frame.scope.take();
                        frame.work.take()
                    });
                    self.control = match work {
                        Some(work) => self.resume(work, value),
                        None => Control::Return(value),
                    };
                }
                None => {
                    let Value::Pair(form) = &self.program else {
                        self.control = Control::Return(value);
                        return false;
                    };
                    self.scope = None;
                    self.control = Control::Evaluate(form.head.clone());
                    let left = form.tail.clone();
                    self.program = left;
                }
            },
        }
        true
    }

    /// The bits of the numbers in the last value; a pair has those of its head before those of its
    /// tail.
    fn answer(&self) -> Vec<u64> {
        let (Control::Evaluate(value) | Control::Return(value)) = &self.control;
        let mut numbers = Vec::new();
        let mut left = vec![value];
        while let Some(value) = left.pop() {
            match value {
                Value::Pair(pair) => left.extend([&pair.tail, &pair.head]),
                Value::Number(number) => numbers.push(number.0.to_bits()),
                _ => {}
            }
        }
        numbers
    }

    fn push(&mut self, work: Work) {
        let (work, scope, below) = (Some(work), self.scope.clone(), self.frame.take());
        self.frame = Some(Gc::new(Frame { work, scope, below }));
    }

    fn evaluate(&mut self, form: Value) {
        self.control = match &form {
            &Value::Symbol(name) => {
                let local = Scope::find(self.scope.as_ref(), name);
                Control::Return(local.unwrap_or_else(|| &self.globals[name as usize]).clone())
            }
            Value::Pair(pair) => match (&pair.head, &pair.tail) {
                (&Value::Symbol(QUOTE), rest) => Control::Return(or_nil(rest.head())),
                (&Value::Symbol(IF), rest) => {
                    self.push(Work::Choose(or_nil(rest.tail())));
                    Control::Evaluate(or_nil(rest.head()))
                }
                (&Value::Symbol(LAMBDA), rest) => {
                    Control::Return(self.closure(or_nil(rest.head()), or_nil(rest.second())))
                }
                (&Value::Symbol(DEFINE), rest) => self.define(rest.head(), rest.second()),
                (function, left) => {
                    self.push(Work::Call(Call { left: left.clone(), evaluated: Value::Nil }));
                    Control::Evaluate(function.clone())
                }
            },
            _ => Control::Return(form),
        };
    }

    fn closure(&self, parameters: Value, body: Value) -> Value {
        Value::Closure(Gc::new(Closure { parameters, body, scope: self.scope.clone() }))
    }

    /// `(define name form)` or `(define (name parameter ..) body)`.
    fn define(&mut self, target: Option<&Value>, form: Option<&Value>) -> Control {
        match (target, target.and_then(Value::head)) {
            (Some(&Value::Symbol(name)), _) => {
                self.push(Work::Define(name));
                Control::Evaluate(or_nil(form))
            }
            (Some(target), Some(&Value::Symbol(name))) => {
                let function = self.closure(or_nil(target.tail()), or_nil(form));
                self.push(Work::Define(name));
                Control::Return(function)
            }
            _ => Control::Return(Value::Nil),
        }
    }

    fn resume(&mut self, work: Work, value: Value) -> Control {
        match &work {
            Work::Choose(forms) if value.is_true() => Control::Evaluate(or_nil(forms.head())),
            Work::Choose(forms) => Control::Evaluate(or_nil(forms.second())),
            &Work::Define(name) => {
                self.globals[name as usize] = value;
                Control::Return(Value::Nil)
            }
            Work::Call(call) => {
                let evaluated = Value::cons(value, call.evaluated.clone());
                match &call.left {
                    Value::Pair(next) => {
                        self.push(Work::Call(Call { left: next.tail.clone(), evaluated }));
                        Control::Evaluate(next.head.clone())
                    }
                    _ => self.call(&evaluated),
                }
            }
        }
    }

    /// Calls a function; `evaluated` holds the last argument first and the function last.
    fn call(&mut self, evaluated: &Value) -> Control {
        let mut in_order = Value::Nil;
        let mut rest = evaluated;
        while let Value::Pair(pair) = rest {
            in_order = Value::cons(pair.head.clone(), in_order);
            rest = &pair.tail;
        }
        let mut arguments = in_order.tail();
        match in_order.head() {
            Some(&Value::Primitive(primitive)) => {
                Control::Return(call_primitive(primitive, arguments))
            }
            Some(Value::Closure(closure)) => {
                let mut scope = closure.scope.clone();
                let mut names = &closure.parameters;
                while let Value::Pair(pair) = names {
                    if let &Value::Symbol(name) = &pair.head {
                        let value = or_nil(arguments.and_then(Value::head));
                        scope = Some(Gc::new(Scope { name, value, outer: scope }));
                    }
                    names = &pair.tail;
                    arguments = arguments.and_then(Value::tail);
                }
                self.scope = scope;
                Control::Evaluate(closure.body.clone())
            }
            _ => Control::Return(Value::Nil),
        }
    }
}

pub(in crate::peers::pointers) fn run(parameters: &Parameters) -> Checksum {
    set_up();
    let mut checksum = Checksum::default();
    let mut machine = Machine::new(&source(parameters.scale));

    let mut steps = 0_u64;
    loop {
        let running = (0..BATCH).all(|_| {
            steps += 1;
            machine.step()
        });
        if !running {
            break;
        }
        safepoint(0);
    }

    checksum.add(steps);
    checksum.extend(machine.answer());
    drop(machine);
    collect();
    checksum
}
