"""Tell the therapist at once what must not wait.

Knows no technology: the sender is given.
"""

from guard.pipeline.house import House, Summary


class Alarm:
    """Announces in one scan; each failure is told once and tried again by the next scan."""

    def __init__(self, house: House, summary: Summary) -> None:
        self._house = house
        self._summary = summary
        self._failed = False

    def ring(self) -> None:
        """Announce everything that waits to be announced; nothing happens if nothing does."""
        house = self._house
        if house.alerts is None:
            self._summary.unannounced = len(house.record.tasks("alert"))
            return
        if self._failed:
            return
        problem = house.alerts.ring(house.record, now=house.clock())
        if problem is not None:
            self._failed = True
            self._summary.note(problem)
