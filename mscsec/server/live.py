"""The script by which an open page follows the records: it waits for a word from the server, and reloads in its place."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape, unescape

from mscsec.server.board import Sheet, sheet

# The text is always the same, so that the page's policy can allow exactly it; the page's tag stands in an element beside it.
SCRIPT = """
(() => {
  const tag = document.querySelector('meta[name="mscsec-page"]').content;
  const key = 'mscsec-place:' + location.pathname;
  const kept = sessionStorage.getItem(key);
  if (kept) {
    sessionStorage.removeItem(key);
    const {id, offset, y} = JSON.parse(kept);
    const back = () => {
      const found = id && document.getElementById(id);
      scrollTo({top: found ? found.getBoundingClientRect().top + scrollY - offset : y, behavior: 'instant'});
    };
    const sizes = new ResizeObserver(back);
    const rest = () => {
      sizes.disconnect();
      history.scrollRestoration = 'auto';
    };
    addEventListener('load', () => {
      sizes.observe(document.body);
      setTimeout(rest, 2000);
      for (const kind of ['wheel', 'touchstart', 'pointerdown', 'keydown']) addEventListener(kind, rest, {once: true});
    });
  }
  const keep = () => {
    const above = [...document.querySelectorAll('[id]')].filter((one) => one.offsetParent && one.getBoundingClientRect().top <= 1);
    const last = above[above.length - 1];
    const place = {id: last ? last.id : '', offset: last ? last.getBoundingClientRect().top : 0, y: scrollY};
    sessionStorage.setItem(key, JSON.stringify(place));
  };
  const events = new EventSource('/events?seen=' + tag + (location.pathname === '/last' ? '&of=last' : ''));
  events.addEventListener('page', () => {
    events.close();
    keep();
    history.scrollRestoration = 'manual';
    location.reload();
  });
})();
"""
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(")')


def script_hash() -> str:
    """The source expression that allows the script (CSP 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"


def live(html: str) -> Sheet:
    """The page with the script in it; its policy allows that script and requests to its own server, and nothing else more.

    Raises ValueError where the page has no policy, no head or no body, which is a defect of whoever made it.
    """
    if not _POLICY.search(html) or "</head>" not in html or "</body>" not in html:
        raise ValueError("the page has no Content-Security-Policy, no head or no body")
    made = sheet(html)
    text = _POLICY.sub(lambda found: f"{found[1]}{escape(_opened(unescape(found[2])))}{found[3]}", html, count=1)
    text = text.replace("</head>", f'<meta name="mscsec-page" content="{made.tag}">\n</head>', 1)
    before, _, after = text.rpartition("</body>")
    return Sheet(f"{before}<script>{SCRIPT}</script>\n</body>{after}".encode(), made.tag)


def _opened(policy: str) -> str:
    """The policy with the script and its connection allowed."""
    split = [directive.split() for directive in policy.split(";") if directive.strip()]
    rules = {name: sources for name, *sources in split}
    for name, source in (("script-src", script_hash()), ("connect-src", "'self'")):
        rules[name] = [one for one in rules.get(name, []) if one != "'none'"] + [source]
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())
