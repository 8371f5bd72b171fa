//! The HTTP API of real orchestrators on a real database, as everybody who may and may not use it sees it.

mod busy;
mod claims;
mod database;
mod identity;
mod input;
mod limits;
mod lists;
mod openapi;
mod outcomes;
mod preconditions;
mod promises;
mod streams;

use crate::support::api::{Api, Request};

/// What comes of a request that asks for something wrong: the status, the code, and the field that is named.
type Refusal<'a> = (Request<'a>, u16, &'a str, Option<&'a str>);

/// Sends requests that are refused each in its own way, and change nothing together.
async fn refused(api: &Api, cases: Vec<Refusal<'_>>) {
    let before = api.ledger_position().await;
    for (request, status, code, field) in cases {
        let shown = format!("{request:?}");
        let problem = request.send().await.problem(status, code);
        assert_eq!(problem.field.as_deref(), field, "{shown}: {problem:?}");
        assert!(problem.detail.len() < 2000 && !problem.detail.contains('\u{1b}'), "{shown}: {problem:?}");
    }
    assert_eq!(api.ledger_position().await, before, "something was changed");
}
