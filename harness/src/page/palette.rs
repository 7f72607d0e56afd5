//! Who has which color: classes, whose colors are in `page.css`, for light and dark.
//!
//! The colors are those of Okabe and Ito, which people tell apart who do not see all of them. Lines
//! differ by their strokes, too.

/// The class of a contender.
pub(super) fn contender(name: &str) -> String {
    match name.strip_prefix("peer:") {
        Some(_) => "c-peer".to_owned(),
        None => format!("c-{}", name.replace(':', "-")),
    }
}

/// So many types have a color of their own.
pub(super) const TYPE_COLORS: usize = 7;

/// The class of a type by its place among the largest; the others share one.
pub(super) fn type_at(place: usize) -> String {
    if place < TYPE_COLORS { format!("t{place}") } else { "t-other".to_owned() }
}

/// The class of what is unreachable.
pub(super) const GARBAGE: &str = "t-garbage";
