"""What waits for the therapist."""
