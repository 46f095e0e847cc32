"""Many mailboxes on many machines: who scans which, how far they are, how they are run."""
