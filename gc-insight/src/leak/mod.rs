//! What grows, and what is left over.
