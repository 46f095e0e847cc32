"""A client's rights: a copy of the record, and its end."""
