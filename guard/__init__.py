"""guard files a psychotherapy practice's e-mail and holds what needs the therapist."""

__version__ = "0.1.0"
