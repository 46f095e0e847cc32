"""The reminder: its text, its headers, and the SMTP edge."""
