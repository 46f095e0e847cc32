"""Who is a client: addresses and how they are compared."""
