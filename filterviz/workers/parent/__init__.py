"""The side of the wall that trusts nothing: it starts worker processes, asks them and checks their answers."""
