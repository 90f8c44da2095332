"""What the page, the command line and the Python API call: models, jobs, comparisons and the state of a server."""
