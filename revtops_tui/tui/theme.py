"""The colours: calm, with one accent for what is focused and one per meaning (good, waiting, wrong).

A theme's `variables` also say how muted a muted text is: where there is little or no colour, it has to stay readable.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="revtops",
    dark=True,
    primary="#7aa2f7",
    secondary="#7dcfb6",
    accent="#e0af68",
    foreground="#c8d0e0",
    background="#12151c",
    surface="#161a23",
    panel="#1e2430",
    success="#8ec97f",
    warning="#e0af68",
    error="#e8787a",
    variables={
        "border": "#343d4f",
        "border-blurred": "#2b3241",
        "footer-key-foreground": "#7aa2f7",
        "scrollbar": "#343d4f",
        "scrollbar-hover": "#4a556b",
        "scrollbar-background": "#161a23",
        "scrollbar-background-hover": "#161a23",
        "scrollbar-background-active": "#161a23",
        "scrollbar-corner-color": "#161a23",
        "input-selection-background": "#7aa2f7 35%",
    },
)

LIGHT = Theme(
    name="revtops-light",
    dark=False,
    primary="#2f5fd0",
    secondary="#12806a",
    accent="#9a6700",
    foreground="#24292f",
    background="#f6f7f9",
    surface="#fdfdfe",
    panel="#e9ecf1",
    success="#2b7a3d",
    warning="#9a6700",
    error="#c0362c",
    variables={
        "border": "#c3cad6",
        "border-blurred": "#d5dae3",
        "scrollbar": "#c3cad6",
        "scrollbar-background": "#fdfdfe",
        "scrollbar-corner-color": "#fdfdfe",
    },
)

CONTRAST = Theme(
    name="revtops-contrast",
    dark=True,
    primary="#5ee7ff",
    secondary="#7dffb2",
    accent="#ffd75e",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#7dff7d",
    warning="#ffd75e",
    error="#ff8a8a",
    variables={
        "border": "#ffffff",
        "border-blurred": "#a0a0a0",
        "text-muted": "#d8d8d8",
        "text-disabled": "#b8b8b8",
        "footer-key-foreground": "#5ee7ff",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-corner-color": "#1c1c1c",
        "input-selection-background": "#5ee7ff 45%",
    },
)

PLAIN = Theme(
    name="revtops-plain",
    dark=True,
    primary="#ffffff",
    secondary="#d0d0d0",
    accent="#ffffff",
    foreground="#e4e4e4",
    background="#000000",
    surface="#000000",
    panel="#262626",
    success="#e4e4e4",
    warning="#ffffff",
    error="#ffffff",
    variables={
        "border": "#8a8a8a",
        "border-blurred": "#5f5f5f",
        "text-muted": "#b2b2b2",
        "text-disabled": "#8a8a8a",
        "footer-key-foreground": "#ffffff",
        "scrollbar": "#8a8a8a",
        "scrollbar-background": "#262626",
        "scrollbar-corner-color": "#262626",
        "input-selection-background": "#ffffff 35%",
    },
)
"""No colour at all: what a mark, a word or bold type does not say, nothing says. Chosen where NO_COLOR is set."""

THEMES = (DARK, LIGHT, CONTRAST, PLAIN)
