-- Conversations that staff keep; and how many turns of each kind there were, hour by hour.
CREATE TABLE transcripts (
  name text PRIMARY KEY,
  at bigint NOT NULL,
  staff text NOT NULL,
  text text NOT NULL
);
CREATE TABLE counts (
  day bigint NOT NULL,
  hour integer NOT NULL,
  channel text NOT NULL,
  language text NOT NULL,
  label text NOT NULL,
  turns bigint NOT NULL,
  segments bigint NOT NULL,
  PRIMARY KEY (day, hour, channel, language, label)
);
