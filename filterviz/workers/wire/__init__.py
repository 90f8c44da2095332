"""The messages that parent and worker process exchange, and their encoding as bytes."""
