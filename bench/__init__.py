"""Figures: what the hub's work costs, beside the bare parts that do the least of it, in one run. `python -m bench`.

A shared machine makes clock times a matter of luck, so the figure to compare is CPU (user and system) of the process
that does the work. Nothing here is a test: what must hold is tested, what is measured is written down.
"""
