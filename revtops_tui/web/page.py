"""The page: a terminal that fills the window. Everything on it comes from this server."""

from __future__ import annotations

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>revtops</title>
<link rel="stylesheet" href="/static/css/xterm.css">
<style>
@font-face {{ font-family: "Roboto Mono"; src: url("/static/fonts/RobotoMono-VariableFont_wght.ttf"); }}
html, body {{ margin: 0; height: 100%; background: #12151c; color: #c8d0e0; font: 16px "Roboto Mono", monospace; }}
p {{ position: absolute; inset: 0; margin: auto; width: max-content; height: max-content; }}
body.-first-byte .starting, .ended {{ display: none; }}
body.-closed .ended {{ display: block; }}
body.-closed .textual-terminal {{ visibility: hidden; }}
a {{ color: #7aa2f7; }}
</style>
<link rel="icon" href="data:,">
<script src="/static/js/textual.js"></script>
<script src="/page.js" defer></script>
</head>
<body>
<p class="starting">revtops is starting…</p>
<p class="ended">revtops has ended. <a href="/">Open it again</a></p>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{websocket}" data-font-size="{size}"></div>
</body>
</html>
"""

SCRIPT = """"use strict";
const focus = () => document.querySelector(".xterm-helper-textarea")?.focus();
new MutationObserver(focus).observe(document.body, {attributes: true, attributeFilter: ["class"]});
window.addEventListener("focus", focus);
"""
"""Keys go to the app from its first frame on, without a click: textual-serve's own script leaves that to the user."""


def page(websocket: str, font_size: int) -> str:
    """The page whose terminal speaks to this websocket."""
    return PAGE.format(websocket=websocket, size=font_size)
