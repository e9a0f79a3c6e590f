-- Parts of longer texts, sealed, until all of a text have come.
CREATE TABLE concatenated (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  whole bytea NOT NULL,
  part integer NOT NULL,
  contact bytea NOT NULL,
  at bigint NOT NULL,
  sealed text NOT NULL,
  UNIQUE (whole, part)
);
