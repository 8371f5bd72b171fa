//! What the facts mean. Pure.

use chrono::TimeDelta;

use super::Level::{Error, Ok, Warning};
use super::{Finding, durability};
use crate::log::{LogFacts, Survey};

/// Difference of clocks beyond which times shown to people mislead. Nothing is decided by them.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

/// `ahead`: the database's clock less ours.
pub(super) fn judge(survey: &Survey, ahead: TimeDelta) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new("version", Ok, format!("PostgreSQL {}", survey.server.version), "15 or newer is what conncentric needs."),
        tls(survey),
        role(survey),
        pooler(survey),
        place(survey),
        schema(survey),
    ];
    findings.extend(survey.log.as_ref().ok().into_iter().flat_map(|log| [rights(survey, log), epoch(log)]));
    findings.push(lineage(survey));
    findings.extend(notifications(survey));
    findings.push(clock(survey, ahead));
    findings.extend(durability::judge(survey));
    findings
}

fn tls(survey: &Survey) -> Finding {
    match survey.server.tls {
        Some(true) => Finding::new(
            "tls",
            Ok,
            survey.server.cipher.clone(),
            "What is sent is encrypted; sslmode=verify-full also proves whose server it is.",
        ),
        Some(false) => {
            Finding::new("tls", Warning, "off", "Who is on the network between can read and change what is sent: use sslmode=verify-full.")
        }
        None => Finding::new("tls", Warning, "not told", "The server does not say whether this connection is encrypted."),
    }
}

fn role(survey: &Survey) -> Finding {
    let role = &survey.server.role;
    if survey.server.superuser {
        let meaning = "A superuser can change the log: run orchestrators as a role in conncentric_application.";
        return Finding::new("role", Warning, format!("{role}, a superuser"), meaning);
    }
    Finding::new("role", Ok, role.clone(), "Not a superuser.")
}

fn pooler(survey: &Survey) -> Finding {
    if survey.shared_backend {
        let meaning = "Notifications and prepared statements fail through it: connect directly, or through one in session mode.";
        return Finding::new("pooler", Error, "a pooler in transaction mode is in between", meaning);
    }
    Finding::new("pooler", Ok, "none in transaction mode", "Two connections are served by two processes of the server.")
}

fn place(survey: &Survey) -> Finding {
    match (survey.server.standby, survey.server.read_only) {
        (true, _) => Finding::new(
            "primary",
            Warning,
            "a standby",
            "Queries work here and orchestrators do not: name the primary, or all hosts, in --database-url.",
        ),
        (false, true) => Finding::new("primary", Error, "read-only", "Nothing can be recorded: turn default_transaction_read_only off."),
        (false, false) => Finding::new("primary", Ok, "the primary", "It takes writes."),
    }
}

fn schema(survey: &Survey) -> Finding {
    match &survey.schema {
        Result::Ok(()) => match &survey.log {
            Result::Ok(_) => Finding::new("schema", Ok, "up to date", "This program and the database fit together."),
            Err(reason) => Finding::new("schema", Error, reason.clone(), "The log cannot be read as this role."),
        },
        Err(reason) => Finding::new("schema", Error, reason.clone(), "Orchestrators wait until this is mended."),
    }
}

fn rights(survey: &Survey, log: &LogFacts) -> Finding {
    let (check, role) = ("privileges", &survey.server.role);
    match (log.reads && log.appends, log.changes) {
        (false, _) => Finding::new(
            check,
            Error,
            "reads the log and may not append",
            format!("Orchestrators cannot run: grant conncentric_application to {role}."),
        ),
        (true, true) => Finding::new(
            check,
            Warning,
            "may also change and remove events",
            "Right for `conncentric migrate`; run orchestrators as a role in conncentric_application, which may only append.",
        ),
        (true, false) => Finding::new(check, Ok, "may read and append", "And cannot change what was recorded."),
    }
}

fn epoch(log: &LogFacts) -> Finding {
    let found = format!("epoch {}, position {}", log.head.epoch, log.head.position);
    if log.settling {
        let meaning = "History was lost and a new epoch has begun: sessions without an owner wait one lease timeout.";
        return Finding::new("epoch", Warning, format!("{found}, settling"), meaning);
    }
    Finding::new("epoch", Ok, found, "No session waits because history was lost.")
}

fn lineage(survey: &Survey) -> Finding {
    match (&survey.lineage.database, survey.lineage.timeline) {
        (Some(database), Some(timeline)) => {
            let meaning = "A promotion and a restore are noticed at the first connection.";
            Finding::new("lineage", Ok, format!("system and database {database}, timeline {timeline}"), meaning)
        }
        // A standby does not tell its timeline, and nobody appends there.
        (Some(database), None) if survey.server.standby => {
            Finding::new("lineage", Ok, format!("system and database {database}"), "The primary tells its timeline.")
        }
        _ => {
            let meaning = "A promotion or restore is noticed only by what orchestrators and pods remember: allow pg_control_system() and pg_walfile_name() if the service lets you.";
            Finding::new("lineage", Warning, "hidden by the server", meaning)
        }
    }
}

fn notifications(survey: &Survey) -> Option<Finding> {
    Some(match survey.notification.as_ref()? {
        Result::Ok(took) => Finding::new(
            "notifications",
            Ok,
            format!("{:.1} ms there and back", took.as_secs_f64() * 1000.0),
            "Orchestrators hear of each other's changes at once.",
        ),
        Err(reason) => Finding::new(
            "notifications",
            Warning,
            reason.clone(),
            "Orchestrators poll instead, which is slower: connect directly, not through a pooler.",
        ),
    })
}

fn clock(survey: &Survey, ahead: TimeDelta) -> Finding {
    let found =
        format!("{:+} ms from here, {:.1} ms there and back", ahead.num_milliseconds(), survey.clock.round_trip.as_secs_f64() * 1000.0);
    if ahead.abs() > CLOCKS_APART {
        let meaning = "No lease depends on it, but times in lists and events mislead: synchronise both machines.";
        return Finding::new("clock", Warning, found, meaning);
    }
    Finding::new("clock", Ok, found, "Times in lists and events can be compared with the clock here.")
}
