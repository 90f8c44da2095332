"""Worker processes under limits: they read files, rebuild networks and compute, and answer in JSON and raw bytes."""
