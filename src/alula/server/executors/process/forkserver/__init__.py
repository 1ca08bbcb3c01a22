"""The fork server: imports a task's code once, then forks one process per attempt and reaps it.

It runs under the interpreter of the task's environment (any Python from 3.9 on, where Alula need not be installed), so
it uses the standard library only and imports nothing of Alula but its own files, relative to each other. The platform
starts `main.py` as a script.

A page of memory that a fork touches is copied, and that is most of what a fork costs: a call of a function touches
two or three. So what every attempt does is written as one straight line of few calls (`child.py`), what can be done
once is done before the fork, and little is imported.
"""
