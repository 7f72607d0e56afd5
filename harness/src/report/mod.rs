//! What a person reads: tables, quantities with units, and whether the collectors agree.

mod agreement;
mod operations;
mod quantity;
mod table;

pub use self::agreement::{Disagreement, disagreements};
pub use self::operations::{goals, instructions, operations};
pub use self::quantity::{bytes, count, duration};
pub use self::table::{details, overview};
