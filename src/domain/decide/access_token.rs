//! Makes and revokes access tokens. Only the hash of a token ever gets here.

use super::Draft;
use crate::domain::adapter::{InvalidField, check_text};
use crate::domain::command::CreateAccessToken;
use crate::domain::event::{AccessTokenCreated, AccessTokenRevoked};
use crate::domain::identity::{AccessTokenId, Role};
use crate::domain::refusal::Refusal;

pub(super) fn create(draft: &mut Draft, create: &CreateAccessToken) -> Result<(), Refusal> {
    check(create)?;
    let CreateAccessToken { id, name, role, pod, hash } = create.clone();
    draft.propose(AccessTokenCreated { access_token: id, name, role, pod, hash }, None).map(drop)
}

fn check(create: &CreateAccessToken) -> Result<(), InvalidField> {
    check_text("name", &create.name)?;
    let printable = !create.name.chars().any(char::is_control);
    if create.name.is_empty() || create.name.chars().count() > 63 || !printable {
        return Err(InvalidField::new("name", "a token's name has 1 to 63 printable characters"));
    }
    if create.pod.is_some() && create.role != Role::Pod {
        return Err(InvalidField::new("pod", format!("only a token of role pod can be bound to a pod, not one of role {}", create.role)));
    }
    Ok(())
}

pub(super) fn revoke(draft: &mut Draft, id: &AccessTokenId) -> Result<(), Refusal> {
    if draft.fleet.access_token(id).is_none() {
        return Err(Refusal::AccessTokenUnknown(id.clone()));
    }
    draft.propose(AccessTokenRevoked { access_token: id.clone() }, None).map(drop)
}
