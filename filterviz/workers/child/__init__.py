"""The side of the wall that reads files and computes: the program of a worker process, and its limits."""
