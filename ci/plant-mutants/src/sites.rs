//! The places of a source where something can be switched.

use std::ops::Range;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Block, Expr, ExprBinary, ExprUnary, File, ImplItemFn, ItemFn, TraitItemFn};

/// What can be switched, each by the bytes of the text that it takes.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    /// An operator, and the expression that it is of.
    pub(crate) operators: Vec<(Range<usize>, Range<usize>)>,
    /// The arms of `match`.
    pub(crate) arms: Vec<ArmSite>,
    /// The bodies of functions.
    pub(crate) bodies: Vec<Range<usize>>,
}

/// An arm of a `match`.
#[derive(Debug)]
pub(crate) struct ArmSite {
    pub(crate) pattern: Range<usize>,
    pub(crate) guard: Option<Range<usize>>,
}

impl Sites {
    /// Finds those of a source.
    pub(crate) fn of(file: &File) -> Sites {
        let mut sites = Sites::default();
        sites.visit_file(file);
        sites
    }

    fn add_body(&mut self, block: &Block) {
        self.bodies.push(block.span().byte_range());
    }
}

impl Visit<'_> for Sites {
    fn visit_expr_binary(&mut self, binary: &ExprBinary) {
        // `let` may stand at the top of a condition, not in parentheses. What is made of a planted bug is
        // zero, and whether that is added or taken away is all the same.
        let is_sum = matches!(binary.op, BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_));
        let is_not_ours = is_sum && is_made_of_planted(&binary.right);
        if !has_let(&binary.left) && !has_let(&binary.right) && !is_not_ours {
            self.operators.push((binary.op.span().byte_range(), binary.span().byte_range()));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &ExprUnary) {
        if !is_planted(&unary.expr) {
            self.operators.push((unary.op.span().byte_range(), unary.span().byte_range()));
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| guard);
        if !guard.is_some_and(|guard| is_planted(guard) || has_let(guard)) {
            self.arms.push(ArmSite {
                pattern: arm.pat.span().byte_range(),
                guard: guard.map(|guard| guard.span().byte_range()),
            });
        }
        visit::visit_arm(self, arm);
    }

    fn visit_item_fn(&mut self, function: &ItemFn) {
        self.add_body(&function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        self.add_body(&function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &TraitItemFn) {
        if let Some(block) = &function.default {
            self.add_body(block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Whether a condition has a `let` that is not within other brackets.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(ExprBinary { left, op: BinOp::And(_), right, .. }) => {
            has_let(left) || has_let(right)
        }
        _ => false,
    }
}

/// Whether this is a number made of a bug that somebody has planted already.
fn is_made_of_planted(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(binary) => is_made_of_planted(&binary.right),
        Expr::Call(call) => call.args.iter().any(is_made_of_planted),
        Expr::Unary(unary) => is_made_of_planted(&unary.expr),
        _ => is_planted(expr),
    }
}

/// Whether this is a bug that somebody has planted already.
fn is_planted(expr: &Expr) -> bool {
    let Expr::Macro(call) = expr else { return false };
    call.mac.path.segments.last().is_some_and(|name| name.ident == "planted")
}
