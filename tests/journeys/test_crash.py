"""The process dies between any two commits: what was accepted leaves once, what came in is kept once."""

import pytest

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.domain.errors import StorageUnavailable
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.features.messaging.filters import MessageFilter


class Death:
    """Lets so many commits through, and then none: what is not on disk by then is lost with the process."""

    def __init__(self) -> None:
        self.after: int | None = None

    def before_commit(self) -> None:
        if self.after is None:
            return
        if self.after == 0:
            raise OSError("the process is dead")
        self.after -= 1


@pytest.mark.parametrize("commits", range(0, 16, 3))
async def test_nothing_is_lost_or_doubled_when_the_process_dies_after_any_commit(
    open_house: OpenHouse, commits: int
) -> None:
    death = Death()
    house = await open_house(before_commit=death.before_commit)
    session, phone = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    await house.send(session, bob, "before")
    await until(lambda: len(bob.inbox) == 1)

    death.after = commits
    accepted: list[Message] = []
    for n in range(4):
        try:
            accepted.append(await house.send(session, bob, f"out {n}"))
        except StorageUnavailable:
            continue
        bob.type(phone, f"in {n}")
    await house.close()
    death.after = None
    await house.open()

    await eventually(lambda: all_are(house, accepted, MessageStatus.DELIVERED))
    assert [shown.text for shown in bob.inbox] == ["before", *(message.content.text for message in accepted)]
    incoming = MessageFilter(direction=Direction.IN)

    async def all_in() -> bool:
        return len((await house.gateway.messaging.list(house.us, incoming)).items) == len(accepted)

    await eventually(all_in)
    found = [message.content.text for message in (await house.gateway.messaging.list(house.us, incoming)).items]
    assert sorted(found) == [f"in {message.content.text[-1]}" for message in accepted]
    seqs = [event.seq for event in await house.events()]
    assert seqs == list(range(1, len(seqs) + 1))


async def all_are(house: House, messages: list[Message], status: MessageStatus) -> bool:
    return all([(await house.message(message)).status is status for message in messages])


async def test_what_was_handed_over_and_never_acknowledged_is_settled_after_the_restart(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    house.service.faults.withhold_acks = True
    messages = [await house.send(session, bob, str(n)) for n in range(3)]
    await until(lambda: len(bob.inbox) == 3)
    house.service.faults.withhold_acks = False
    await house.restart()

    async def acknowledged() -> bool:
        return all([(await house.message(message)).sent_at for message in messages])

    await eventually(acknowledged)
    assert [shown.text for shown in bob.inbox] == ["0", "1", "2"]


async def test_what_was_lost_on_the_wire_goes_out_after_the_restart_in_order(house: House) -> None:
    session, _ = await house.paired()
    bob = house.service.phone("5511900000002", "Bob")
    house.service.faults.lose_posts = True
    messages = [await house.send(session, bob, str(n)) for n in range(3)]
    await eventually(lambda: all_are(house, messages, MessageStatus.SENDING))
    house.service.faults.lose_posts = False
    await house.restart()
    await eventually(lambda: all_are(house, messages, MessageStatus.DELIVERED))
    assert [shown.text for shown in bob.inbox] == ["0", "1", "2"]


async def test_a_stop_in_the_middle_of_a_burst_loses_nothing(house: House) -> None:
    session, phone = await house.paired()
    phones = [house.service.phone(f"551200000{n:04}") for n in range(10)]
    accepted = 0
    for restart in range(3):
        for n in range(30):
            await house.send(session, phones[n % 10], f"{restart}-{n}")
            accepted += 1
            phones[n % 10].type(phone, f"{restart}-{n}")
        await house.restart()
    await until(lambda: sum(len(phone.inbox) for phone in phones) == accepted)
    for place, phone_ in enumerate(phones):
        expected = [f"{restart}-{n}" for restart in range(3) for n in range(place, 30, 10)]
        assert [shown.text for shown in phone_.inbox] == expected
    received = await eventually(lambda: every(house, accepted))
    assert sorted(received) == sorted(f"{restart}-{n}" for restart in range(3) for n in range(30))


async def every(house: House, count: int) -> list[str] | None:
    page = await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN), limit=200)
    return [message.content.text for message in page.items] if len(page.items) == count else None
