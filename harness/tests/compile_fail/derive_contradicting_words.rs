//! Words given twice or at odds with each other are an error: only one of them could be meant.

use gc_core::Trace;

#[derive(Trace)]
#[trace(no_drop, unsafe_drop)]
struct Contradicts(u32);

#[derive(Trace)]
#[trace(no_drop)]
#[trace(no_drop)]
struct Repeats(u32);

#[derive(Trace)]
struct RepeatsOnField(#[trace(require_static, require_static)] u32);

fn main() {}
