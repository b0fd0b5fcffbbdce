"""The written examination for engines, tenth part: pairing with a phone that insists on a passkey."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol, runtime_checkable

import pytest

from contracts.examinee import Examinee, Network
from contracts.paper import Paper
from wagate.domain.passkey import PasskeyAssertion, PasskeyNotAsked, PasskeyRefused
from wagate.domain.session import SessionState
from wagate.ports.abilities import PairsWithPasskeys
from wagate.ports.news import Paired, PasskeyCodeShown, PasskeyRequired, QrShown

PAPER = Paper()


@runtime_checkable
class PasskeyNetwork(Network, Protocol):
    """A network in which OWN can insist on a passkey."""

    async def insist_on_passkey(self, *, stalls: int = 0) -> None:
        """OWN links no device without it from now on, and does not react to the first ``stalls`` assertions."""
        ...

    def scanning(self, qr: str) -> AbstractAsyncContextManager[None]:
        """OWN scans a code, and waits for the companion as long as the context lasts."""
        ...

    async def assertion(self, request: PasskeyRequired) -> PasskeyAssertion:
        """What OWN's passkey says to a request."""
        ...

    async def compare(self, code: str) -> bool:
        """OWN compares the phone's code with this one, and taps accordingly; whether they are the same."""
        ...


@PAPER.asks(promised="pairs_with_passkey")
async def a_phone_that_insists_on_a_passkey_is_linked(network: Network) -> None:
    assert isinstance(network, PasskeyNetwork)
    await network.insist_on_passkey()
    examinee = await Examinee.of(network)
    connection = examinee.connection
    assert isinstance(connection, PairsWithPasskeys)
    code = await examinee.hears(QrShown)
    with pytest.raises(PasskeyNotAsked):
        await connection.confirm_passkey(matches=True)
    async with network.scanning(code.text):
        request = await examinee.hears(PasskeyRequired)
        assert request.expires_in_s > 0
        assert (await examinee.is_in(SessionState.PAIRING)).reason is not None
        right = await network.assertion(request)
        with pytest.raises(PasskeyRefused):
            await connection.answer_passkey(replace(right, client_data=b"{}"))
        await connection.answer_passkey(right)
        await examinee.is_in(SessionState.CONNECTED)
    assert len(examinee.of_kind(Paired)) == 1
    with pytest.raises(PasskeyNotAsked):
        await connection.answer_passkey(right)


@PAPER.asks(ability=PairsWithPasskeys)
async def a_code_is_compared_where_the_phone_wants_it(network: Network) -> None:
    assert isinstance(network, PasskeyNetwork)
    await network.insist_on_passkey(stalls=1)
    examinee = await Examinee.of(network)
    connection = examinee.connection
    assert isinstance(connection, PairsWithPasskeys)
    async with network.scanning((await examinee.hears(QrShown)).text):
        request = await examinee.hears(PasskeyRequired)
        for _ in range(2):  # the phone sleeps through the first
            await connection.answer_passkey(await network.assertion(request))
        code = (await examinee.hears(PasskeyCodeShown)).code
        assert examinee.of_kind(Paired) == []
        assert await network.compare(code)
        await connection.confirm_passkey(matches=True)
        await examinee.is_in(SessionState.CONNECTED)


@PAPER.asks(unpromised="pairs_with_passkey")
async def its_connections_do_not_pretend_to_pair_with_one(network: Network) -> None:
    examinee = await Examinee.of(network)
    assert not isinstance(examinee.connection, PairsWithPasskeys)
