//! What a superuser may do to a log in spite of every trigger and constraint, 200 times at random: all of it is found.
//!
//! Each change is made in a transaction that is verified from inside and rolled back. Pulses stand outside the hash chain, so of
//! them only what `verify` promises is changed: their place, time, epoch, kind, and whose heartbeats they record.

use std::sync::Arc;

use conncentric::audit::verify::{Difference, Meter, Rebuild, Report, verify};
use serde_json::Value;
use tokio_postgres::Transaction;

use super::{SMALL, a_history, found};

/// A column of the ledger, and what is done to it. `$1` is the position, `$2` a number up to 31.
const COLUMNS: [(&str, &str); 11] = [
    ("position", "position + 100000"),
    ("epoch", "epoch + 1"),
    ("id", "gen_random_uuid()"),
    ("type", "case type when 'PodLost' then 'PodLeft' else 'PodLost' end"),
    ("schema_version", "schema_version + 1"),
    ("stream", "overlay(stream placing 'X' from 1 + $2 % length(stream) for 1)"),
    ("recorded_at", "recorded_at + interval '1 microsecond'"),
    ("actor", "overlay(actor placing 'X' from 1 + $2 % length(actor) for 1)"),
    ("request_id", "case when request_id is null then gen_random_uuid() end"),
    ("cause", "case when cause is null then 1 when cause > 1 then cause - 1 end"),
    ("hash", "set_byte(hash, $2, get_byte(hash, $2) # 16)"),
];

const PULSE_COLUMNS: [&str; 6] = [
    "recorded_at = recorded_at - interval '1 day'",
    "epoch = epoch + 1",
    "registrations[1] = 999999",
    "type = 'PulseRecorder'",
    "stream = 'flea'",
    "schema_version = 2",
];

const HEAD_COLUMNS: [&str; 6] = [
    "epoch = epoch + 1",
    "position = position + 1",
    "position = position - 1, ledger_position = ledger_position - 1",
    "ledger_position = ledger_position - 1",
    "hash = set_byte(hash, 5, get_byte(hash, 5) # 1)",
    "recorded_at = recorded_at + interval '1 microsecond'",
];

#[derive(Debug, Clone, Copy)]
enum Change {
    Column(usize),
    Data,
    Digits,
    Token,
    Delete,
    Swap,
    Append,
    ReplacePulse,
    Squeeze,
    Pulse(usize),
    DeletePulse,
    Head(usize),
    EditRow,
    DeleteRow,
    InsertRow,
}

fn changes() -> Vec<Change> {
    let mut all: Vec<Change> = (0..55).map(|number| Change::Column(number % COLUMNS.len())).collect();
    all.extend((0..12).map(|number| Change::Pulse(number % PULSE_COLUMNS.len())));
    all.extend((0..12).map(|number| Change::Head(number % HEAD_COLUMNS.len())));
    let counted = [
        (17, Change::Data),
        (3, Change::Digits),
        (12, Change::Token),
        (12, Change::Delete),
        (10, Change::Swap),
        (4, Change::Append),
        (4, Change::ReplacePulse),
        (4, Change::Squeeze),
        (5, Change::DeletePulse),
        (34, Change::EditRow),
        (8, Change::DeleteRow),
        (8, Change::InsertRow),
    ];
    all.extend(counted.into_iter().flat_map(|(count, change)| std::iter::repeat_n(change, count)));
    all
}

/// What must be found.
#[derive(Debug)]
enum Expected {
    At(Vec<i64>),
    In(String),
}

impl Expected {
    fn is(&self, found: &[&Difference]) -> bool {
        match self {
            Self::At(positions) => found.first().and_then(|first| first.position).is_some_and(|position| positions.contains(&position)),
            Self::In(table) => found
                .iter()
                .any(|difference| difference.table.as_ref() == Some(table) && (difference.position.is_some() || difference.key.is_some())),
        }
    }
}

struct Vandal {
    seed: u64,
    ledger: Vec<i64>,
    pulses: Vec<i64>,
    head: i64,
}

impl Vandal {
    fn random(&mut self, below: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed % below as u64).expect("small")
    }

    fn pick(&mut self, pulses: bool) -> i64 {
        // Not the first: what nothing comes before cannot be given a cause.
        let count = if pulses { self.pulses.len() } else { self.ledger.len() };
        let index = 1 + self.random(count - 1);
        if pulses { self.pulses[index] } else { self.ledger[index] }
    }

    async fn make(&mut self, transaction: &Transaction<'_>, change: Change) -> (String, Expected) {
        let (p, number) = (self.pick(false), i32::try_from(self.random(32)).expect("small"));
        let q = self.pick(true);
        let (statement, positions) = match change {
            Change::Column(index) => {
                let (column, value) = COLUMNS[index];
                let moved = if column == "position" { vec![p, p + 100_000] } else { vec![p] };
                let value = value.replace("$2", &number.to_string());
                (format!("update event_ledger set {column} = {value} where position = {p}"), moved)
            }
            Change::Data => return self.flip_a_byte(transaction, p).await,
            Change::Digits => {
                let specs = "select position from event_ledger where type = 'AdapterDeclared' order by position";
                let rows = transaction.query(specs, &[]).await.expect("reads");
                let p: i64 = rows[self.random(rows.len())].get(0);
                // As a float it is the same number, and so it has the same hash.
                let ratio = ["0.250", "0.25000000000000000000001", "0.24999999999999999999999"][self.random(3)];
                let data = format!("jsonb_set(data, '{{spec,settings,ratio}}', '{ratio}')");
                (format!("update event_ledger set data = {data} where position = {p}"), vec![p])
            }
            Change::Token => {
                let tokens = "select position from event_ledger where data ? 'token' order by position";
                let rows = transaction.query(tokens, &[]).await.expect("reads");
                let p: i64 = rows[self.random(rows.len())].get(0);
                let token = "jsonb_set(data, '{token}', to_jsonb(((data ->> 'token')::bigint + 1)::text))";
                (format!("update event_ledger set data = {token} where position = {p}"), vec![p])
            }
            Change::Delete => (format!("delete from event_ledger where position = {p}"), vec![p]),
            Change::Swap => {
                let other = self.pick(false);
                let (a, b) = (p.min(other), p.max(other) + i64::from(p == other));
                let swap =
                    format!("update event_ledger set position = case position when {a} then {b} else {a} end where position in ({a}, {b})");
                (swap, vec![a, b])
            }
            Change::Append => {
                let copy = copy_of(p, self.head + 1);
                let head = "update event_head set position = position + 1, ledger_position = position + 1";
                (format!("{copy}; {head}"), vec![self.head + 1])
            }
            Change::ReplacePulse => (format!("delete from event_pulse where position = {q}; {}", copy_of(p, q)), vec![q]),
            Change::Squeeze => {
                let ledger = format!("update event_ledger set position = position + 1 where position >= {p}");
                // Their key is checked row by row, so they go round by a place where nothing is.
                let away = format!("update event_pulse set position = position + 500000 where position >= {p}");
                let shift = format!("{ledger}; {away}; update event_pulse set position = position - 499999 where position > 500000");
                (format!("{shift}; {}; update event_head set position = position + 1", copy_of(p - 1, p)), vec![p, p + 1])
            }
            Change::Pulse(index) => (format!("update event_pulse set {} where position = {q}", PULSE_COLUMNS[index]), vec![q]),
            Change::DeletePulse => (format!("delete from event_pulse where position = {q}"), vec![q]),
            Change::Head(index) => (format!("update event_head set {}", HEAD_COLUMNS[index]), vec![self.head, self.head + 1]),
            Change::EditRow | Change::DeleteRow | Change::InsertRow => return self.change_projection(transaction, change).await,
        };
        transaction.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        (statement, Expected::At(positions))
    }

    /// A byte of the data, such that it is JSON still, and other JSON than before.
    async fn flip_a_byte(&mut self, transaction: &Transaction<'_>, position: i64) -> (String, Expected) {
        let select = "select data::text from event_ledger where position = $1";
        let text: String = transaction.query_one(select, &[&position]).await.expect("reads").get(0);
        let before: Value = serde_json::from_str(&text).expect("JSON");
        loop {
            let mut bytes = text.clone().into_bytes();
            let index = self.random(bytes.len());
            bytes[index] = u8::try_from(33 + self.random(94)).expect("printable");
            let after = String::from_utf8(bytes).ok().filter(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| value != before));
            if let Some(after) = after {
                let update = "update event_ledger set data = $1::text::jsonb where position = $2";
                transaction.execute(update, &[&after, &position]).await.expect("JSON");
                return (format!("{text} became {after} at {position}"), Expected::At(vec![position]));
            }
        }
    }

    async fn change_projection(&mut self, transaction: &Transaction<'_>, change: Change) -> (String, Expected) {
        let list = "select relname::text from pg_class where relkind = 'r' and relnamespace = 'projection'::regnamespace order by 1";
        let tables: Vec<String> = transaction.query(list, &[]).await.expect("lists").iter().map(|row| row.get(0)).collect();
        loop {
            let table = tables[self.random(tables.len())].clone();
            let rows: i64 = transaction.query_one(&format!("select count(*) from projection.{table}"), &[]).await.expect("counts").get(0);
            if rows == 0 {
                continue;
            }
            let row =
                format!("(select ctid from projection.{table} offset {} limit 1)", self.random(usize::try_from(rows).expect("small")));
            let columns = "select a.attname::text, t.typname::text, coalesce(i.indisprimary, false)
                           from pg_attribute a join pg_type t on t.oid = a.atttypid
                           left join pg_index i on i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)
                           where attrelid = ('projection.' || $1)::regclass and attnum > 0 order by 3 desc, attnum";
            let columns = transaction.query(columns, &[&table]).await.expect("lists");
            let column = if matches!(change, Change::InsertRow) { &columns[0] } else { &columns[self.random(columns.len())] };
            let (name, value) = (column.get::<_, &str>(0), other_value(column.get(0), column.get(1)));
            let statement = match change {
                Change::DeleteRow => format!("delete from projection.{table} where ctid = {row}"),
                Change::InsertRow => format!(
                    "insert into projection.{table} select (jsonb_populate_record(t, jsonb_build_object('{name}', {value}))).*
                     from projection.{table} t where ctid = {row}"
                ),
                _ => format!("update projection.{table} set {name} = {value} where ctid = {row}"),
            };
            let changed = transaction.execute(&statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
            assert_eq!(changed, 1, "{statement}");
            return (statement, Expected::In(table));
        }
    }
}

/// The event at one position, once more at another.
fn copy_of(from: i64, to: i64) -> String {
    let columns = "epoch, type, schema_version, stream, recorded_at, actor, request_id, cause, data, hash";
    format!(
        "insert into event_ledger (position, pulse, id, {columns})
         select {to}, false, gen_random_uuid(), {columns} from event_ledger where position <= {from} order by position desc limit 1"
    )
}

fn other_value(name: &str, kind: &str) -> String {
    match kind {
        "text" => format!("coalesce({name}, '') || 'x'"),
        "int2" | "int4" | "int8" => format!("coalesce({name}, 0) + 1000000"),
        "bool" => format!("not {name}"),
        "timestamptz" => format!("coalesce({name}, now()) + interval '1 microsecond'"),
        "jsonb" => format!("jsonb_build_array({name})"),
        "_text" => format!("array_append({name}, 'x')"),
        "int8range" => format!("int8range(lower({name}), coalesce(upper({name}), lower({name})) + 1)"),
        other => panic!("{name} is of the new type {other}: say here what may be done to it"),
    }
}

/// Only a superuser can do this, and it is where whoever wants to change the past would begin.
const DISARM: &str = "
    do $$
    declare
        item record;
    begin
        for item in
            select conrelid::regclass as relation, conname from pg_constraint
            where contype in ('c', 'x', 'f', 'u') and coninhcount = 0 and conrelid <> 0
              and connamespace in ('public'::regnamespace, 'projection'::regnamespace)
        loop
            -- One may have gone with another that it depends on.
            execute format('alter table %s drop constraint if exists %I cascade', item.relation, item.conname);
        end loop;
        -- So that it can be written to, too.
        alter table projection.ownership alter column ended drop expression;
    end
    $$;
    alter table event detach partition event_ledger;
    alter table event_ledger drop constraint event_ledger_pkey;
    alter table event_ledger add constraint event_ledger_pkey primary key (position) deferrable initially deferred;
    alter table event attach partition event_ledger for values in (false);
    drop index projection.registration_current;
";

async fn verified(transaction: &Transaction<'_>) -> Report {
    verify(transaction, Rebuild::After(transaction), &Arc::new(Meter::default())).await.expect("the database answers")
}

#[tokio::test]
async fn two_hundred_changes_of_any_kind_are_found() {
    let database = a_history("tampering", SMALL, 700).await;
    let mut owner = database.connect().await;
    owner.batch_execute(DISARM).await.unwrap_or_else(|error| panic!("{error:?}"));
    let positions = |pulse: bool| format!("select position from event where pulse = {pulse} order by 1");
    let list = |rows: Vec<tokio_postgres::Row>| -> Vec<i64> { rows.iter().map(|row| row.get(0)).collect() };
    let ledger = list(owner.query(&positions(false), &[]).await.expect("reads"));
    let pulses = list(owner.query(&positions(true), &[]).await.expect("reads"));
    let head = owner.query_one("select position from event_head", &[]).await.expect("reads").get(0);
    let mut vandal = Vandal { seed: 4_242_424_242, ledger, pulses, head };

    let untouched = owner.transaction().await.expect("begins");
    assert_eq!(found(&verified(&untouched).await), Vec::<&Difference>::new());
    untouched.rollback().await.expect("rolls back");

    let changes = changes();
    assert_eq!(changes.len(), 200);
    let mut missed = Vec::new();
    for change in changes {
        let transaction = owner.transaction().await.expect("begins");
        transaction.batch_execute("set local session_replication_role = replica").await.expect("a superuser may");
        let (done, expected) = vandal.make(&transaction, change).await;
        let report = verified(&transaction).await;
        if !expected.is(&found(&report)) {
            missed.push(format!("{change:?}: {done}\n  expected {expected:?}, found {:?}", found(&report)));
        }
        transaction.rollback().await.expect("rolls back");
    }
    assert!(missed.is_empty(), "{} of 200 were not found:\n{}", missed.len(), missed.join("\n"));
}

/// Each way alone: what the fold and the ownerships of Rust find on a standby, where nothing can be rebuilt.
#[tokio::test]
async fn rows_that_rust_knows_need_no_rebuild() {
    let database = a_history("no_rebuild", SMALL, 300).await;
    let mut owner = database.connect().await;
    let changes = [
        ("adapter", "update projection.adapter set enabled = not enabled where adapter = 'adapter-003'"),
        ("session", "update projection.session set last_token = last_token + 1 where session = 'adapter-004/0'"),
        ("session", "update projection.session set status = 'FINE' where session = 'adapter-004/0'"),
        ("registration", "update projection.registration set labels = '{\"zone\": \"c\"}'"),
        (
            "ownership",
            "update projection.ownership set pod = 'pod-9' where lower(during) = (select min(lower(during)) from projection.ownership)",
        ),
        ("ownership", "delete from projection.ownership where upper_inf(during) and session = 'adapter-004/0'"),
        (
            "ownership",
            "update projection.ownership set since = since - interval '1 hour' where session = 'adapter-005/0' and previous_token is null",
        ),
    ];
    for (table, statement) in changes {
        let transaction = owner.transaction().await.expect("begins");
        let prepared = format!(
            "set local session_replication_role = replica; alter table projection.session drop constraint if exists session_check; {statement}"
        );
        transaction.batch_execute(&prepared).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let report = verify(&transaction, Rebuild::Skipped("a test"), &Arc::new(Meter::default())).await.expect("the database answers");
        let found = found(&report);
        let named = found.first().is_some_and(|first| first.table.as_deref() == Some(table) && first.position.is_some());
        // A value that no session can have cannot be read at all.
        let unreadable = found.first().is_some_and(|first| first.problem.contains("cannot be read"));
        assert!(named || statement.contains("FINE") && unreadable, "{statement}: {found:?}");
        transaction.rollback().await.expect("rolls back");
    }
}

/// Whatever is committed is looked for on several connections at a time, and each makes projections of its own.
#[tokio::test]
async fn a_row_that_differs_is_found_on_whichever_connection_it_is_made() {
    let database = a_history("connections", SMALL, 300).await;
    let owner = database.connect().await;
    let first = |table: &str| format!("where lower(during) = (select min(lower(during)) from projection.{table})");
    let changes = [
        format!("update projection.adapter_history set revision = revision + 1 {}", first("adapter_history")),
        "update projection.adapter_log set description = 'nothing' where position = (select min(position) from projection.adapter_log)"
            .into(),
        "delete from projection.session_status where position = (select min(position) from projection.session_status)".into(),
        "create table projection.no_projection ()".into(),
    ];
    for change in &changes {
        owner.batch_execute(change).await.unwrap_or_else(|error| panic!("{change}: {error:?}"));
    }
    let report = super::verified(&database.url).await;
    let mut tables: Vec<&str> = found(&report).iter().filter_map(|difference| difference.table.as_deref()).collect();
    tables.sort_unstable();
    assert_eq!(tables, ["adapter_history", "adapter_log", "no_projection", "session_status"], "{report:?}");
}
