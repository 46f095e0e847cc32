-- Format 3 of the record: the salt of a message is sealed behind it, no longer in a part of its own.
-- The tables are as they were. But a guard that knows formats up to 2 could neither open such a
-- message nor carry out an order to erase it, so it must not go on beside one that writes them.

INSERT INTO guard.version VALUES (3);
