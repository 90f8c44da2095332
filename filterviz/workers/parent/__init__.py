"""The parent's side: it starts worker processes, asks them questions and checks their answers, and trusts nothing."""
