"""Images as arrays: PNG and WebP files, contact sheets, mosaics and images of kernels."""
