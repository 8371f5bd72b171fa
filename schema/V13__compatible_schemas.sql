-- Which older programs can work with a schema. A program that finds one newer than it knows looks here, and goes on only if the
-- migration that made it says that this is safe: expand first, with the program of before still running; contract when it is gone.
create table schema_compatibility (
    -- A version of the schema, as in refinery_schema_history.
    version integer primary key,
    -- The newest migration that a program must know, at least, to work with that version.
    oldest_program integer not null check (oldest_program <= version)
);
