"""The nightly page: one HTML file that shows the state of the rotation and works offline.

`page.build_page` makes it; each module beside it makes the figures of one section from the
queries in `queries/`, and a reader sees every figure's query.
"""
