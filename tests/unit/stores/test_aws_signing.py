"""Signatures against AWS's own examples and against botocore's signer.

The examples are of AWS's Signature Version 4 test suite, which signs with the key of its documentation: ``post-vanilla``,
``post-header-key-sort``, ``post-x-www-form-urlencoded`` and ``post-sts-header-before``.
"""

from __future__ import annotations

import calendar
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from rastro.stores.aws_environment import Credentials
from rastro.stores.aws_signing import Signer

AT_S = calendar.timegm(time.strptime("20150830T123600Z", "%Y%m%dT%H%M%SZ"))
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d"
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
HOST = {"host": "example.amazonaws.com"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
NAMES = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]{1,20}", fullmatch=True)


def _signer(credentials: Credentials = EXAMPLE, *, region: str = "us-east-1", service: str = "service") -> Signer:
    return Signer(lambda: credentials, region=region, service=service)


@pytest.mark.parametrize(
    ("session_token", "headers", "body", "signature"),
    [
        (None, HOST, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (None, HOST | {"my-header1": "value1"}, b"", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        (None, HOST | FORM, b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        (SESSION_TOKEN, HOST, b"", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    ],
    ids=["vanilla", "header", "form", "session token"],
)
def test_the_examples_of_aws_are_signed_as_it_says(
    session_token: str | None, headers: dict[str, str], body: bytes, signature: str
) -> None:
    credentials = Credentials(EXAMPLE.access_key_id, EXAMPLE.secret_access_key, session_token)
    signed = _signer(credentials).sign(headers, body, at_s=AT_S)
    names = ";".join(sorted(set(signed) - {"authorization"}))
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    body=st.binary(max_size=200),
    at_s=st.integers(min_value=0, max_value=4_102_444_800),
    token=st.none() | VALUES,
)
def test_whatever_is_signed_botocore_would_sign_the_same(
    headers: dict[str, str], body: bytes, at_s: int, token: str | None
) -> None:
    credentials = Credentials("AKIA", "secret", token)
    signed = _signer(credentials, region="sa-east-1", service="dynamodb").sign(headers | HOST, body, at_s=at_s)

    request = AWSRequest(
        "POST", "https://example.amazonaws.com/", headers={**headers, "X-Amz-Date": signed["x-amz-date"]}, data=body
    )
    if token is not None:
        request.headers["X-Amz-Security-Token"] = token
    request.context["timestamp"] = signed["x-amz-date"]
    botocore = SigV4Auth(BotocoreCredentials("AKIA", "secret", token), "dynamodb", "sa-east-1")
    text = botocore.string_to_sign(request, botocore.canonical_request(request))
    assert signed["authorization"].endswith(f"Signature={botocore.signature(text, request)}")


def test_the_next_day_and_new_credentials_are_signed_with_another_key() -> None:
    current = [EXAMPLE]
    signer = Signer(lambda: current[0], region="us-east-1", service="service")
    first = signer.sign(HOST, b"", at_s=AT_S)
    assert signer.sign(HOST, b"", at_s=AT_S) == first
    tomorrow = signer.sign(HOST, b"", at_s=AT_S + 86_400)
    assert tomorrow == _signer().sign(HOST, b"", at_s=AT_S + 86_400)
    current[0] = Credentials("AKIDOTHER", "another")
    assert signer.sign(HOST, b"", at_s=AT_S) == _signer(current[0]).sign(HOST, b"", at_s=AT_S) != first
