-- Blobs: the content of artifacts and plugins, found by its hash. Ledger events name the hash; the bytes are not in the ledger.
--
-- An upload comes as chunks, each stored by itself: a long transaction would hold up the cleaning of the whole database, and nobody
-- keeps a whole upload in memory. Chunks are nobody's until keep_blob() has found them complete. The application's role writes
-- through these functions alone, so it can neither change content that is kept nor remove any that the ledger names.

create table blob (
    sha256    bytea primary key check (octet_length(sha256) = 32),
    size      bigint not null check (size between 0 and 67108864),
    -- Where its chunks are.
    upload    uuid not null unique,
    -- When it was last sent, complete.
    stored_at timestamptz not null default clock_timestamp()
);

create table blob_chunk (
    upload      uuid not null,
    ordinal     integer not null check (ordinal between 0 and 63),
    data        bytea not null check (octet_length(data) between 1 and 1048576),
    received_at timestamptz not null default clock_timestamp(),
    primary key (upload, ordinal)
);
-- Files are usually compressed already, and to look at the size of a chunk must not unpack it.
alter table blob_chunk alter column data set storage external;
create index blob_chunk_received_at on blob_chunk (received_at);

create function stage_chunk(given_upload uuid, given_ordinal integer, given_data bytea) returns void
language plpgsql security definer set search_path from current as $$
begin
    if exists (select from blob where upload = given_upload) then
        raise exception 'upload % is complete and takes no more', given_upload using errcode = 'insufficient_privilege';
    end if;
    insert into blob_chunk (upload, ordinal, data) values (given_upload, given_ordinal, given_data);
end
$$;

-- Removes what came of an upload that was not completed.
create function discard_upload(given_upload uuid) returns void
language sql security definer set search_path from current as $$
    delete from blob_chunk where upload = given_upload and not exists (select from blob where upload = given_upload)
$$;

-- Keeps an upload as the content of this hash. What is there already is not stored twice, and counts as sent just now, so that nobody
-- sweeps it away before an event names it.
create function keep_blob(given_upload uuid, given_sha256 bytea, given_size bigint) returns void
language plpgsql security definer set search_path from current as $$
declare
    found_size bigint;
    chunks     bigint;
    last       integer;
    kept       uuid;
begin
    select coalesce(sum(octet_length(data)), 0), count(*), coalesce(max(ordinal), -1) into found_size, chunks, last
    from blob_chunk where upload = given_upload;
    if found_size <> given_size or chunks <> last + 1 then
        raise exception 'of the % bytes of upload % there are %, in % chunks up to number %', given_size, given_upload, found_size, chunks, last
            using errcode = 'data_exception';
    end if;
    insert into blob as b (sha256, size, upload) values (given_sha256, given_size, given_upload)
    on conflict (sha256) do update set stored_at = clock_timestamp()
    returning b.upload into kept;
    if kept <> given_upload then
        delete from blob_chunk where upload = given_upload;
    end if;
end
$$;

-- Removes blobs that no event names, and chunks of uploads that were never completed, once they are older than this and than an
-- hour: until then an upload may be under way, or the event that names it.
create function sweep_blobs(older_than interval) returns bigint
language plpgsql security definer set search_path from current as $$
declare
    before constant timestamptz := clock_timestamp() - greatest(older_than, interval '1 hour');
    swept  bigint;
begin
    delete from blob b
    where b.stored_at < before and not exists (select from projection.blob_use u where u.sha256 = b.sha256);
    delete from blob_chunk c
    where c.received_at < before and not exists (select from blob b where b.upload = c.upload);
    get diagnostics swept = row_count;
    return swept;
end
$$;
