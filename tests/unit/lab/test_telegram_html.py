import pytest

from lab.telegram_html import BrokenMarkup, parse_html, utf16_length

READ = {
    "plain": ("oi", "oi", []),
    "bold": ("a <b>b</b>", "a b", [{"type": "bold", "offset": 2, "length": 1}]),
    "nested": (
        "<b>x <i>y</i></b>",
        "x y",
        [{"type": "bold", "offset": 0, "length": 3}, {"type": "italic", "offset": 2, "length": 1}],
    ),
    "references": ("&lt;b&gt; &amp; &quot; &#39; &nbsp;", "<b> & \" ' &nbsp;", []),
    "link": (
        '<a href="https://x.example/?a=1&amp;b=2">x</a>',
        "x",
        [{"type": "text_link", "offset": 0, "url": "https://x.example/?a=1&b=2", "length": 1}],
    ),
    "code after an emoji": ("😀<code>0002</code>", "😀0002", [{"type": "code", "offset": 2, "length": 4}]),
    "any end tag": ("<b>x</>", "x", [{"type": "bold", "offset": 0, "length": 1}]),
}

BROKEN = {
    "unknown tag": ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
    "not closed": ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    "crossed": ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    "end alone": ("á</b>", "Unexpected end tag at byte offset 2"),
    "bare less-than": ("1 < 2", "Unclosed start tag at byte offset 2"),
    "span of nothing": ("<span>x</span>", 'Unsupported start tag "span"'),
}


@pytest.mark.parametrize(("markup", "text", "entities"), READ.values(), ids=READ)
def test_markup_is_read(markup: str, text: str, entities: list[dict[str, object]]) -> None:
    assert parse_html(markup) == (text, entities)


@pytest.mark.parametrize(("markup", "why"), BROKEN.values(), ids=BROKEN)
def test_broken_markup_is_refused_in_telegrams_words(markup: str, why: str) -> None:
    with pytest.raises(BrokenMarkup, match=r".+") as broken:
        parse_html(markup)
    assert str(broken.value).startswith(why)


def test_length_counts_utf16_units() -> None:
    assert utf16_length("a😀") == 3
