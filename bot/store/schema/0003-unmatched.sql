-- Scrubbed texts that were not understood, where an operator has allowed it.
CREATE TABLE unmatched (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day bigint NOT NULL,
  language text NOT NULL,
  text text NOT NULL
);
