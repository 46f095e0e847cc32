"""``python -m guard``, and the ``guard`` command."""

import gc

_ALLOCATIONS = 50_000
"""Objects made before rubbish is looked for; Python's own 700 cost a short scan a tenth."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_ALLOCATIONS)
    from guard.commands.group import run  # noqa: PLC0415  # it imports much, as above

    try:
        run()
    finally:
        # The process ends: nothing need be looked through for the last time.
        gc.freeze()


if __name__ == "__main__":
    main()
