"""Child processes under limits: they read, build and compute, and answer in JSON and raw bytes."""
