//! Access tokens are made and revoked.

use super::words::*;

#[test]
fn a_token_is_made_and_revoked() {
    given([])
        .when(create_access_token('c', "ci", Role::Operator, None))
        .then([access_token_created('c', "ci", Role::Operator, None)])
        .afterwards()
        .when(revoke_access_token('c'))
        .then([access_token_revoked('c')])
        .afterwards()
        .when(revoke_access_token('c'))
        .refused("access-token-unknown");
}

#[test]
fn only_a_token_of_role_pod_is_bound_to_a_pod() {
    given([]).when(create_access_token('c', "p", Role::Pod, Some("pod-1"))).then([access_token_created(
        'c',
        "p",
        Role::Pod,
        Some("pod-1"),
    )]);
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        given([]).when(create_access_token('c', "p", role, Some("pod-1"))).refused("invalid-field");
    }
}

#[test]
fn a_name_is_short_and_printable() {
    for name in ["", "a\nb", "a\0b", &"x".repeat(64)] {
        let words = given([]).when(create_access_token('c', name, Role::Viewer, None)).refused("invalid-field");
        assert!(words.starts_with("name: "), "{words}");
    }
}
