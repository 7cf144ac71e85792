from __future__ import annotations

import pytest

from stack.errors import PortInUse
from stack.ports import Ports


def test_four_ports_follow_each_other() -> None:
    assert Ports.from_first(8700) == Ports(api=8700, emulator=8701, redis=8702, lab=8703)


def test_the_message_names_each_port_in_use_and_ports_to_take_instead() -> None:
    with pytest.raises(PortInUse) as raised:
        Ports.from_first(8700).check(lambda port: port in (8700, 8702))
    message = str(raised.value)
    assert "8700 (api), 8702 (redis)" in message
    assert "8701" not in message
    assert "RASTRO_PORT=8800 make dev" in message


def test_free_ports_pass() -> None:
    Ports.from_first(8700).check(lambda _port: False)
