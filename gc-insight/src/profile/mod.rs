//! Who allocated what, as tables, files and flame graphs.
