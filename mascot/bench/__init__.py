"""What it costs to be many: the benchmark behind `python -m mascot bench`.

Everything is a ratio inside one run: contenders take turns (A, B, A, B, …), so that whatever the machine's
neighbours do falls on all of them. `material` says what is asked, one module per part asks it, `report`
compares the figures with the aims.
"""
