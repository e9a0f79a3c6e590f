-- What is to be sent by a call of its own, sealed, until it is sent.
CREATE TABLE outbox (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message text NOT NULL,
  contact bytea NOT NULL,
  at bigint NOT NULL,
  next_at bigint NOT NULL,
  channel text NOT NULL,
  sealed text NOT NULL,
  tries integer NOT NULL,
  lease bigint NOT NULL,
  holder text NOT NULL,
  failed text NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (contact, channel, number) WHERE failed = '';
