//! `verify` reads what artifacts hold.

use std::sync::Arc;

use conncentric::audit::verify::{Meter, Outcome, Report, StepName, verify_database};

use super::{bytes, stored};
use crate::support::api::Api;

async fn verified(api: &Api) -> Report {
    verify_database(&api.database.url, true, &Arc::new(Meter::default())).await.expect("the database answers")
}

#[tokio::test]
async fn a_byte_that_was_changed_is_found() {
    let api = Api::start("artifact-verify", 1).await;
    stored(&api, "x", bytes((1 << 20) + 1)).await;
    stored(&api, "y", "deleted later").await;
    api.delete("/v1/artifacts/y").send().await.expect(204);
    let report = verified(&api).await;
    let step = report.steps.iter().find(|step| step.step == StepName::Blobs).expect("the step");
    assert_eq!((step.checked, &step.outcome), ((1 << 20) + 1 + 13, &Outcome::Sound), "{report:?}");
    assert_eq!(report.differences().count(), 0, "{report:?}");

    let owner = api.database.connect().await;
    for (damage, problem) in [
        ("update blob_chunk set data = set_byte(data, 0, get_byte(data, 0) # 1) where ordinal = 1", "have the SHA-256"),
        ("delete from blob_chunk where ordinal = 1", "its 1048576 bytes have the SHA-256"),
        ("update blob set size = 5 where size > 100", "is said to have 5 bytes"),
        ("delete from blob where size <> 13", "is not there"),
    ] {
        owner.batch_execute(damage).await.expect(damage);
        let report = verified(&api).await;
        let found: Vec<String> = report.differences().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].contains(problem), "{damage}: {found:?}");
    }
}
