"""The append-only, sealed, tamper-evident legal record.

It knows bytes, not mail. Callers make it with `init.create` and use `sqlite.Record`;
what every byte means stands in FORMAT.md.
"""
