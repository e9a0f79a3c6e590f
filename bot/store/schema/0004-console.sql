-- What staff need: accounts, what they did, the phones they simulate, what they found.
CREATE TABLE staff (
  name text PRIMARY KEY,
  password text NOT NULL,
  role text NOT NULL,
  added bigint NOT NULL,
  failures bigint NOT NULL,
  locked_until bigint NOT NULL
);
CREATE TABLE audit (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  staff text NOT NULL,
  what text NOT NULL
);
CREATE TABLE simulated (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  phone text NOT NULL,
  said text NOT NULL,
  reply text NOT NULL,
  why text NOT NULL
);
CREATE INDEX simulated_phone ON simulated(phone);
CREATE TABLE remarks (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  staff text NOT NULL,
  said text NOT NULL,
  reply text NOT NULL,
  remark text NOT NULL
);
