"""Finished pictures: kept, laid out, exported."""
