//! `/openapi.json`, from the annotations of the handlers.

mod flattened;
mod refusals;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use self::flattened::Flattened;
use self::refusals::Refusals;
use super::routes::{
    adapters, artifacts, connectors, events, health, maintenance, metrics, ownership, plugins, pods, rebalance, sessions, status, tokens,
    whoami,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Conncentric", description = "Keeps each connection that must exist exactly once running on exactly one of many pods."),
    paths(
        pods::register::register, pods::list::list, pods::list::one, pods::leave::leave, pods::stream::stream, pods::drain::drain,
        pods::undrain::undrain, pods::heartbeat::heartbeat, pods::heartbeats::heartbeats, pods::claim::claim, pods::release::release, pods::log::log,
        adapters::list::list, adapters::list::one, adapters::log::log, adapters::revisions::revisions, connectors::connectors,
        adapters::put::put, adapters::delete::delete, adapters::set_enabled::enable,
        adapters::set_enabled::disable, artifacts::list::list, artifacts::list::one, artifacts::content::content, artifacts::put::put,
        artifacts::delete::delete, plugins::list::list, plugins::list::one, plugins::content::content, plugins::put::put,
        plugins::remove::remove, maintenance::show, maintenance::begin, maintenance::end,
        pods::answer::answer, sessions::actions::order, sessions::actions::actions, sessions::actions::action,
        sessions::list::list, sessions::list::one, sessions::history::history,
        sessions::move_session::move_session, rebalance::rebalance, events::page::page, events::stream::stream, ownership::ownership, tokens::create::create, tokens::list::list,
        tokens::revoke::revoke, status::status, whoami::whoami, health::healthz, health::readyz, metrics::metrics,
    ),
    components(schemas(crate::wire::problem::Problem)),
    modifiers(&Bearer, &UniqueIds, &Flattened, &Refusals),
    security(("access_token" = []))
)]
struct Description;

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct File(#[expect(dead_code, reason = "it is only described")] Vec<u8>);

/// Every operation takes a bearer token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("`conncentric token create` makes one.")).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}

/// Operations are called as their handlers are, `list` for example, and several are. Generators of clients need each name once.
struct UniqueIds;

impl Modify for UniqueIds {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
                let tag = operation.tags.iter().flatten().next().map(|tag| tag.replace(' ', "_"));
                operation.operation_id = tag.zip(operation.operation_id.take()).map(|(tag, id)| format!("{tag}_{id}"));
            }
        }
    }
}

/// The description of the whole API.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> axum::Json<utoipa::openapi::OpenApi> {
    axum::Json(description())
}
