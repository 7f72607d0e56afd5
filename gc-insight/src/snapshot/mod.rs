//! Every object and every reference, as a file for other tools.
