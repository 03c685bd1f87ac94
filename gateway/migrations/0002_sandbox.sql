-- What the sandbox acquirer has authorised. Holds no card number: `card` is a digest keyed by the issuer's key.
CREATE TABLE sandbox_authorisations (
    account  TEXT NOT NULL,
    key      TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    captured INTEGER,
    voided   INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
    ksn      TEXT UNIQUE,
    card     TEXT,
    counter  INTEGER,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sandbox_by_counter ON sandbox_authorisations (card, counter) WHERE card IS NOT NULL;
