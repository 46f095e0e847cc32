"""Mail as it comes: bytes to messages, what they say, who wrote, and the IMAP edge."""
