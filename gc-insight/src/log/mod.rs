//! The record of collections: pauses, utilization, the heap over time.
