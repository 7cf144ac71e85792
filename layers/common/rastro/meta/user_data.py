"""What Meta matches a person by: normalised, hashed where Meta wants a hash, and never a reason to lose an event.

The rules are those of https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters,
read for Brazil: a phone gets its 55, a state its UF, a CEP keeps its eight digits. Everything is brought to NFC first, since a
decomposed "é" has another hash. A field that is not what its rule says is dropped and named; the event goes on without it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rastro.model import DAY_MS

FBC_MAX_AGE_MS = 90 * DAY_MS
"""The life of the cookie; Events Manager flags an older one as expired."""
_TEXT_MAX_LENGTH = 512
_NAME_MAX_LENGTH = 128

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_PHONE = re.compile(r"[\d\s()+./-]+")
_CPF = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
_POSTAL_CODE = re.compile(r"[a-z0-9]{3,10}")
_ZIP_PLUS_4 = re.compile(r"\d{9}")
_APPENDIX = r"(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?"
"""A fifth segment by which Meta's Parameter Builder marks what it touched; it stays where it is."""
_FBC = re.compile(rf"fb\.\d+\.(?P<created_ms>\d{{13}})\.[^.\s]+{_APPENDIX}")
_FBP = re.compile(rf"fb\.\d+\.\d{{13}}\.\d+{_APPENDIX}")

_GENDERS = {"m": "m", "masculino": "m", "male": "m", "homem": "m", "f": "f", "feminino": "f", "female": "f", "mulher": "f"}
_COUNTRY_NAMES = {"brasil": "br", "brazil": "br", "bra": "br"}
_ISO_3166 = (
    "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ca cc cd "
    "cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf "
    "gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn "
    "kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na "
    "nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si "
    "sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi "
    "vn vu wf ws ye yt za zm zw"
)
_COUNTRIES = frozenset(_ISO_3166.split())
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y")
"""ISO 8601, then day before month as a Brazilian form writes it; month before day only where nothing else can be meant."""
_OLDEST_BIRTH_YEAR = 1900
_STATES = {
    "acre": "ac",
    "alagoas": "al",
    "amapa": "ap",
    "amazonas": "am",
    "bahia": "ba",
    "ceara": "ce",
    "distritofederal": "df",
    "espiritosanto": "es",
    "goias": "go",
    "maranhao": "ma",
    "matogrosso": "mt",
    "matogrossodosul": "ms",
    "minasgerais": "mg",
    "para": "pa",
    "paraiba": "pb",
    "parana": "pr",
    "pernambuco": "pe",
    "piaui": "pi",
    "riodejaneiro": "rj",
    "riograndedonorte": "rn",
    "riograndedosul": "rs",
    "rondonia": "ro",
    "roraima": "rr",
    "santacatarina": "sc",
    "saopaulo": "sp",
    "sergipe": "se",
    "tocantins": "to",
}
_COMPANY_WORDS = frozenset({"ltda", "me", "mei", "epp", "eireli", "sa"})
"""How the name of a company ends: a payer who is none has no first name."""


@dataclass(frozen=True, slots=True)
class UserData:
    """The ``user_data`` of an event, and the names of the fields that were given but could not be used."""

    values: Mapping[str, Any]
    dropped: tuple[str, ...] = ()


def user_data(fields: Mapping[str, object], *, now_ms: int) -> UserData:
    """Return Meta's ``user_data`` of what is known of a person, given in clear under Meta's own keys.

    Keys: ``em ph fn ln ct st zp country db ge external_id`` (hashed here; a SHA-256 in hexadecimal is taken for hashed already),
    ``client_ip_address client_user_agent fbc fbp`` (kept as they are). ``None``, ``""`` and keys that are none of these count as
    not given. A value may be a list. Never raises: what its rule refuses is dropped and named.
    """
    values: dict[str, Any] = {}
    dropped: list[str] = []
    for key, given in fields.items():
        usable, refused = _field(key, given, now_ms)
        if usable:
            values[key] = usable
        if refused:
            dropped.append(key)
    return UserData(values, tuple(dropped))


def hashed_name(full_name: str | None) -> dict[str, str]:
    """Return the hashes of a full name's first and last word as ``fn`` and ``ln``; a company has neither.

    A payer is known by the one name that the bank gives; the words between would only make other hashes than Meta's.
    """
    if not isinstance(full_name, str):
        return {}
    words = _nfc(full_name).split()
    if not words or _letters(words[-1]) in _COMPANY_WORDS:
        return {}
    parts = {"fn": words[0], "ln": words[-1]} if len(words) > 1 else {"fn": words[0]}
    names = {key: _name(word) for key, word in parts.items()}
    return {key: sha256(name) for key, name in names.items() if name}


def sha256(normalised: str) -> str:
    """Return a normalised value as Meta wants it: SHA-256 of its UTF-8, in lower-case hexadecimal."""
    return hashlib.sha256(normalised.encode()).hexdigest()


def _field(key: str, given: object, now_ms: int) -> tuple[list[str] | str | None, bool]:
    if key in _HASHED:
        return _hashed(given, _HASHED[key])
    if key in _CLEAR:
        return _clear(given, _CLEAR[key], now_ms)
    return None, False


def _hashed(given: object, normalise: Callable[[str], str | None]) -> tuple[list[str], bool]:
    """Return the distinct hashes of what was given, and whether any of it was refused."""
    hashes: list[str] = []
    refused = False
    for value in given if isinstance(given, list | tuple) else [given]:
        if value is None or value == "":
            continue
        digest = _digest(value, normalise)
        if digest is None:
            refused = True
        elif digest not in hashes:
            hashes.append(digest)
    return hashes, refused


def _digest(value: object, normalise: Callable[[str], str | None]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = _trimmed(str(value)) if isinstance(value, str) or value.bit_length() < _TEXT_MAX_LENGTH else ""
    if _SHA256.fullmatch(text):
        return text.lower()
    try:
        normalised = normalise(text) if 0 < len(text) <= _TEXT_MAX_LENGTH else None
        return sha256(normalised) if normalised else None
    except UnicodeEncodeError:  # a lone surrogate, as broken JSON may carry it
        return None


def _clear(given: object, check: Callable[[str, int], str | None], now_ms: int) -> tuple[str | None, bool]:
    if given is None or given == "":
        return None, False
    usable = check(given, now_ms) if isinstance(given, str) else None
    return usable, usable is None


def _email(text: str) -> str | None:
    lowered = text.lower()
    return lowered if _EMAIL.fullmatch(lowered) else None


def _phone(text: str) -> str | None:
    """Return the digits with their country code; 10 or 11 digits are Brazilian, also where the area code is 55."""
    compact = unicodedata.normalize("NFKC", text)
    if not _PHONE.fullmatch(compact):
        return None
    has_country_code = compact.lstrip().startswith("+")
    digits = re.sub(r"\D", "", compact).lstrip("0")
    if has_country_code and not digits.startswith("55"):
        return digits if 8 <= len(digits) <= 15 else None  # noqa: PLR2004 - E.164: up to 15 digits
    if not has_country_code and len(digits) in (10, 11):
        return f"55{digits}"
    return digits if len(digits) in (12, 13) and digits.startswith("55") else None


def _name(text: str) -> str | None:
    """Return a name in lower case with its accents, without punctuation, digits and spaces."""
    letters = _letters(text)
    return letters if 0 < len(letters) <= _NAME_MAX_LENGTH else None


def _city(text: str) -> str | None:
    return re.sub(r"[^a-z]", "", _without_accents(text)) or None


def _state(text: str) -> str | None:
    """Return the two letters of a Brazilian state (UF), given so or by its name."""
    letters = re.sub(r"[^a-z]", "", _without_accents(text))
    return letters if letters in _STATES.values() else _STATES.get(letters)


def _postal_code(text: str) -> str | None:
    """Return a CEP's eight digits, of a North American ZIP+4 the first five as Meta asks, another country's code as it is."""
    compact = re.sub(r"[\s.-]", "", text.lower())
    if _ZIP_PLUS_4.fullmatch(compact):
        return compact[:5]
    return compact if _POSTAL_CODE.fullmatch(compact) else None


def _country(text: str) -> str | None:
    letters = re.sub(r"[^a-z]", "", _without_accents(text))
    code = _COUNTRY_NAMES.get(letters, letters)
    return code if code in _COUNTRIES else None


def _birth_date(text: str) -> str | None:
    for form in _DATE_FORMATS:
        try:
            date = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return date.strftime("%Y%m%d") if date.year >= _OLDEST_BIRTH_YEAR else None
    return None


def _gender(text: str) -> str | None:
    return _GENDERS.get(text.lower())


def _external_id(text: str) -> str | None:
    """Return an id as it stands; a CPF in its written form is never one: its hash is undone by trying all of them."""
    return None if _CPF.fullmatch(text) else text


def _address(value: str, _now_ms: int) -> str | None:
    """Return a public IP address; one of a private, reserved or documentation range belongs to no visitor."""
    try:
        address = ipaddress.ip_address(value.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return _address(str(address.ipv4_mapped), _now_ms)
    return value.strip() if address.is_global and not address.is_multicast else None


def _user_agent(value: str, _now_ms: int) -> str | None:
    return value if value.strip() and value.isprintable() else None


def _fbc_value(value: str, now_ms: int) -> str | None:
    """Return an ``fbc`` byte for byte, or ``None`` when its envelope is not valid or its time is over 90 days ago."""
    match = _FBC.fullmatch(value)
    return value if match and now_ms - int(match["created_ms"]) <= FBC_MAX_AGE_MS else None


def _fbp_value(value: str, _now_ms: int) -> str | None:
    """Return an ``fbp`` byte for byte, or ``None`` when its envelope is not valid; a browser keeps it as long as it likes."""
    return value if _FBP.fullmatch(value) else None


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _trimmed(text: str) -> str:
    """Return the text in NFC without what surrounds it unseen: spaces of any kind, zero-width and byte-order marks."""
    composed = _nfc(text)
    unseen = {char for char in composed if char.isspace() or unicodedata.category(char) == "Cf"}
    return composed.strip("".join(unseen)) if unseen else composed


def _letters(text: str) -> str:
    lowered = _nfc(_nfc(text).lower())
    return "".join(char for char in lowered if unicodedata.category(char)[0] in "LM")


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_HASHED: Mapping[str, Callable[[str], str | None]] = {
    "em": _email,
    "ph": _phone,
    "fn": _name,
    "ln": _name,
    "ct": _city,
    "st": _state,
    "zp": _postal_code,
    "country": _country,
    "db": _birth_date,
    "ge": _gender,
    "external_id": _external_id,
}
_CLEAR: Mapping[str, Callable[[str, int], str | None]] = {
    "client_ip_address": _address,
    "client_user_agent": _user_agent,
    "fbc": _fbc_value,
    "fbp": _fbp_value,
}
HASHED_KEYS: Sequence[str] = tuple(_HASHED)
CLEAR_KEYS: Sequence[str] = tuple(_CLEAR)
