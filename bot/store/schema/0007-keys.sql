-- Who may use the API: a hash of each key, and what it is good for.
CREATE TABLE keys (
  name text PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  scopes text NOT NULL,
  rate text NOT NULL,
  added bigint NOT NULL
);
