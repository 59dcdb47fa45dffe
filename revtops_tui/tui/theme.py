"""The colours: calm, with one accent for what is focused and one per meaning (good, waiting, wrong)."""

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
