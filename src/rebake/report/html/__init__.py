"""The report as one HTML file that needs nothing else: no other file, and no address on the web.

Charts are SVG that Vega-Lite draws here (`vl-convert`), so the page contains no plotting library. Jinja fills the
template and escapes everything; no value gets into the script or the styles.
"""
