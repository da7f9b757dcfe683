"""``fer-predict``: faces and emotions from pictures."""
