"""What the end-to-end tests stand on: the service as a process, a provider that they control, and a checker of the tables.

Nothing here shares code with the service. Python's standard library only.
"""
