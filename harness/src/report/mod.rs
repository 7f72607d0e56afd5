//! What a person reads: tables, quantities with units, and whether the collectors agree.

mod agreement;
mod comparison;
mod goals;
pub mod heap;
mod operations;
mod quantity;
mod sheet;
mod sweep;
mod table;

pub use self::agreement::{Disagreement, disagreements};
pub(crate) use self::comparison::word;
pub use self::comparison::{Baseline, Comparison, ComparisonRow};
pub use self::goals::goals;
pub use self::operations::{instructions, operations};
pub use self::quantity::{bytes, count, duration};
pub use self::sheet::Sheet;
pub use self::sweep::sweep;
pub use self::table::{details, overview};
