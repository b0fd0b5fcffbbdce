import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.wires import Wires
from whatsapp_emulator.faults import Faults

RATES = st.sampled_from([0.0, 0.3, 1.0])


@pytest.mark.parametrize(
    "changes",
    [{"drop_rate": 1.5}, {"drop_rate": "often"}, {"deaf": 1}, {"latency_s": -1}, {"gravity": 9.81}, {"ack_error": "x"}],
)
def test_a_knob_takes_what_makes_sense_or_nothing_is_turned(changes: dict[str, object]) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=next(iter(changes))):
        faults.update({"no_ack": True, **changes})
    assert faults.as_dict() == Faults().as_dict()


def test_the_same_seed_strikes_at_the_same_moments() -> None:
    faults = Faults()
    runs = []
    for _ in range(2):
        faults.update({"seed": 7})
        runs.append([faults.strike(0.5) for _ in range(50)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {True, False}


def test_what_is_told_can_be_given_back() -> None:
    faults = Faults()
    faults.update({"latency_s": 0.1, "ack_error": 463, "reorder": 0.5})
    again = Faults()
    again.update(faults.as_dict())
    assert again.as_dict() == faults.as_dict()
    assert again.ack_error == "463"


@given(drop=RATES, duplicate=RATES, reorder=RATES, seed=st.integers(0, 99))
def test_nothing_is_lost_whatever_goes_wrong(drop: float, duplicate: float, reorder: float, seed: int) -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    wires.world.account("4917002")
    knobs = {"drop_rate": drop, "duplicate_rate": duplicate, "reorder": reorder, "seed": seed}
    wires.world.faults.update(knobs)
    ids = [wires.type("4917002", companion.lid, "x") for _ in range(12)]
    arrived = [node.attr("id") for node in line.take("message")]
    if duplicate == 0:
        assert len(set(arrived)) == len(arrived)
    if drop == 0:
        assert len(set(ids) - set(arrived)) <= 1, "at most one is held back"
    line.close()
    companion.prekeys.clear()
    assert [node.get("id") for node in wires.log_in(companion).take("message")] == ids


def test_reorder_lets_the_next_one_overtake() -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    wires.world.account("4917002")
    wires.world.faults.update({"reorder": 1})
    first, second = (wires.type("4917002", companion.lid, "x") for _ in range(2))
    assert [node.get("id") for node in line.take("message")] == [second, first]
