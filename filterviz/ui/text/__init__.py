"""The sentences of the page, a module for each subject. Names from files go through ``filterviz/spec/names.py``."""
