"""The script of the page with the button: small, of our own, and never in the visitor's way.

The button is a plain link that works before and without all of this. What the script adds, in this order:

- the beacon, once, with what the browser knows of ``_fbp`` and ``_fbc``;
- opening Telegram without a press where the platform lets a page do so: the in-app browsers of Facebook and Instagram on
  Android, which hand an ``intent:`` to the system and follow its fallback where Telegram is not installed. Ordinary browsers on
  Android and iOS open an app only by a person's press, and ``tg:`` without an app shows an error on iOS: there the https link is
  best, from which Telegram's own page goes on. A page that was come back to does not open Telegram a second time;
- the code to copy, after a press that brought no ``/start``: asked for first after 8 s, then ever more seldom, for ten minutes at
  the most and only while the page is looked at;
- the Meta Pixel, after the page has loaded, with the event id that the server sends by the Conversions API: Meta drops the second
  of both (https://developers.facebook.com/docs/marketing-api/conversions-api/deduplicate-pixel-and-server-events). Its automatic
  events are off: nothing but this one PageView goes out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from string import Template

from rastro.model import PixelId, TrackingToken


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClick:
    """What the page of a recorded click knows of it."""

    token: TrackingToken
    nonce: str
    """Under which the page reports to ``/seen`` and asks ``/status``."""
    pageview_event_id: str
    pixel_ids: tuple[PixelId, ...] = ()


_SCRIPT = Template(
    """<script nonce="$csp">
(function(d,w){
var page=$page,go=d.getElementById("go"),lost=d.getElementById("lost"),copy=d.getElementById("copy"),
agent=navigator.userAgent,left=24,wait=8000,until=0,timer;
function cookie(name){var found=d.cookie.match("(?:^|; )"+name+"=([^;]*)");return found?found[1]:null}
if(navigator.sendBeacon)navigator.sendBeacon(page.base+"/seen",JSON.stringify({n:page.n,fbp:cookie("_fbp"),fbc:cookie("_fbc")}));
function ask(){
if(d.hidden||left--<1||Date.now()>until)return;
fetch(page.base+"/status?n="+page.n,{cache:"no-store"}).then(function(answer){return answer.ok?answer.json():null})
.then(tell,function(){tell(null)})}
function tell(state){
if(state&&state.started){left=0;lost.hidden=true;return}
lost.hidden=false;wait=Math.min(wait*1.5,60000);later(wait)}
function later(ms){clearTimeout(timer);timer=setTimeout(ask,ms)}
function pressed(){if(!until){until=Date.now()+600000;later(wait)}}
d.addEventListener("visibilitychange",function(){if(until&&!d.hidden)later(2000)});
var intent=/Android/.test(agent)&&/FBA[NV]|FB_IAB|Instagram/.test(agent)
&&"intent://"+page.app+"#Intent;scheme=tg;S.browser_fallback_url="+encodeURIComponent(go.href)+";end";
go.addEventListener("click",function(press){
pressed();
if(!intent)return;
press.preventDefault();
w.location.href=intent;
setTimeout(function(){if(!d.hidden)w.location.href=go.href},1200)});
copy.addEventListener("click",function(){
var code=d.getElementById("code"),range=d.createRange(),chosen=w.getSelection();
function done(){copy.textContent="Copiado"}
function select(){range.selectNodeContents(code);chosen.removeAllRanges();chosen.addRange(range);if(d.execCommand("copy"))done()}
if(navigator.clipboard)navigator.clipboard.writeText(code.textContent).then(done,select);else select()});
function pixel(){
var fbq=w.fbq=function(){fbq.callMethod?fbq.callMethod.apply(fbq,arguments):fbq.queue.push(arguments)},
script=d.createElement("script");
w._fbq=w._fbq||fbq;fbq.push=fbq;fbq.loaded=true;fbq.version="2.0";fbq.queue=[];
page.pixels.forEach(function(id){fbq("set","autoConfig",false,id);fbq("init",id)});
fbq("track","PageView",{},{eventID:page.event});
script.async=true;script.src="https://connect.facebook.net/en_US/fbevents.js";d.head.appendChild(script)}
w.addEventListener("load",function(){
if(page.pixels.length)setTimeout(pixel,0);
if(intent&&!history.state){history.replaceState(1,"");pressed();w.location.href=intent}})
})(document,window);
</script>"""
)


def script(click: PageClick, *, base: str, app_link: str, csp: str) -> str:
    """Return the script element; ``base`` is the path of the redirect, ``app_link`` what stands after ``tg://``."""
    page = {
        "base": base,
        "n": click.nonce,
        "app": app_link,
        "event": click.pageview_event_id,
        "pixels": click.pixel_ids,
    }
    return _SCRIPT.substitute(csp=csp, page=_javascript(page))


def _javascript(value: object) -> str:
    """Return a value as JavaScript that cannot end its script element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
