"""The corridor that a message walks: fetched, filed, read, judged, decided, acted on."""
