"""The pages that a visitor sees: small, styles inline, readable without JavaScript, in Portuguese, light and dark."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from string import Template
from urllib.parse import urlsplit

from rastro.model import Funnel
from rastro.tracking.page_script import PageClick, script

CONTENT_TYPE = "text/html; charset=utf-8"

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the policy that allows what it holds and nothing else."""

    body: str
    content_security_policy: str


_LAYOUT = Template(
    """<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta property="og:title" content="$title">
<meta property="og:description" content="$text">
$more<link rel="icon" href="data:,">
<title>$title</title>
<style nonce="$csp">
:root{--back:#eaf1f7;--card:#fff;--ink:#15202b;--soft:#536471;--line:#d9e3ec;--blue:#1b74b3;--press:#155f95}
@media(prefers-color-scheme:dark){:root{--back:#0b131c;--card:#17212b;--ink:#f1f5f9;--soft:#a3b3c2;--line:#2b3947;
--blue:#2079b9;--press:#1a659c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100svh;display:grid;place-items:center;padding:20px;background:var(--back);color:var(--ink);
font:17px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:400px;padding:36px 24px 28px;border-radius:24px;background:var(--card);text-align:center;
box-shadow:0 1px 2px rgb(0 0 0/.08),0 16px 48px rgb(0 0 0/.12)}
.face{display:grid;place-items:center;width:96px;height:96px;margin:0 auto 20px;border-radius:50%;object-fit:cover;
background:var(--line)}
div.face{background:var(--blue);color:#fff;font-size:2.5rem;font-weight:600}
h1{margin:0 0 8px;font-size:1.55rem;line-height:1.25;overflow-wrap:anywhere;text-wrap:balance}
p{margin:0 0 24px;color:var(--soft);text-wrap:pretty}
.go{display:flex;align-items:center;justify-content:center;gap:10px;min-height:60px;padding:12px 16px;border-radius:16px;
background:var(--blue);color:#fff;font-size:1.12rem;font-weight:600;text-decoration:none}
.go:hover,.go:active{background:var(--press)}
.go svg{flex:none;width:24px;height:24px;fill:currentColor}
a:focus-visible,button:focus-visible{outline:3px solid var(--ink);outline-offset:3px}
.whither{margin:16px 0 0;font-size:.9rem;overflow-wrap:anywhere}
.lost{margin-top:24px;padding-top:20px;border-top:1px solid var(--line)}
.lost p{margin-bottom:12px;font-size:.95rem}
code{display:block;padding:12px;border-radius:12px;background:var(--back);font-size:.85rem;overflow-wrap:anywhere;user-select:all;
-webkit-user-select:all}
button,.app{display:block;width:100%;min-height:48px;margin-top:12px;padding:10px 16px;border:1px solid var(--line);
border-radius:14px;background:none;color:var(--ink);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
[hidden]{display:none}
</style>
</head>
<body>
<main>
$face<h1>$title</h1>
<p>$text</p>
$button</main>
$script</body>
</html>
"""
)
_BUTTON = Template(
    """<a class="go" id="go" rel="nofollow noreferrer" href="$href">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2.4 11.1 20.6 3.6c.9-.4 1.7.3 1.4 1.3l-3.2 14.8c-.2.9-1.1 1.2-1.9.7l-4.8-3.6
-2.4 2.3c-.4.4-1 .2-1.1-.4l-1.2-4.6-5-1.6c-1-.3-1-1.1 0-1.4Zm6.3 3.1.5 2.7.9-2.3 6.9-7.2c.3-.3 0-.5-.4-.3Z"/></svg>
Abrir no Telegram</a>
<p class="whither">Abre a conversa com <strong>@$bot</strong></p>
"""
)
_CODE = Template(
    """<div class="lost" id="lost" hidden>
<p>A conversa não começou? Envie este código para @$bot no Telegram:</p>
<code id="code">/start $token</code>
<button id="copy" type="button">Copiar código</button>
<a class="app" rel="nofollow noreferrer" href="tg://$app_link">Abrir direto no aplicativo</a>
</div>
<noscript><div class="lost">
<p>Se a conversa não começar sozinha, envie este código para @$bot no Telegram:</p>
<code>/start $token</code>
</div></noscript>
"""
)


def landing(funnel: Funnel, *, href: str, csp: str, click: PageClick | None = None) -> Page:
    """Return the page with the button; ``href`` is the bot's link on ``t.me``.

    With a recorded click the page reports what the browser knows of ``_fbp`` and ``_fbc``, shows the Meta Pixel its one PageView,
    and after a press that brought no ``/start`` offers the code to copy.
    """
    bot = html.escape(urlsplit(href).path.lstrip("/"))
    button = _BUTTON.substitute(href=html.escape(href), bot=bot)
    if click is None:
        return _page(funnel, text="Toque no botão para continuar a conversa no Telegram.", button=button, csp=csp)
    app_link = f"resolve?domain={bot}&start={click.token}"
    return _page(
        funnel,
        text="Toque no botão para continuar a conversa no Telegram.",
        button=button + _CODE.substitute(bot=bot, token=click.token, app_link=html.escape(app_link)),
        script=script(click, base=f"/go/{funnel.slug}", app_link=app_link, csp=csp),
        pixel=bool(click.pixel_ids),
        csp=csp,
    )


def paused(funnel: Funnel, csp: str) -> Page:
    """Return the page of a funnel that takes a break."""
    return _page(funnel, text="Estamos em uma pausa. Volte mais tarde: este mesmo link continua valendo.", csp=csp)


def elsewhere(funnel: Funnel, csp: str) -> Page:
    """Return the page for a visitor from a country that the funnel does not sell in."""
    return _page(funnel, text="Esta oferta ainda não está disponível no seu país.", csp=csp)


def not_found(csp: str) -> Page:
    """Return the page for a link that leads nowhere."""
    return _page(
        "Link não encontrado", text="Este endereço não existe ou não vale mais. Confira o link ou volte ao anúncio.", csp=csp
    )


def unavailable(csp: str) -> Page:
    """Return the page for when not even the funnel can be read."""
    return _page("Voltamos já", text="Não conseguimos abrir este link agora. Tente de novo em alguns segundos.", csp=csp)


def _page(subject: Funnel | str, *, text: str, csp: str, button: str = "", script: str = "", pixel: bool = False) -> Page:
    name, picture = (subject, None) if isinstance(subject, str) else (subject.name, _usable(subject.picture_url))
    face = more = ""
    if picture is not None:
        # Lazy, so that a slow picture keeps neither the load event nor what waits for it.
        source = html.escape(picture)
        face = f'<img class="face" src="{source}" alt="" width="96" height="96" loading="lazy">\n'
        more = f'<meta property="og:image" content="{source}">\n'
    elif not isinstance(subject, str) and name[:1].isalnum():
        face = f'<div class="face" aria-hidden="true">{html.escape(name[0].upper())}</div>\n'
    body = _LAYOUT.substitute(
        title=html.escape(name), text=text, face=face, more=more, button=button, script=script and script + "\n", csp=csp
    )
    return Page(body, _policy(csp, picture=picture, script=bool(script), pixel=pixel))


def _policy(csp: str, *, picture: str | None, script: bool, pixel: bool) -> str:
    pictures = ["data:", *([_origin(picture)] if picture else []), *(["https://www.facebook.com"] if pixel else [])]
    rules = [f"default-src 'none'; style-src 'nonce-{csp}'; img-src {' '.join(pictures)}"]
    if script:
        scripts, calls = (" https://connect.facebook.net", " https://www.facebook.com") if pixel else ("", "")
        rules.append(f"script-src 'nonce-{csp}'{scripts}; connect-src 'self'{calls}")
    return "; ".join([*rules, "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"])


def _usable(picture_url: str | None) -> str | None:
    """Return a picture's URL if its place can be named in a policy; a funnel without a picture is better than a broken page."""
    try:
        parts = urlsplit(picture_url or "")
    except ValueError:
        return None
    return picture_url if parts.scheme == "https" and _HOST.fullmatch(parts.netloc) else None


def _origin(picture_url: str) -> str:
    return f"https://{urlsplit(picture_url).netloc}"
