"""The worker process's side: it confines itself, reads one file and computes."""
