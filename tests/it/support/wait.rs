//! Waiting for something to become true, with a deadline. Tests never sleep.

use std::fmt::Display;
use std::time::Duration;

/// How long a thing may take that ought to take moments. Generous, because it only costs time when a test fails.
pub const SOON: Duration = Duration::from_secs(30);

/// Tries every 20 ms until there is an `Ok`; panics with the last `Err` at the deadline.
#[track_caller]
pub fn eventually<T, E: Display>(deadline: Duration, mut attempt: impl AsyncFnMut() -> Result<T, E>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let mut last = String::from("the first attempt did not end");
        let tries = async {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                match attempt().await {
                    Ok(value) => return value,
                    Err(reason) => last = reason.to_string(),
                }
            }
        };
        let outcome = tokio::time::timeout(deadline, tries).await;
        outcome.unwrap_or_else(|_| panic!("{caller}: not within {deadline:?}: {last}"))
    }
}

/// An `Err` with this reason unless the condition holds: the usual end of an attempt.
pub fn holds(condition: bool, otherwise: impl Display) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.to_string()) }
}
