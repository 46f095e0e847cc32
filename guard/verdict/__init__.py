"""What a message is about: features, the model, how it is trained and how far to trust it."""
