-- The twin of migrations/sqlite/0004_assets.sql: the same tables and columns. Never edited once released.

-- Files of exhibits by what stands in them; the bytes lie beside the database under this name.
create table assets (
    -- identity: lists continue after it
    asset_key bigint generated always as identity primary key,
    -- of the kept bytes, hexadecimal
    sha256 text not null unique,
    media_type text not null,
    bytes bigint not null,
    -- as its maker called it, cleaned
    name text not null,
    -- JSON: report, warnings
    report text not null,
    created_ms bigint not null,
    created_by text not null,
    -- since when no document names it, as far as was looked
    unused_since_ms bigint,
    -- while its bytes are being removed: it is nobody's any more, and cannot be put again yet
    removed_ms bigint
);

-- Uploads in several parts, which survive a restart of either side.
create table uploads (
    upload_id uuid primary key,
    created_by text not null,
    name text not null,
    length_bytes bigint not null,
    received_bytes bigint not null,
    -- JSON: the names of the parts, in order
    parts text not null,
    created_ms bigint not null,
    expires_ms bigint not null,
    -- of the asset that came of it
    sha256 text
);
