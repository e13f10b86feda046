"""A plot as SVG: lines over a logarithmic axis, one for each thing measured. Nothing but text is written."""

import html
import math

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def svg(title, across, up, lines):
    """`lines`: {name: [(x, y), ...]} with x > 0; y begins at zero."""
    xs = [x for points in lines.values() for x, _ in points]
    top = nice(max(y for points in lines.values() for _, y in points))
    low, high = math.log10(min(xs)), math.log10(max(xs))

    def place(x, y):
        share = (math.log10(x) - low) / ((high - low) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(LEFT, 22, title, "start", 15),
           text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, across), text(LEFT, TOP - 4, up, "start")]
    for step in range(5):
        y = top * step / 4
        (x1, at), (x2, _) = place(min(xs), y), place(max(xs), y)
        out += [f'<line x1="{x1:.0f}" y1="{at:.0f}" x2="{x2:.0f}" y2="{at:.0f}" stroke="#ddd"/>', text(LEFT - 6, at + 4, short(y), "end")]
    out += [text(place(x, 0)[0], HEIGHT - BOTTOM + 18, short(x)) for x in sorted(set(xs))]
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        out.append(text(WIDTH - RIGHT + 12, TOP + 14 + 18 * number, name, "start", colour=colour))
    return "\n".join([*out, "</svg>"]) + "\n"


def nice(value):
    """The next 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def text(x, y, content, anchor="middle", size=12, colour="#222"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{html.escape(content)}</text>'
