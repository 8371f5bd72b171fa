//! Tests of the pure core as a whole. Those of single verbs stand beside the verbs, in `decide/tests`.
//!
//! [`facts`], [`orders`] and [`given`] are the language that all of them are written in.

pub(super) mod facts;
pub(super) mod given;
pub(super) mod orders;
pub(super) mod shapes;

mod difference;
mod evolve;
mod explain;
mod properties;
mod rules;
mod walk;
