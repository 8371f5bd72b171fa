//! The Portal in a real browser, in front of a system of real processes.
//!
//! `make setup` installs the browser, `make portal` builds what it shows.

mod adapters;
mod served;

use crate::support::browser::Browser;
use crate::support::system::System;

/// A browser on a page of the system, signed in as the administrator.
async fn look(system: &System, path: &str) -> Browser {
    let browser = Browser::open(&system.urls()[0], system.folder(), (1400, 900)).await;
    browser.go(path).await;
    browser.sign_in(system.token()).await;
    browser
}
