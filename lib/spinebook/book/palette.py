"""The colours of every figure, with the partner each one has in dark mode.

The hues follow Okabe and Ito's palette, which readers with any of the common colour-vision
deficiencies can tell apart; orange, sky and purple are darkened so that each line reaches a
contrast of 3:1 on white. Figures use exactly these values, because the dark variant of an SVG is
made by exchanging them.
"""

COLORS: dict[str, str] = {
    "blue": "#0063a8",
    "orange": "#c47a00",
    "green": "#008a64",
    "purple": "#b0508c",
    "vermillion": "#c94c08",
    "sky": "#2f93cc",
    "ink": "#222222",
    "grey": "#767676",
    "light": "#d9d9d9",
    "paper": "#fefefe",
}
"""Name to hexadecimal colour, as drawn in light mode."""

DARK_PARTNERS: dict[str, str] = {
    "blue": "#5aaef0",
    "orange": "#f2b441",
    "green": "#36c99c",
    "purple": "#e7a2cd",
    "vermillion": "#ff8c52",
    "sky": "#93d4f7",
    "ink": "#e8e6e3",
    "grey": "#a0a0a0",
    "light": "#444444",
    "paper": "#121212",
}
"""Name to hexadecimal colour, as drawn in dark mode."""

CYCLE: tuple[str, ...] = tuple(
    COLORS[name] for name in ("blue", "orange", "green", "purple", "vermillion", "sky")
)
"""The order in which lines take their colours."""


def darken(svg: str) -> str:
    """Return an SVG drawn in the light colours with each exchanged for its dark partner."""
    for name, light in COLORS.items():
        svg = svg.replace(light, DARK_PARTNERS[name])
    return svg
