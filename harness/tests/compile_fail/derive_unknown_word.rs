//! A word that the derive does not know is an error, wherever it stands: it promised something.

use gc_core::Trace;

#[derive(Trace)]
#[trace(no_dorp)]
struct OnType(u32);

#[derive(Trace)]
struct OnField(#[trace(skip)] u32);

#[derive(Trace)]
enum OnVariant {
    #[trace(require_static)]
    A(u32),
}

#[derive(Trace)]
struct OnParameter<#[trace(no_drop)] T>(T);

#[derive(Trace)]
#[trace = "no_drop"]
struct WithoutParentheses(u32);

fn main() {}
