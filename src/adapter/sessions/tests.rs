use super::*;
use crate::client::Client;
use crate::domain::adapter::{Mode, OnLeaseLoss};
use crate::domain::name::Incarnation;
use crate::domain::token::Epoch;
use crate::plugin::sign::TrustedKeys;
use crate::wire::pod::{Desired, RegisterRequest};

use super::super::link::Link;

/// The sessions of a pod that talks to nobody.
fn sessions(metrics: &Arc<Metrics>) -> Sessions {
    let nobody = Client::new(&["http://127.0.0.1:9".parse().expect("a URL")], None).expect("a client");
    let registration = RegisterRequest {
        pod: "pod-1".parse().expect("a name"),
        incarnation: Incarnation::new("one").expect("valid"),
        capacity: 1,
        labels: BTreeMap::default(),
        connectors: Vec::new(),
        platform: None,
    };
    Sessions::new(Surroundings {
        pod: registration.pod.clone(),
        registry: Registry::default(),
        data_dir: PathBuf::new(),
        inbox: mpsc::channel(1).0,
        metrics: Arc::clone(metrics),
        traces: Traces::default(),
        journal: Journal::default(),
        answers: Answers::default(),
        supply: Arc::new(Supply::new(Link::new(nobody, registration), &PathBuf::new(), TrustedKeys::default())),
    })
}

fn grant() -> LeaseGrant {
    LeaseGrant {
        session: "venue/0".parse().expect("a session"),
        token: FencingToken::new(Epoch(1), 7).expect("fits"),
        ttl_ms: 5000,
        desired: Desired::Run,
        reason: None,
        unconfirmed: false,
        adapter: "venue".parse().expect("a name"),
        revision: 1,
        connector: "tcp".parse().expect("a name"),
        mode: Mode::Exclusive,
        on_lease_loss: OnLeaseLoss::Stop,
        artifacts: Vec::new(),
        settings: serde_json::Map::new(),
        actions: Vec::new(),
    }
}

#[test]
fn a_lease_that_ends_because_the_session_was_closed_is_no_fencing() {
    let metrics = Arc::new(Metrics::default());
    let mut sessions = sessions(&metrics);
    let (session, token) = (grant().session, grant().token);
    let gone = || Effect::Fence { session: session.clone(), token, reason: "another pod may own it by now".into() };
    // A pod that drains closes what comes too late. A heartbeat says that the lease is over before the release is answered.
    sessions.drain();
    sessions.carry_out(Effect::Start(grant()), |_| unreachable!("it does not start"));
    assert!(sessions.closed().contains(&(session.clone(), token)));
    sessions.carry_out(gone(), |_| unreachable!("nothing starts"));
    assert_eq!(metrics.fencings.get(), 0);
    assert!(sessions.closed().is_empty(), "and is not given back a second time");
    // Told again, of a session that was not closed here.
    sessions.carry_out(gone(), |_| unreachable!("nothing starts"));
    assert_eq!(metrics.fencings.get(), 1);
}
