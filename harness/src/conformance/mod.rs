//! What every collector must do: a suite of claims that a backend runs with one line.
//!
//! Each claim is a function that is generic over the collector and panics if it does not hold.
//! Where collectors differ, a claim asks [`Collector::ATTRIBUTES`](gc_core::collector::Collector::ATTRIBUTES)
//! what applies. Nearly all are tried under several settings: the defaults, a collection at every
//! safepoint, a nursery of one byte, several threads that mark, and zeal: all of it, and some that is
//! drawn by the name of the claim.
//!
//! ```ignore
//! harness::conformance!(refcount, gc_refcount::Refcount);
//! ```
//!
//! - [`reachability`], [`writes`], [`random_graphs`]: what can be reached lives on.
//! - [`death`], [`deep`], [`teardown`]: what cannot dies, once, in any number, whatever its glue does.
//! - [`finalizers`], [`declared`], [`callbacks`], [`on_death`], [`calls`]: who is
//!   told of a death, and when.
//! - [`cpython`]: what CPython's own tests say of all of these.
//! - [`panics`], [`arenas`], [`roots`]: ways in and out.
//! - [`handles`], [`handle_sets`], [`weak`], [`identity`]: references that are more than edges.
//! - [`weak_maps`], [`weak_sets`], [`random_ephemerons`]: entries that live only as long as what they are about.
//! - [`threads`]: what goes to another thread, and what stays.
//! - [`layout`], [`slices`]: objects of every shape.
//! - [`inspection`], [`places`], [`garbage`], [`graphs`], [`profiles`]: the heap as it is seen from
//!   outside.
//! - [`limits`], [`counts`], [`statistics`], [`control`]: what is promised in numbers.
//! - [`schedule`], [`reports`]: when collections start, and what is told of them.
//! - [`mistakes`]: what other collectors got wrong.
#![allow(clippy::missing_panics_doc, reason = "a claim that does not hold panics: that is its use")]
#![allow(clippy::type_complexity, reason = "the type of a root is spelled where the root is made")]

pub mod arenas;
pub mod callbacks;
pub mod calls;
pub mod control;
pub mod counts;
pub mod cpython;
pub mod death;
pub mod declared;
pub mod deep;
pub mod finalizers;
pub mod garbage;
pub mod graphs;
pub mod handle_sets;
pub mod handles;
pub mod identity;
pub mod inspection;
pub mod layout;
pub mod limits;
pub mod mistakes;
pub mod on_death;
pub mod panics;
pub mod places;
pub mod profiles;
pub mod random_ephemerons;
pub mod random_graphs;
pub mod reachability;
pub mod reports;
pub mod roots;
pub mod schedule;
pub mod slices;
pub mod statistics;
pub mod teardown;
pub mod threads;
pub mod weak;
pub mod weak_maps;
pub mod weak_sets;
pub mod writes;

mod node;
mod trial;
mod witness;

/// Makes a module of tests, one for each claim, for a collector.
#[macro_export]
macro_rules! conformance {
    ($module:ident, $collector:ty) => {
        mod $module {
            $crate::conformance! { @claims $collector;
                reachability {
                    what_the_root_holds_directly_lives_on
                    what_locks_hold_lives_on
                    what_wrappers_hold_lives_on
                    what_sequences_hold_lives_on
                    the_values_of_maps_live_on
                    what_plain_data_holds_lives_on
                    what_slices_hold_lives_on
                    what_a_slice_with_a_header_holds_lives_on
                    what_trait_objects_hold_lives_on
                    what_an_erased_reference_keeps_lives_on
                }
                writes {
                    a_write_to_a_lock_is_seen
                    a_write_by_taking_and_putting_back_is_seen
                    a_write_to_a_ref_lock_is_seen
                    a_write_to_a_once_lock_is_seen
                    a_write_through_a_projection_is_seen
                    a_write_to_an_element_of_a_slice_is_seen
                    a_write_to_a_slice_with_a_header_is_seen
                    what_a_written_object_leads_to_is_seen
                    an_exchange_between_old_objects_is_seen
                    what_is_moved_within_a_mutate_lives_on
                }
                random_graphs {
                    short_random_programs_agree_with_the_model
                    long_random_programs_agree_with_the_model
                    a_large_random_graph_stays_what_it_is
                }
                death {
                    what_has_no_cycle_dies_when_it_is_cut_off
                    what_nothing_refers_to_dies_young
                    an_old_object_that_dies_takes_its_young_along
                    a_ring_is_reclaimed_after_its_last_root_drops
                    the_elements_of_a_long_array_outlive_a_ring_beside_it
                    a_ring_that_is_held_anywhere_lives
                    what_a_dead_ring_refers_to_lives_if_it_is_held
                    a_dead_ring_takes_its_references_along
                    a_counted_parent_is_dropped_before_its_children
                    the_elements_of_a_slice_are_dropped_once_each
                    objects_of_size_zero_are_dropped_once_each
                    memory_is_not_reused_before_drop_glue_ran
                    everything_left_is_dropped_with_the_arena
                    an_arena_that_was_never_entered_drops_its_objects
                }
                deep {
                    a_list_of_a_million_lives_and_dies_on_a_small_stack
                    a_droppable_list_of_a_million_lives_and_dies_on_a_small_stack
                    a_ring_of_a_million_lives_and_dies_on_a_small_stack
                }
                teardown {
                    a_cascade_through_handles_dies_to_its_end
                    a_cycle_through_handles_of_the_arena_is_dropped_with_it
                    a_handle_that_glue_cloned_keeps_its_object
                    the_rest_is_dropped_when_glue_panics
                    the_rest_is_dropped_when_glue_panics_with_the_arena
                    memory_is_given_back_when_glue_panics
                    glue_may_use_other_arenas
                    a_cascade_goes_on_after_a_panic
                }
                finalizers {
                    a_finalizer_runs_once_and_then_its_object_dies
                    what_dies_young_is_finalized
                    a_counted_parent_is_finalized_before_its_children
                    a_dead_ring_is_whole_while_its_finalizers_run
                    what_a_finalizer_keeps_lives_and_is_not_finalized_again
                    what_a_finalizer_gives_a_finalizer_is_finalized
                    what_is_kept_does_not_hold_up_the_rest
                    what_fails_is_reported_and_changes_nothing_else
                    a_finalizer_may_make_objects_that_are_finalized
                    a_long_list_is_finalized_on_a_small_stack
                    an_arena_that_is_dropped_finalizes_nothing
                    a_tracking_weak_reference_outlasts_finalizers
                }
                declared {
                    every_object_of_a_type_that_declares_one_is_finalized_once
                    what_dies_young_is_finalized_as_its_type_declares
                    a_declared_finalizer_runs_before_those_that_are_given
                    what_a_declared_finalizer_keeps_lives_and_is_not_finalized_again
                    a_declared_finalizer_that_fails_is_reported
                    what_did_not_become_an_object_is_not_finalized
                    what_is_a_part_of_an_object_is_not_finalized
                    an_arena_that_is_dropped_runs_no_declared_finalizer
                }
                calls {
                    finalizers_may_be_deferred
                    a_collection_that_waits_for_calls_is_not_begun_again
                    glue_that_panics_keeps_no_finalizer_from_running
                    a_finalizer_is_not_run_in_another_arena
                }
                callbacks {
                    callbacks_are_called_once_and_the_newest_first
                    a_callback_is_called_for_what_dies_young
                    weak_references_that_move_are_cleared
                    a_callback_of_what_is_dead_is_not_called
                    a_callback_within_a_dead_ring_is_not_called
                    a_callback_sees_nothing_that_is_dead
                    a_callback_that_fails_is_reported
                }
                on_death {
                    functions_for_one_object_run_the_newest_first
                    a_function_runs_for_what_dies_in_a_ring_or_young
                    a_function_that_is_called_by_hand_runs_once
                    a_function_that_is_detached_is_given_back_and_never_runs
                    a_function_that_holds_its_object_keeps_it_to_the_end
                    what_is_left_runs_at_the_end_the_newest_first
                    what_does_not_run_at_exit_runs_when_its_object_dies
                    what_is_registered_at_the_end_is_the_next_to_run
                    after_it_ran_function_and_registration_are_freed
                    a_function_of_another_arena_is_not_called
                    a_function_that_waits_runs_once_and_in_its_arena
                    a_panic_loses_no_function
                }
                cpython {
                    finalizers_make_no_ring_uncollectable
                    a_leaf_that_its_finalizer_keeps_is_finalized_once
                    a_store_without_the_barrier_is_found_by_the_check
                    finalizers_in_deep_nests_may_collect
                    the_collector_asks_no_object_whether_it_is_garbage
                    of_callbacks_on_owners_of_callbacks_the_outer_one_is_called
                    a_weak_reference_that_goes_with_its_target_is_not_called
                    no_collection_starts_while_a_weak_reference_is_made
                    a_weak_reference_that_a_finalizer_makes_is_cleared
                    a_weak_reference_to_the_dead_answers_every_question
                    weak_references_are_keys_by_their_identity
                }
                panics {
                    what_was_written_before_a_panic_stays
                    what_was_written_in_an_enter_that_panics_stays
                    a_root_that_was_changed_before_a_panic_is_seen
                    a_root_that_was_taken_before_a_panic_is_empty
                    what_a_borrowed_lock_holds_lives_on
                    what_was_made_for_a_root_that_panics_is_dropped
                    panics_without_end_lose_nothing
                    a_listener_that_panics_does_no_harm
                }
                arenas {
                    entries_nest
                    entries_of_two_arenas_nest
                    an_object_may_own_an_arena
                    thousands_of_arenas_live_at_once
                    an_arena_may_be_moved
                    an_arena_after_another_starts_afresh
                    a_root_may_hold_handles_of_its_own_arena
                    an_arena_may_be_dropped_with_work_pending
                }
                threads {
                    an_arena_with_everything_goes_and_comes_back
                    an_arena_lives_on_in_another_thread
                    an_arena_is_dropped_in_another_thread
                    arenas_go_round
                    what_is_not_send_keeps_its_arena
                    what_nobody_knows_keeps_its_arena
                    what_only_a_weak_reference_leads_to_is_asked
                    a_handle_keeps_its_arena
                    closures_keep_their_arena
                    calls_that_wait_keep_their_arena
                    a_function_that_has_run_refers_to_nothing
                    saved_and_frozen_objects_go_along
                    a_copy_of_a_name_may_stay
                }
                roots {
                    a_root_may_be_changed_in_every_way
                    a_root_may_be_replaced
                    a_root_that_is_left_alone_stays
                }
                handles {
                    a_handle_keeps_its_object_alive
                    an_object_may_be_stashed_twice
                    a_handle_may_come_and_go_within_a_mutate
                    a_handle_of_another_arena_is_refused
                    what_a_forgotten_handle_keeps_lives_on
                    slots_of_dropped_handles_are_reused
                    a_handle_to_an_unsized_object_keeps_it
                    what_a_handle_leads_to_changes_with_its_object
                }
                handle_sets {
                    what_a_set_holds_lives_on
                    the_handles_of_a_dead_set_are_stale
                    a_handle_of_another_set_is_refused
                    a_cycle_through_a_set_is_an_ordinary_cycle
                    sets_without_number_come_and_go
                }
                weak {
                    a_weak_reference_is_upgraded_until_its_object_dies
                    a_weak_reference_to_what_dies_young_is_cleared
                    what_was_upgraded_and_stored_lives_on
                    weak_references_to_one_object_are_equal
                    weak_references_may_be_keys
                    an_object_outlives_its_weak_references
                    a_weak_reference_back_makes_no_cycle
                    weak_references_to_a_ring_are_cleared_when_it_dies
                    a_weak_reference_to_an_unsized_object_works
                    weak_references_without_number_tell_the_dead_from_the_living
                }
                weak_maps {
                    an_entry_lives_as_long_as_its_key
                    a_value_that_refers_to_its_key_keeps_neither
                    a_chain_of_entries_lives_to_its_end
                    an_entry_goes_with_the_ring_of_its_key
                    a_dead_map_holds_nothing
                    a_map_that_only_its_value_refers_to_dies
                    what_is_removed_is_held_no_more
                    a_key_that_is_brought_back_has_no_entry
                    a_long_chain_of_entries_takes_linear_time
                    keys_and_values_may_be_of_any_type
                    entries_go_in_epochs_too
                    what_is_frozen_keeps_its_entries
                    a_full_heap_leaves_a_map_as_it_was
                    cycles_through_a_map_do_not_pile_up
                    cycles_through_leaves_do_not_pile_up
                    entries_of_keys_that_lose_a_reference_live_on
                    a_map_takes_no_more_than_its_entries_do
                }
                weak_sets {
                    an_entry_goes_when_its_value_dies
                    an_entry_goes_with_the_ring_of_its_value
                    a_late_death_does_not_remove_what_came_after
                    a_key_is_used_again_after_its_value_died
                    objects_may_be_cut_off_while_a_map_is_seen
                    a_set_interns
                    what_users_do_in_eq_and_hash_does_no_harm
                    sets_without_number_come_and_go
                }
                random_ephemerons {
                    random_programs_with_maps_agree_with_the_model
                    finalizers_may_do_anything_with_maps
                }
                identity {
                    an_identity_stays_the_same
                    an_identity_is_never_given_again
                    a_weak_reference_has_the_identity_of_its_object
                    an_identity_outlives_its_arena
                    references_to_one_object_are_one
                    addresses_stay_within_a_mutate
                    comparing_hashing_and_printing_are_the_values_own
                }
                layout {
                    every_size_is_kept
                    large_objects_are_kept
                    over_aligned_objects_are_traced
                    odd_slices_are_kept
                    objects_of_no_size_are_told_apart
                }
                slices {
                    an_iterator_that_ends_early_is_refused
                    what_an_iterator_yields_too_much_stays_in_it
                    a_closure_that_panics_leaves_nothing_behind
                    a_closure_may_allocate
                    a_closure_may_enter_again
                    lengths_beyond_memory_are_refused
                }
                limits {
                    what_does_not_fit_is_given_back
                    nothing_is_lost_at_any_limit
                    the_panic_at_the_limit_names_it
                    the_error_at_the_limit_names_it
                    large_objects_make_room_when_they_die
                    blocks_that_empty_in_two_steps_make_room
                    external_bytes_count_against_the_limit
                    external_bytes_without_measure_are_refused
                    without_a_limit_there_is_room
                }
                counts {
                    every_kind_of_reference_counts
                    counts_beyond_the_header_are_exact
                    counts_at_the_border_of_the_header_are_exact
                    what_follows_an_object_does_not_inherit_its_count
                    only_the_first_and_the_last_value_count
                }
                statistics {
                    allocations_are_counted_exactly
                    live_bytes_are_those_of_what_can_be_reached
                    totals_never_fall
                    memory_of_the_dead_is_used_again
                    memory_of_large_objects_and_rings_is_used_again
                    rings_do_not_pile_up
                }
                schedule {
                    a_collection_is_due_after_so_many_objects
                    a_collection_is_due_after_so_many_bytes
                    a_threshold_of_zero_is_never_reached
                    the_largest_thresholds_are_never_reached
                    a_disabled_collector_ignores_thresholds
                    an_older_generation_is_due_after_so_many_collections
                    counts_say_how_long_ago_a_generation_was_collected
                    less_memory_means_more_collections
                }
                mistakes {
                    hundreds_of_collections_leak_no_memory
                    what_takes_the_place_of_a_written_object_is_logged
                    a_young_large_object_is_counted_once
                    full_collections_are_few_and_come
                    an_allocation_never_collects
                    a_small_program_is_not_collected
                    cyclic_garbage_takes_no_multiple_of_the_memory
                }
                reports {
                    a_report_says_what_became_of_garbage
                    statistics_leave_out_what_is_resurrected
                    garbage_is_saved_until_it_is_let_go_of
                    several_listeners_are_told_of_the_generation
                }
                control {
                    every_generation_may_be_collected
                    a_disabled_collector_finds_no_cycles_by_itself
                    a_disabled_collector_is_as_prompt_as_before
                    events_come_in_pairs
                    a_listener_may_be_taken_and_replaced
                    a_listener_may_use_handles
                    a_collection_reports_what_it_found
                    a_safepoint_without_work_changes_nothing
                    what_is_frozen_is_collected_only_by_its_count
                    what_its_finalizer_keeps_is_frozen_no_more
                }
                garbage {
                    a_leaked_cycle_is_reported_with_what_it_keeps
                    cycles_say_which_of_them_holds_them
                    what_is_held_anywhere_is_no_garbage
                    what_waits_for_a_collection_may_be_in_no_cycle
                    what_a_weak_map_keeps_is_kept_by_its_key
                    a_cycle_is_told_by_the_fields_that_close_it
                    a_report_changes_no_collection
                    a_long_ring_is_one_cycle
                }
                profiles {
                    a_live_object_says_where_it_was_made
                    a_site_is_the_line_that_calls_the_library
                    what_is_reclaimed_is_live_no_more
                    the_peak_is_when_most_was_live
                    a_profiled_program_runs_as_it_would
                }
                graphs {
                    random_graphs_agree_with_the_model
                    a_chain_of_a_million_is_a_graph_on_a_small_stack
                    what_waits_for_its_finalizer_is_held
                }
                inspection {
                    a_new_self_loop_is_listed_in_the_youngest_generation
                    a_generation_that_does_not_exist_is_refused
                    an_object_is_listed_in_the_generation_that_it_is_in
                    every_object_is_listed_once
                    unreachable_referrers_are_listed_until_they_are_collected
                    every_holder_of_an_object_is_told
                    an_object_says_what_it_is
                    looking_changes_nothing
                    what_a_forgotten_guard_covers_is_listed
                    a_heap_that_waits_for_calls_is_whole
                    looking_ends_an_epoch
                    a_name_goes_with_its_object
                }
                places {
                    fields_are_told_by_their_names
                    of_an_enum_the_fields_of_its_variant_are_told
                    elements_are_told_by_their_indices
                    what_arrays_hold_is_told_by_index
                    a_trait_object_tells_its_own_fields
                    what_a_collection_holds_is_told
                    weak_references_have_no_place
                    what_keeps_objects_is_told
                    a_root_that_is_one_reference_has_no_steps
                    what_is_reached_from_what_keeps_is_all_that_is_no_garbage
                    a_long_object_is_told_to_its_end
                }
            }
        }
    };
    (@claims $collector:ty; $($group:ident { $($claim:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $claim() {
                        $crate::conformance::$group::$claim::<$collector>();
                    }
                )*
            }
        )*
    };
}
