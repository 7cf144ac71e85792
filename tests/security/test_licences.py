"""Whatever is shipped may be shipped, and the page that says so is up to date."""

from __future__ import annotations

import pytest

from tests.security.licences import PAGE, PERMISSIVE, page, shipped


@pytest.mark.parametrize("package", shipped(), ids=lambda package: package.name)
def test_a_package_of_the_layer_is_under_a_permissive_licence(package: object) -> None:
    assert getattr(package, "licence", None) in PERMISSIVE


def test_the_page_of_licences_says_what_the_lock_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.security.licences writes it anew"


def test_boto3_is_not_shipped() -> None:
    assert not {"boto3", "botocore"} & {package.name for package in shipped()}
