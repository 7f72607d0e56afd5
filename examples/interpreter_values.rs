//! How do I represent the values of a dynamic language?
//!
//! By a `Copy` enum. Texts, lists and tables are objects of the heap, and a handle to one is a word.

use tenure::{Arena, Gc, GcHashMap, GcVec, Rootable, Trace};

#[derive(Clone, Copy, Trace)]
enum Value<'gc> {
    Number(f64),
    Text(Gc<'gc, str>),
    List(GcVec<'gc, Value<'gc>>),
}

/// The variables of a program, by name.
type Globals<'gc> = GcHashMap<'gc, Gc<'gc, str>, Value<'gc>>;

/// The value as the language prints it; of a list that contains itself, a part.
fn show(value: Value<'_>, depth_max: usize) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("{:?}", &*text),
        Value::List(_) if depth_max == 0 => "[...]".to_owned(),
        Value::List(list) => {
            let elements: Vec<_> = list.iter().map(|value| show(value, depth_max - 1)).collect();
            format!("[{}]", elements.join(", "))
        }
    }
}

fn main() {
    let mut arena = Arena::<Rootable![Globals<'_>]>::new(|mc| GcHashMap::new(mc));
    // x = [1, "two"]; x.append(x)
    arena.mutate(|mc, globals| {
        let two = Gc::new_str(mc, "two");
        let list = GcVec::from_slice(mc, &[Value::Number(1.0), Value::Text(two)]);
        list.push(mc, Value::List(list));
        globals.insert(mc, Gc::new_str(mc, "x"), Value::List(list));
    });
    arena.mutate(|_, globals| {
        if let Some(value) = globals.get("x") {
            println!("x = {}", show(value, 2));
        }
    });
    // del x
    arena.mutate(|mc, globals| {
        globals.remove(mc, "x");
    });
    arena.collect();
    println!("{} objects freed", arena.stats().freed_objects);
}
