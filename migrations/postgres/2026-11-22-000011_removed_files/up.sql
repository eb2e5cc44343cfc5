-- Files whose records no longer name them: they are removed once the transaction that says so is committed.
CREATE TABLE "_removed_files" (
    "number" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The ids of the collection and of the record.
    "collection" TEXT NOT NULL,
    "record" TEXT NOT NULL,
    -- A name, or names as a JSON list.
    "names" TEXT NOT NULL
);
