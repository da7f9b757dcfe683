"""What a picture file says about itself, read before any decoder sees a byte of it."""
