-- What a carrier has told of each reply, once each; and failures by day and code, for an operator.
CREATE TABLE deliveries (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message text NOT NULL,
  status text NOT NULL,
  at bigint NOT NULL,
  UNIQUE (message, status)
);
CREATE TABLE failures (
  day bigint NOT NULL,
  code integer NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, code)
);
