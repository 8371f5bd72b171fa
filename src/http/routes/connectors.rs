//! `GET /v1/connectors`: which connectors there are, and what they take.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::wire::connector::ConnectorView;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connectors {
    connectors: Vec<ConnectorView>,
}

/// The connectors whose settings are known, by name. An adapter may name others too, if a pod brings them along.
#[utoipa::path(get, path = "/v1/connectors", tag = "connectors",
    responses((status = 200, body = Connectors)))]
pub(crate) async fn connectors(State(app): State<App>) -> axum::Json<Connectors> {
    let snapshot = app.read();
    let mut connectors: Vec<ConnectorView> = snapshot.fleet.descriptors().map(|descriptor| ConnectorView::of(&descriptor)).collect();
    connectors.sort_by(|a, b| a.name.cmp(&b.name));
    axum::Json(Connectors { connectors })
}
