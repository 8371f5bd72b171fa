//! The Portal in a real browser, in front of a system of real processes.
//!
//! `make setup` installs the browser, `make portal` builds what it shows.

mod actions;
mod adapter;
mod adapters;
mod artifacts;
mod everybody;
mod maintenance;
mod markup;
mod moments;
mod plugins;
mod pods;
mod roles;
mod screenshots;
mod served;
mod settings;
mod smooth;
mod stream;
mod tokens;
mod travel;
mod views;

use conncentric::domain::identity::Role;
use conncentric::wire::access_token::{CreateAccessToken, CreatedAccessToken};
use reqwest::Method;

use crate::support::browser::Browser;
use crate::support::system::System;

/// A browser on a page of the system, signed in as the administrator.
async fn look(system: &System, path: &str) -> Browser {
    look_as(system, system.token(), path).await
}

/// The same as somebody else.
async fn look_as(system: &System, token: &str, path: &str) -> Browser {
    let browser = Browser::open(&system.urls()[0], system.folder(), (1400, 900)).await;
    browser.go(path).await;
    browser.sign_in(token).await;
    browser
}

async fn make_token(system: &System, role: Role, name: &str) -> CreatedAccessToken {
    let request = CreateAccessToken { name: name.into(), role, pod: None };
    system.call(Method::POST, "/v1/tokens", Some(&request)).await.expect("a token")
}
