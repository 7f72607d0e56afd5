//! A `Write` is not had from a shared reference: nobody logged the object it leads into.

use gc_core::{Gc, Lock, Write};

fn forge<'gc>(lock: &Lock<Gc<'gc, u32>>, value: Gc<'gc, u32>) {
    Write::from_static(lock).unlock().set(value);
}

fn forge_without_unsafe<'gc>(lock: &Lock<Gc<'gc, u32>>, value: Gc<'gc, u32>) {
    Write::assume(lock).unlock().set(value);
}

fn forge_without_a_witness<'gc>(lock: &Lock<Gc<'gc, u32>>, value: Gc<'gc, u32>) {
    lock.unlock().set(value);
}

fn main() {
    let _: fn(&Lock<Gc<'static, u32>>, Gc<'static, u32>) = forge;
    let _: fn(&Lock<Gc<'static, u32>>, Gc<'static, u32>) = forge_without_unsafe;
    let _: fn(&Lock<Gc<'static, u32>>, Gc<'static, u32>) = forge_without_a_witness;
}
