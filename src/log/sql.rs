//! The statements, each from its own file.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub const $name: &str = include_str!(concat!("sql/", $file, ".sql"));)*

        /// Every statement that takes parameters or gives rows, by file name: a test prepares them all.
        pub const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    APPEND = "append";
    APPEND_PULSE = "append_pulse";
    BEGIN_EPOCH = "begin_epoch";
    DISCARD_UPLOAD = "discard_upload";
    DROPPABLE_PULSES = "droppable_pulses";
    DROP_PULSES = "drop_pulses";
    EVENT_ID_AT = "event_id_at";
    EVENT_STANDS = "event_stands";
    EXPORT_HEAD = "export_head";
    EXPORT_PREVIOUS_HASH = "export_previous_hash";
    FIND_REQUEST = "find_request";
    FIRST_OF_LATER_EPOCH = "first_of_later_epoch";
    HAS_ARCHIVES = "has_archives";
    HAS_LOG = "has_log";
    IDENTIFY = "identify";
    IMPORT_EVENTS = "import_events";
    IMPORT_HEAD = "import_head";
    IMPORT_MISSING_PULSES = "import_missing_pulses";
    KEEP_BLOB = "keep_blob";
    LAST_LEDGER_TIME = "last_ledger_time";
    LAST_REGISTRATION = "last_registration";
    LOAD_ACCESS_TOKENS = "load_access_tokens";
    LOAD_ACTIONS = "load_actions";
    LOAD_ACTIONS_AT = "load_actions_at";
    LOAD_ADAPTERS = "load_adapters";
    LOAD_ADAPTERS_AT = "load_adapters_at";
    LOAD_ARCHIVES = "load_archives";
    LOAD_ARTIFACTS = "load_artifacts";
    LOAD_ARTIFACTS_AT = "load_artifacts_at";
    LOAD_MAINTAINED = "load_maintained";
    LOAD_PLUGINS = "load_plugins";
    LOAD_PLUGINS_AT = "load_plugins_at";
    LOAD_REGISTRATIONS = "load_registrations";
    LOAD_REGISTRATIONS_AT = "load_registrations_at";
    LOAD_SESSIONS = "load_sessions";
    LOAD_SESSIONS_AT = "load_sessions_at";
    LOAD_SETTLING = "load_settling";
    LOCATE_POSITION = "locate_position";
    LOCATE_TIME = "locate_time";
    LOCK_HEAD = "lock_head";
    NOTIFY = "notify";
    PREPARE_SESSION = "prepare_session";
    PULSES_OF_PARTITION = "pulses_of_partition";
    READ_ACTIONS = "read_actions";
    READ_ADAPTER_LOG = "read_adapter_log";
    READ_CHUNK = "read_chunk";
    READ_DATABASE = "read_database";
    READ_EPOCH = "read_epoch";
    READ_EXTENT = "read_extent";
    READ_HEAD = "read_head";
    READ_HEARTBEATS = "read_heartbeats";
    READ_IN_ORDER = "read_in_order";
    READ_LEDGER = "read_ledger";
    READ_OWNERSHIPS = "read_ownerships";
    READ_PAGE = "read_page";
    READ_PAGE_NEWEST_FIRST = "read_page_newest_first";
    READ_REVISIONS = "read_revisions";
    READ_TAIL = "read_tail";
    READ_TIMELINE = "read_timeline";
    REPLAY_LEDGER = "replay_ledger";
    SCHEMA_COMPATIBILITY = "schema_compatibility";
    SCHEMA_VERSION = "schema_version";
    SEAL_END = "seal_end";
    SEAL_HASH = "seal_hash";
    SEAL_LEDGER = "seal_ledger";
    SERVER = "server";
    SESSION_USER = "session_user";
    STAGE_CHUNK = "stage_chunk";
    SURVEY_CLOCK = "survey_clock";
    SURVEY_RIGHTS = "survey_rights";
    SURVEY_SERVER = "survey_server";
    SURVEY_STANDBYS = "survey_standbys";
    SWEEP_BLOBS = "sweep_blobs";
    TRY_RETENTION_LOCK = "try_retention_lock";
    UNSEAL_EVENTS = "unseal_events";
    UNSEAL_LEDGER = "unseal_ledger";
    VERIFY_BLOBS = "verify_blobs";
    VERIFY_CHUNKS = "verify_chunks";
    VERIFY_HEAD = "verify_head";
    VERIFY_LOG = "verify_log";
    VERIFY_MOMENTS = "verify_moments";
    VERIFY_OWNERSHIP = "verify_ownership";
    VERIFY_SEALED_REGISTRATIONS = "verify_sealed_registrations";
    VERIFY_SETTINGS = "verify_settings";
    VERIFY_SNAPSHOT = "verify_snapshot";
    VERIFY_STANDBY = "verify_standby";
    VERIFY_STREAM = "verify_stream";
}

/// Applies a range of the ledger to the projections that are being built. Not in [`ALL`]: its schema exists only meanwhile.
pub const APPLY_NEXT: &str = include_str!("sql/apply_next.sql");

/// Grants; a script, not a statement.
pub const GRANT: &str = include_str!("sql/grant.sql");

/// Run before the snapshot is taken: who rebuilds the projections must not put others in their place meanwhile.
pub const VERIFY_HOLD: &str = include_str!("sql/verify_hold.sql");

/// What runs inside a scratch schema: scripts that prepare it, and statements about what is in it.
pub const VERIFY_SCRATCH: &str = include_str!("sql/verify_scratch.sql");
pub const VERIFY_PREPARE: &str = include_str!("sql/verify_prepare.sql");
pub const VERIFY_COMPARE: &str = include_str!("sql/verify_compare.sql");
pub const VERIFY_APPLY: &str = include_str!("sql/verify_apply.sql");
pub const VERIFY_ROWS: &str = include_str!("sql/verify_rows.sql");
