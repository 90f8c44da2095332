"""Scripts that train the networks which come with filterviz; see README.md in this folder."""
