//! Attempts to break the safety argument with safe code alone. A test passes if the attempt comes to nothing.
//!
//! Each runs on every collector, under every [`Setting`]. Those that must not even compile are in
//! `compile_fail/`.
#![forbid(unsafe_code)]
#![allow(
    clippy::redundant_closure,
    reason = "a closure is general enough for `for<'gc>`, a path is not"
)]
#![allow(clippy::type_complexity, reason = "the type of a root is spelled where the root is made")]

mod code_of_the_user;
mod drop_glue;
mod exits;
mod extremes;
mod handles;
mod panics;
mod settings;

macro_rules! on_every_collector {
    ($($group:ident { $($attack:ident)+ })+) => {
        on_every_collector! { @on null, gc_core::NullCollector; $($group { $($attack)+ })+ }
        on_every_collector! { @on refcount, gc_refcount::Refcount; $($group { $($attack)+ })+ }
        on_every_collector! { @on marksweep, gc_marksweep::MarkSweep; $($group { $($attack)+ })+ }
        on_every_collector! { @on generational, gc_generational::Generational; $($group { $($attack)+ })+ }
    };
    (@on $collector:ident, $type:ty; $($group:ident { $($attack:ident)+ })+) => {
        mod $collector {
            $(mod $group {
                $(#[test]
                fn $attack() {
                    crate::settings::Setting::each(crate::$group::$attack::<$type>);
                })+
            })+
        }
    };
}

on_every_collector! {
    code_of_the_user {
        a_key_that_changes_its_map_while_it_is_compared
        a_key_that_panics_in_the_middle_of_everything
        iterators_and_closures_that_change_what_they_go_through
        a_map_in_which_all_hashes_are_the_same_survives_stale_indices
        a_weak_set_that_changes_while_it_is_asked
        a_static_list_that_is_borrowed_while_its_object_is_written_to
    }
    panics {
        an_array_whose_closure_panics_in_every_place
        guards_that_are_forgotten_in_every_lock
        a_listener_that_panics_at_every_event
        a_finalizer_that_panics_with_a_payload_that_panics
        an_error_hook_that_panics
        glue_that_panics_with_payloads_that_panic
    }
    drop_glue {
        glue_that_makes_arenas_and_drops_handles_of_all
        an_object_that_owns_the_arena_of_a_handle_to_it
        the_last_handle_of_a_set_that_is_dying
        glue_that_mutates_an_arena_whose_glue_mutates_an_arena
    }
    handles {
        a_handle_of_an_arena_that_died_and_of_one_in_its_place
        a_pending_call_whose_arena_is_exchanged
        a_pending_call_that_is_forgotten
        a_finalizer_that_registers_itself_again
        jobs_that_drop_handles_while_their_arena_waits
    }
    extremes {
        lengths_that_overflow
        settings_at_their_ends
        external_bytes_that_overflow
        objects_without_size_and_with_much_alignment
        tags_without_end
    }
}
