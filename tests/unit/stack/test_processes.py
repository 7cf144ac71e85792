from __future__ import annotations

import json
import os
from pathlib import Path

from stack.processes import Process, Registry, birth_of


def test_who_claimed_the_folder_is_its_owner_while_it_lives(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "processes.json")
    assert registry.owner() is None
    registry.claim()
    owner = registry.owner()
    assert owner is not None
    assert owner.pid == os.getpid()


def test_a_number_that_somebody_else_has_by_now_is_neither_owner_nor_alive_nor_stopped(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    mine = {"name": "stack", "pid": os.getpid(), "born": "long ago"}
    path.write_text(json.dumps({"owner": mine, "processes": [mine | {"name": "lab"}]}), encoding="utf-8")
    registry = Registry(path)
    assert registry.owner() is None
    assert registry.find("lab") is None
    assert registry.stop_all() == []  # and this very process is still here
    assert not path.exists()


def test_a_file_cut_short_by_a_crash_names_no_process(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    path.write_text('{"owner": {"pid"', encoding="utf-8")
    assert Registry(path).owner() is None
    assert Registry(path).processes() == []


def test_the_birth_of_a_process_stays_the_same_and_none_has_none() -> None:
    assert birth_of(os.getpid()) == birth_of(os.getpid()) is not None
    assert birth_of(2**22 + 1) is None
    assert not Process("gone", 2**22 + 1, "1").alive
