"""Every edge opened and joined into the house that one scan is given."""

from collections.abc import Callable
from contextlib import ExitStack

from guard.commands import judges, lastscan, post, wiring
from guard.config import Settings
from guard.pipeline.house import House
from guard.record.eraser import finish as finish_erasures
from guard.reply.wording import wordings


def enter_house(
    stack: ExitStack,
    settings: Settings,
    *,
    readonly: bool = False,
    progress: Callable[[int], None] = lambda _count: None,
    expect: Callable[[int], None] = lambda _count: None,
    readers: judges.Readers | None = None,
) -> House:
    """Open every edge, to be closed with the stack, and join them for one scan.

    Args:
        stack: Closes what is opened here.
        settings: The practice's choices.
        readonly: For a dry run: without the lock, and nothing can be filed.
        progress: Told how many more messages were filed.
        expect: Told how many more there are to file.
        readers: Gives a reader; None for one of its own.

    Raises:
        BusyError: Another scan is running.
        FatalError: An edge cannot be opened.
        TransientError: A server cannot be reached.
    """
    if not readonly:
        stack.enter_context(wiring.locked(settings))
    record = stack.enter_context(wiring.open_record(settings, readonly=readonly))
    if not readonly:
        # A crash may have come between an order to erase and the end of the keys.
        finish_erasures(record)
    mailbox = stack.enter_context(post.sign_in(settings))
    read = stack.enter_context((readers or judges.reader)(settings, record))
    places = post.folders(settings, mailbox)

    def keep(raw: bytes) -> None:
        sent = [one.name for one in places if one.direction == "out"]
        if sent and not mailbox.stores_sent:
            mailbox.append(sent[0], raw)

    words = wordings(settings)
    errands, sender = None, None
    if settings.smtp is not None:
        sender = stack.enter_context(post.LateOutbox(settings, settings.smtp))
        from guard.reply.errands import Errands  # noqa: PLC0415  # not without a server to send by

        errands = Errands(
            record=record,
            sender=sender,
            settings=settings,
            wordings=words,
            token=wiring.token,
            keep=keep,
        )
    return House(
        settings=settings,
        mailbox=mailbox,
        record=record,
        folders=places,
        reader=read,
        errands=errands,
        alerts=post.alerting(stack, settings, sender),
        clock=wiring.clock,
        sharing=None if readonly else wiring.sharing(record),
        last=lastscan.ended(settings.record_folder),
        noted=lastscan.entries(settings.record_folder),
        wordings=words,
        progress=progress,
        expect=expect,
    )
