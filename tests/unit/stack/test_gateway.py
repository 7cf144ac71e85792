from __future__ import annotations

import pytest

from stack.gateway import visitor_address


@pytest.mark.parametrize(
    ("forwarded_for", "peer", "address"),
    [
        (None, "127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1", "127.0.0.1"),
        ("177.10.20.30", "127.0.0.1", "177.10.20.30"),
        (" 177.10.20.30 , 10.0.0.1", "127.0.0.1", "177.10.20.30"),
        ("2804:14c::1", "127.0.0.1", "2804:14c::1"),
        (None, None, ""),
    ],
)
def test_a_caller_may_play_a_visitor_and_is_itself_otherwise(forwarded_for: str | None, peer: str | None, address: str) -> None:
    assert visitor_address(forwarded_for, peer) == address
