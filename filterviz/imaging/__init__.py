"""Images as arrays: PNG files, contact sheets, mosaics and images of kernels."""
