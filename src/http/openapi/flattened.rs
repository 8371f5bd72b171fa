//! Types that stand within others. A request knows all of its fields and takes no others, and its schema says so; where an answer has the
//! same fields and more beside them, the same words would forbid those.

use utoipa::Modify;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Puts an open copy of a closed schema wherever others are composed of it.
pub(super) struct Flattened;

impl Modify for Flattened {
    fn modify(&self, openapi: &mut OpenApi) {
        let Some(components) = &mut openapi.components else { return };
        let known = components.schemas.clone();
        for schema in components.schemas.values_mut() {
            let RefOr::T(Schema::AllOf(composed)) = schema else { continue };
            for part in &mut composed.items {
                let RefOr::Ref(reference) = part else { continue };
                let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
                if let Some(RefOr::T(Schema::Object(closed))) = known.get(name)
                    && matches!(closed.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)))
                {
                    let mut open = closed.clone();
                    open.additional_properties = None;
                    *part = RefOr::T(Schema::Object(open));
                }
            }
        }
    }
}
