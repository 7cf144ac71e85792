"""What ``Secrets`` promises."""

from __future__ import annotations

import pytest

from rastro.errors import SecretMissing
from rastro.stores.ports import Secrets


class SecretsContract:
    """A subclass gives ``store`` with ``bots/7/token`` = ``7:abc`` and nothing else."""

    @pytest.fixture
    def store(self) -> Secrets:
        raise NotImplementedError

    def test_a_secret_is_read_by_its_name(self, store: Secrets) -> None:
        assert store.get("bots/7/token") == "7:abc"

    def test_an_absent_secret_is_missing(self, store: Secrets) -> None:
        with pytest.raises(SecretMissing):
            store.get("bots/8/token")
