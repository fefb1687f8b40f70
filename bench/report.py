# Copyright (C) ngx_game authors
#
# Tables and charts of the results.  The charts are SVG, and take the colors of
# text and lines from what the reader prefers, light or dark.

from math import ceil, floor, log10
from statistics import median

COLORS = {
    'floor': '#8b949e', 'ngx_game': '#2f81f7', 'ngx_game-raw': '#79c0ff',
    'gorilla': '#2da44e', 'ws': '#bf8700', 'nginx-lua': '#d6498a',
    'nchan': '#8957e5', 'colyseus': '#e16f24',
}


def color(row):
    return COLORS[row.split(',')[0]]


def summarize(workload, rows):
    """{row: figures}: of each field a list of the rounds' values."""
    floors = {r['round']: r.get('cpu_us_per_message') for r in rows.get('floor', [])}
    summary = {}

    for row, results in rows.items():
        figures = {'errors': sum(r['errors'] for r in results),
                   'failed': next((r['failed'] for r in results if 'failed' in r),
                                  None)}

        def collect(name, value):
            values = [v for v in map(value, results) if v is not None]
            if values:
                figures[name] = values

        collect('rate', lambda r: r.get('messages_per_s'))
        collect('p50', lambda r: r.get('latency_us', {}).get('p50'))
        collect('p99', lambda r: r.get('latency_us', {}).get('p99'))
        collect('jitter', lambda r: r.get('jitter_us', {}).get('p99'))
        collect('hz', lambda r: r.get('hz'))
        collect('bytes', lambda r: r.get('update_bytes'))
        collect('cpu', lambda r: r.get('cpu_us_per_tick',
                                       r.get('cpu_us_per_message')))
        collect('share', lambda r: 100 * r['cpu_share'] if 'cpu_share' in r else None)
        collect('memory', lambda r: r.get('memory_bytes_per_session'))
        collect('joins', lambda r: r.get('joins'))
        collect('load', lambda r: 100 * r['load_cpu_share']
                if 'load_cpu_share' in r else None)
        collect('floor', lambda r: r['cpu_us_per_message'] / floors[r['round']]
                if r.get('cpu_us_per_message') and floors.get(r['round']) else None)
        summary[row] = figures

    return summary


# field, heading, width, places
COLUMNS = [
    ('rate', '{unit}s/s', 12, 0), ('joins', 'joins', 8, 0), ('hz', 'Hz', 8, 2),
    ('p50', 'p50 us', 10, 0), ('p99', 'p99 us', 10, 0),
    ('jitter', 'jitter p99', 12, 0), ('bytes', 'bytes', 8, 0),
    ('memory', 'bytes/player', 14, 0), ('share', 'CPU %', 8, 0),
    ('load', 'load CPU %', 11, 0), ('cpu', 'CPU us/{unit}', 16, 3), ('spread', 'min..max', 18, 3),
    ('floor', 'x floor', 9, 2),
]


def table(workload, summary, note=None):
    spread = {row: figures['cpu'] for row, figures in summary.items()
              if 'cpu' in figures}
    columns = [c for c in COLUMNS
               if any(c[0] in figures for figures in summary.values())
               or (c[0] == 'spread' and spread)]

    lines = [workload.title + (' (here: %s)' % note if note else '')]
    lines.append('  %-20s' % '' + ''.join(
        heading.format(unit=workload.unit).rjust(width)
        for _, heading, width, _ in columns))

    for row, figures in summary.items():
        line = '  %-20s' % row
        for name, _, width, places in columns:
            line += cell(figures, name, places).rjust(width)
        if figures['failed']:
            line += '   failed: ' + figures['failed']
        elif figures['errors']:
            line += '   %d errors' % figures['errors']
        lines.append(line.rstrip())

    return '\n'.join(lines)


def cell(figures, name, places):
    if name == 'spread':
        values = figures.get('cpu')
        return '%.*f..%.*f' % (places, min(values), places, max(values)) \
            if values else '-'
    values = figures.get(name)
    return '{:,.{}f}'.format(median(values), places) if values else '-'


def plot_table(plot, series):
    values = sorted({value for points in series.values() for value in points})
    lines = [plot.title + ', CPU us',
             '  %-12s' % plot.axis + ''.join('%10d' % v for v in values)]
    for name, points in series.items():
        lines.append('  %-12s' % name + ''.join(
            ('%.3f' % median(points[v]) if v in points else '-').rjust(10)
            for v in values))
    return '\n'.join(lines)


# Charts ---------------------------------------------------------------------

STYLE = '''<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.faint { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.spread { stroke: #1f2328; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.faint { fill: #9198a1 }
.grid { stroke: #3d444d }
.spread { stroke: #f0f6fc }
}
</style>'''


def escape(text):
    return str(text).replace('&', '&amp;').replace('<', '&lt;')


def text(x, y, what, css='', anchor='start'):
    return ('<text x="%.1f" y="%.1f"%s text-anchor="%s">%s</text>'
            % (x, y, ' class="%s"' % css if css else '', anchor, escape(what)))


def svg(width, height, parts):
    return '\n'.join(
        ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
         'width="%d" height="%d">' % (width, height, width, height), STYLE]
        + parts + ['</svg>', ''])


def write(path, content):
    with open(path, 'w') as file:
        file.write(content)


CHARTED = ('echo', 'echo-16', 'fanout', 'game', 'churn', 'idle')


def bar_chart(workloads, summary):
    """A panel for each workload: what a message costs each server."""
    panels = [w for w in workloads if w.name in CHARTED and w.name in summary]
    width, left, bar, right = 720, 140, 18, 80
    parts, y = [], 8

    for workload in panels:
        field = 'memory' if workload.load == 'idle' else 'cpu'
        rows = [(name, figures[field]) for name, figures in summary[workload.name].items()
                if field in figures]
        if not rows:
            continue

        unit = 'bytes of memory for each' if field == 'memory' \
            else 'CPU time of one %s, µs' % workload.unit
        parts.append(text(8, y + 14, workload.title, 'title'))
        parts.append(text(8, y + 30, unit + '; less is better', 'faint'))
        y += 40

        scale = (width - left - right) / max(max(values) for _, values in rows)
        for name, values in rows:
            x, middle = left + median(values) * scale, y + bar / 2
            parts.append(text(left - 6, middle + 4, name, anchor='end'))
            parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>'
                         % (left, y, max(1, x - left), bar - 4, color(name)))
            if len(values) > 1:
                parts.append('<path class="spread" d="M%.1f %.1fH%.1f"/>' % (
                    left + min(values) * scale, y + bar / 2 - 2,
                    left + max(values) * scale))
            parts.append(text(left + max(values) * scale + 6, middle + 3,
                              number(median(values))))
            y += bar
        y += 16

    return svg(width, y, parts)


def number(value):
    if value >= 100:
        return '{:,.0f}'.format(value)
    return '%.*f' % (1 if value >= 10 else 2, value)


def line_chart(plot, series):
    """The cost over the values of an option, which is on a logarithmic axis."""
    width, height, left, top, right, bottom = 720, 340, 56, 52, 96, 44
    xs = sorted({x for points in series.values() for x in points})
    ys = [median(v) for points in series.values() for v in points.values()]
    if not ys:
        return svg(width, height, [text(8, 20, plot.title, 'title')])

    low, high, ticks = axis(min(ys), max(ys), plot.log)

    def px(x):
        span = log10(xs[-1] / xs[0]) or 1
        return left + (width - left - right) * log10(x / xs[0]) / span

    def py(y):
        share = log10(y / low) / log10(high / low) if plot.log else y / high
        return height - bottom - (height - top - bottom) * share

    parts = [text(8, 20, plot.title, 'title'),
             text(8, 37, 'CPU time, µs; less is better', 'faint'),
             text(width - right, height - 8, plot.axis, 'faint', 'end')]

    for y in ticks:
        parts.append('<path class="grid" d="M%d %.1fH%d"/>' % (left, py(y), width - right))
        parts.append(text(left - 6, py(y) + 4, '%g' % y, 'faint', 'end'))
    for x in xs:
        parts.append(text(px(x), height - bottom + 18, '{:,}'.format(x), 'faint', 'middle'))

    names = []
    for name, points in series.items():
        stroke = color(name)
        line = [(px(x), py(median(points[x]))) for x in sorted(points)]
        parts.append('<path fill="none" stroke="%s" stroke-width="2" d="M%s"/>' % (
            stroke, 'L'.join('%.1f %.1f' % point for point in line)))
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*point, stroke)
                  for point in line]
        names.append([line[-1][1], line[-1][0], name, stroke])

    # the names at the ends of the lines, none over another
    last = -100
    for y, x, name, stroke in sorted(names):
        y = max(y, last + 14)
        last = y
        parts.append('<text x="%.1f" y="%.1f" style="fill:%s">%s</text>'
                     % (x + 8, y + 4, stroke, name))

    return svg(width, height, parts)


def axis(least, most, is_log):
    """Lowest and highest value of an axis, and those that are written at it."""
    if is_log:
        low, high = floor(log10(least)), ceil(log10(most))
        high = max(high, low + 1)
        return 10 ** low, 10 ** high, [10 ** n for n in range(low, high + 1)]

    step = 10 ** floor(log10(most / 2))
    while most / step > 6:
        step *= 2 if most / step <= 12 else 5
    count = ceil(most / step)
    return 0, count * step, [n * step for n in range(count + 1)]
