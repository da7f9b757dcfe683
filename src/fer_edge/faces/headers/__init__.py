"""Headers of picture files, read before any decoder sees a byte of them."""
