"""Which model judges, and the process in which it reads what strangers wrote."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from guard.config import Settings
from guard.errors import ModelError
from guard.record.ledger import Record
from guard.reply.wording import Wordings, shipped, wordings
from guard.shipped import folder
from guard.verdict import cabinet
from guard.verdict.child import ChildReader
from guard.verdict.chosen import MODEL, Chosen, chosen

Readers = Callable[[Settings, Record], AbstractContextManager[ChildReader]]
"""Gives a mailbox's reader."""


def reader(settings: Settings | None, record: Record | None = None) -> ChildReader:
    """Return a reader with the chosen model; its process starts when first needed.

    A model that cannot be had must not stop the filing: it is the reader's problem.
    """
    try:
        model, problem = chosen_model(settings), None
        if settings is not None and record is not None:
            _insist_on_adopted(settings, record, model)
    except ModelError as error:
        model, problem = Chosen(file=Path(MODEL), digest=""), error
    own = (Wordings(known={"en": shipped()}) if settings is None else wordings(settings)).lines
    made = ChildReader(model.file, model.digest, own_text=own)
    made.problem = problem
    return made


def chosen_model(settings: Settings | None) -> Chosen:
    """Return the model that guard.toml names, else the shipped one."""
    return chosen(_model_folder(settings))


def cabinet_of(settings: Settings) -> Path:
    """Return the folder of the practice's own models."""
    return settings.record_folder / "models"


def _model_folder(settings: Settings | None) -> Path:
    if settings is not None and settings.model.path:
        return settings.path(settings.model.path)
    own = cabinet.in_use(cabinet_of(settings)) if settings is not None else None
    return own or folder("models")


def _insist_on_adopted(settings: Settings, record: Record, model: Chosen) -> None:
    """Refuse a model that is not the one that the record says was adopted."""
    adopted = record.latest("model")
    if settings.model.path or adopted is None or adopted.data["sha256"] == model.digest:
        return
    if adopted.data["name"] == "shipped" and cabinet.in_use(cabinet_of(settings)) is None:
        # A newer guard ships a newer model.
        return
    raise ModelError(
        "the model in use is not the one that was adopted",
        hint="guard goes on filing and holds every message. Run: guard model adopt NAME",
    )
