use clap::error::ErrorKind;
use clap::{Arg, CommandFactory};

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

fn refused(line: &str) -> ErrorKind {
    let error = parse(line).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{line}");
    error.kind()
}

fn each_command(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command)) {
    visit(command);
    command.get_subcommands().filter(|command| !command.is_hide_set()).for_each(|command| each_command(command, visit));
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    assert_eq!(refused("conncentric fly"), ErrorKind::InvalidSubcommand);
    assert_eq!(refused("conncentric enable"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric disable venue-a --all"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("conncentric enable Venue_A"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric get"), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    assert_eq!(refused("conncentric get sessions --history"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric get pods -o yaml"), ErrorKind::InvalidValue);
    assert_eq!(refused("conncentric move venue-a --to pod-1"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric apply"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric --server localhost:8080 get pods"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric token create --role king --name x"), ErrorKind::InvalidValue);
    assert_eq!(refused("conncentric adapter --pod pod-1"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric adapter --orchestrator http://a:1 --pod Pod_1"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric dev --lease-ttl 100ms"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric dev --pods 0"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric orchestrator --listen everywhere --database-url x"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric get events --from yesterday"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric export --database-url x --from 0"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric export --database-url x --sign-every 5"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric export --database-url x --sign-key k --sign-every 0"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric import --database-url x"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("conncentric orchestrator --database-url x --pulse-retention long"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric get sessions --at 7 --watch"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("conncentric replay --session venue-a --database-url x"), ErrorKind::ValueValidation);
    assert_eq!(refused("conncentric verify --database-url postgresql://x -o yaml"), ErrorKind::InvalidValue);
}

#[test]
fn what_people_type_is_understood() {
    for line in [
        "conncentric get sessions",
        "conncentric get -o json session venue-a/0",
        "conncentric get adapters venue-a --output json",
        "conncentric get events --type SessionClaimed --after 7 --limit 10 --follow",
        "conncentric enable venue-a venue-b --wait --timeout 2m",
        "conncentric disable --all --reason maintenance",
        "conncentric --server http://a:1,http://b:2 drain pod-1 --wait",
        "conncentric drain pod-1 --server http://a:1",
        "conncentric move venue-a/0 --to pod-2 --dry-run",
        "conncentric apply -f a.yaml -f - --prune --dry-run -o json",
        "conncentric token create --role pod --name pods --pod pod-1 --database-url postgresql://x",
        "conncentric get sessions venue-a/0 --at 2026-01-31T12:00:00Z",
        "conncentric get events --at 1200 --session venue-a/0",
        "conncentric get pods --at -1",
        "conncentric replay --at 1200 --session venue-a/0 --explain -o json --database-url postgresql://x",
        "conncentric token revoke 0123456789abcdef",
        "conncentric completions zsh",
        "conncentric dev --data d --port 9000 --orchestrators 1 --pods 5 --lease-ttl 2s --reset",
        "conncentric orchestrator --listen 127.0.0.1:0 --database-url postgresql://a,b/c --migrations none --management-listen",
        "conncentric adapter --orchestrator http://a:1,http://b:2 --pod pod-1 --capacity 9 --label zone=a --label rack=1 --token-file F",
        "conncentric migrate --database-url postgresql://x",
        "conncentric export --database-url postgresql://x --from 5 --to 9 --sign-key k --sign-every 100 -o ledger.jsonl",
        "conncentric import --database-url postgresql://x part-1 part-2 --verify-key k.pub",
        "conncentric orchestrator --database-url postgresql://x --pulse-retention 30d",
        "conncentric verify --database-url postgresql://x -o json --no-rebuild",
        "conncentric venue --listen 127.0.0.1:0 --journal j",
        "conncentric guard --deadline-ns 7 -- sh -c x --token y",
        "conncentric guard-child --guard 7 -- sh --server z",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}: {error}");
        }
    }
}

/// Whether a flag may have no variable: one that is inherited from a shell by accident must not widen what a command does.
fn is_dangerous_to_inherit(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "all" | "prune" | "reset" | "help" | "version" | "verbose")
}

#[test]
fn every_flag_has_a_variable_and_a_help_text() {
    each_command(&Cli::command(), &mut |command| {
        assert!(command.get_about().is_some(), "{} says nothing about itself", command.get_name());
        for arg in command.get_arguments() {
            let place = format!("{} {}", command.get_name(), arg.get_id());
            assert!(arg.get_help().is_some(), "{place} has no help");
            if !arg.is_positional() && !is_dangerous_to_inherit(arg) {
                let variable = arg.get_env().unwrap_or_else(|| panic!("{place} has no variable")).to_string_lossy();
                assert!(variable == "DATABASE_URL" || variable.starts_with("CONNCENTRIC_"), "{place}: {variable}");
            }
        }
    });
}

#[test]
fn help_never_shows_secrets() {
    each_command(&Cli::command(), &mut |command| {
        for arg in command.get_arguments() {
            let secret = ["DATABASE_URL", "CONNCENTRIC_TOKEN", "CONNCENTRIC_DEV_DATABASE_URL"];
            let is_secret = arg.get_env().is_some_and(|variable| secret.iter().any(|name| variable == *name));
            assert!(!is_secret || arg.is_hide_env_values_set(), "{} {}", command.get_name(), arg.get_id());
        }
    });
}
