"""From notebooks to one edf.py: what a student wrote is found, taken with what it needs, and put in its place.

The way of the data: notebook.py reads cells; names.py, bindings.py and candidates.py find out what they define;
take.py takes the answers; rewrite.py and assemble.py put them into edf.py; choose.py settles between notebooks and a
filled edf.py. use.py and preview.py are what students see of it. The grader does the same by the same files.
"""
