//! What the colors of charts mean.

use maud::{Markup, html};

/// A list of classes and what has their color.
pub(super) fn legend<'a>(entries: impl IntoIterator<Item = (String, &'a str)>) -> Markup {
    html! {
        ul class="legend" {
            @for (class, name) in entries {
                li {
                    svg viewBox="0 0 22 10" aria-hidden="true" {
                        @if class.starts_with("t") {
                            rect class=(format!("layer {class}")) width="22" height="10" {}
                        } @else {
                            path class=(format!("line {class}")) d="M0 5H22" {}
                        }
                    }
                    (name)
                }
            }
        }
    }
}

/// A table behind something that is seen first.
pub(super) fn behind(summary: &str, table: &Markup) -> Markup {
    html! {
        details {
            summary { (summary) }
            div class="scroll" tabindex="0" role="region" aria-label=(summary) { (table) }
        }
    }
}
