-- The twin of migrations/postgres/0004_assets.sql: the same tables and columns. Never edited once released.

-- Files of exhibits by what stands in them; the bytes lie beside the database under this name.
create table assets (
    -- autoincrement: lists continue after it
    asset_key integer primary key autoincrement,
    -- of the kept bytes, hexadecimal
    sha256 text not null unique,
    media_type text not null,
    bytes integer not null,
    -- as its maker called it, cleaned
    name text not null,
    -- JSON: report, warnings
    report text not null,
    created_ms integer not null,
    created_by text not null,
    -- since when no document names it, as far as was looked
    unused_since_ms integer,
    -- while its bytes are being removed: it is nobody's any more, and cannot be put again yet
    removed_ms integer
) strict;

-- Uploads in several parts, which survive a restart of either side.
create table uploads (
    upload_id blob primary key,
    created_by text not null,
    name text not null,
    length_bytes integer not null,
    received_bytes integer not null,
    -- JSON: the names of the parts, in order
    parts text not null,
    created_ms integer not null,
    expires_ms integer not null,
    -- of the asset that came of it
    sha256 text
) strict, without rowid;
