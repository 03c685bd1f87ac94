-- Payments, for ever. One row a payment; `state` says which of the later columns are set.
CREATE TABLE payments (
    seq               INTEGER PRIMARY KEY,
    account           TEXT NOT NULL,
    key               TEXT NOT NULL,
    revision          INTEGER NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('created', 'processing', 'final', 'canceled')),
    payment_intent_id TEXT,
    charge_id         TEXT,
    terms             BLOB,
    content           BLOB,
    intent            TEXT,
    submission        TEXT,
    charge            TEXT,
    answer            TEXT,
    UNIQUE (account, key)
) STRICT;
CREATE UNIQUE INDEX payments_by_intent ON payments (payment_intent_id) WHERE payment_intent_id IS NOT NULL;
CREATE UNIQUE INDEX payments_by_charge ON payments (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX payments_unfinished ON payments (seq) WHERE state = 'processing';
CREATE INDEX payments_by_account ON payments (account, seq);
