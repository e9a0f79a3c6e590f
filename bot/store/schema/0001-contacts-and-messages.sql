-- Contacts by keyed hash; messages by id, with the reply that a repeat of one gets.
-- A step that has been released is never changed; the next one is a file of its own.
CREATE TABLE contacts (
  contact bytea PRIMARY KEY,
  opted_out boolean NOT NULL,
  heard bigint NOT NULL,
  state text NOT NULL
);
CREATE TABLE messages (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message text NOT NULL UNIQUE,
  at bigint NOT NULL,
  reply text NOT NULL
);
