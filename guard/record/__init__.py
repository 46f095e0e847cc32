"""The append-only, sealed, tamper-evident legal record. It knows bytes, not mail. See FORMAT.md."""
